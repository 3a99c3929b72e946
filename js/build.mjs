// Builds the views into ../gan_widgets/static, or the static host into dist/. Each script and style sheet has a budget.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const BUDGET = 30_000;
const here = dirname(fileURLToPath(import.meta.url));
const views = (await readdir(join(here, "src/views"))).filter((name) => name.endsWith(".ts")).map((name) => name.slice(0, -3));

async function bundle() {
  const result = await build({
    absWorkingDir: here,
    entryPoints: views.map((name) => `src/views/${name}.ts`),
    outdir: "out",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    supported: { nesting: false }, // a browser that does not know it would lose the whole sheet
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
  });
  return result.outputFiles.map((file) => ({ name: file.path.split(/[\\/]/).at(-1), bytes: file.contents, text: file.text }));
}

async function buildViews() {
  const folder = join(here, "../gan_widgets/static");
  await mkdir(folder, { recursive: true });
  let over = false;
  for (const { name, bytes } of await bundle()) {
    await writeFile(join(folder, name), bytes);
    const share = Math.round((100 * bytes.length) / BUDGET);
    console.log(`${name.padEnd(24)} ${String(bytes.length).padStart(6)} bytes  ${String(share).padStart(3)} % of the budget`);
    over ||= bytes.length > BUDGET;
  }
  if (over) {
    console.error(`A bundle is over ${BUDGET} bytes. Every instance of a view carries its own copy: take something out.`);
    process.exitCode = 1;
  }
}

async function buildHost() {
  const sources = Object.fromEntries((await bundle()).map(({ name, text }) => [name, text]));
  await build({
    absWorkingDir: here,
    entryPoints: ["src/host/host.ts"],
    outfile: "dist/host.js",
    bundle: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    define: { BUNDLES: JSON.stringify(sources) },
    logLevel: "warning",
  });
  await writeFile(join(here, "dist/index.html"), await readFile(join(here, "src/host/index.html")));
  console.log("dist/index.html: open it in a browser");
}

await (process.argv[2] === "host" ? buildHost() : buildViews());
