import { build } from "esbuild";
import { expect, test } from "vitest";

// every sheet is on every page, so a rule without its view would reach into the others; base.css is the same in all
const { outputFiles } = await build({
  entryPoints: ["src/views/*.css"],
  outdir: "out",
  bundle: true,
  external: ["../lib/base.css"],
  minify: true,
  write: false,
  supported: { nesting: false },
});
const sheets = outputFiles.map(({ path, text }) => ({ name: path.split(/[\\/]/).at(-1)!.replace(".css", ""), text }));
const rules = (text: string) => text.replace(/@[a-z]+[^{;]*[{;]/g, "");
const selectors = (text: string) => [...rules(text).matchAll(/([^{}]+)\{/g)].flatMap(([, list]) => list.split(/,(?![^(]*\))/));

test("there is a sheet for each view", () => expect(sheets.length).toBe(6));

test.each(sheets)("each rule of $name names its view", ({ name, text }) => {
  const own = `.gw-view[data-view=${name.replaceAll("_", "-")}]`;
  // what the monitor puts around its sheet is no view
  const around = /^(body\S+ )?\.gw-training /;
  const found = selectors(text);
  expect(found.length).toBeGreaterThan(2);
  expect(found.filter((selector) => !selector.startsWith(own) && !(name === "training_sheet" && around.test(selector)))).toEqual([]);
});
