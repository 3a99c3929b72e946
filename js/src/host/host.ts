// Mounts a shipped bundle on a page with no kernel: for tests, benchmarks, and looking at a view.
// In a page: await host.mount("activation_grid", state); host.set("sort", "mean"); host.written; host.sent.
import { demo } from "./demo";
import { galleryKernel } from "./demo_gallery";
import { FakeModel } from "./model";

declare const BUNDLES: Record<string, string>;
type State = Record<string, unknown>;
interface Mounted {
  model: FakeModel;
  stop: AbortController;
  el: HTMLElement;
}
/** Buffers as a page can write them down. */
type Buffer = { float32: number[]; offset?: number } | { uint8: number[]; offset?: number; pad?: number };

/** Stands in for the kernel of a model. */
type Kernel = (model: FakeModel) => (message: State) => void;
const KERNELS: Record<string, Kernel> = { unit_gallery: galleryKernel };

const modules = new Map<string, Promise<any>>();
const mounted: Mounted[] = [];

/** A view's module, from its source, as anywidget loads it; its style sheet goes into the page once. */
function load(name: string): Promise<any> {
  if (!modules.has(name)) {
    const style = document.createElement("style");
    style.textContent = BUNDLES[`${name}.css`];
    document.head.append(style);
    const address = URL.createObjectURL(new Blob([BUNDLES[`${name}.js`]], { type: "text/javascript" }));
    modules.set(name, import(address));
  }
  return modules.get(name)!;
}

/** `{float32: […]}` and `{uint8: […]}` become buffers, at `offset` bytes into a larger one and with `pad` bytes after. */
function decode(value: unknown): unknown {
  if (value === null || typeof value !== "object" || !("float32" in value || "uint8" in value)) return value;
  const given = value as Buffer;
  const data = "float32" in given ? new Uint8Array(Float32Array.from(given.float32.map(Number)).buffer) : Uint8Array.from(given.uint8);
  const [offset, pad] = [given.offset ?? 0, "uint8" in given ? (given.pad ?? 0) : 0];
  const whole = new Uint8Array(offset + data.length + pad);
  whole.set(data, offset);
  return new DataView(whole.buffer, offset, data.length + pad);
}

function decodeAll(state: State): State {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, decode(value)]));
}

async function attach(name: string, model: FakeModel): Promise<number> {
  const el = document.createElement("div");
  document.getElementById("views")!.append(el);
  model.answer ??= (host.kernel ?? KERNELS[name])?.(model) ?? null;
  const entry = { model, stop: new AbortController(), el };
  const module = await load(name);
  await module.default.render({ model, el, signal: entry.stop.signal });
  return mounted.push(entry) - 1;
}

const last = () => mounted[mounted.length - 1];

const host = {
  demo,
  mounted,
  /** Takes the place of the made-up kernels for views mounted from now on. */
  kernel: null as Kernel | null,
  /** The script of a view, as it is shipped. */
  source: (name: string) => BUNDLES[`${name}.js`],
  /** Show a view with this state; gives its number. */
  mount: (name: string, state: State) => attach(name, new FakeModel(decodeAll(state))),
  /** Show a second view of the model of view `of`. */
  again: (name: string, of = mounted.length - 1) => attach(name, mounted[of].model),
  /** Call render once more on the same element. */
  async render(name: string, of = mounted.length - 1) {
    const { model, el, stop } = mounted[of];
    await (await load(name)).default.render({ model, el, signal: stop.signal });
  },
  /** As from the kernel; `set` one trait, `receive` many as one message. */
  set: (name: string, value: unknown) => last().model.receive({ [name]: decode(value) }),
  receive: (state: State) => last().model.receive(decodeAll(state)),
  get: (name: string) => last().model.read(name),
  get written() {
    return last().model.written;
  },
  get sent() {
    return last().model.sent;
  },
  get listening() {
    return last().model.listening;
  },
  /** Take view `of` off the page. */
  unmount(of = mounted.length - 1) {
    mounted[of].stop.abort();
    mounted[of].el.remove();
  },
  /** Wear JupyterLab's colours, as far as views use them; "" for none. */
  theme(kind: "light" | "dark" | "") {
    const { body } = document;
    if (kind) body.dataset.jpThemeLight = String(kind === "light");
    else delete body.dataset.jpThemeLight;
  },
};

export type Host = typeof host;
Object.assign(globalThis, { host });

const asked = new URLSearchParams(location.search);
if (asked.has("theme")) host.theme(asked.get("theme") as "light" | "dark");
for (const name of asked.getAll("view")) void attach(name, new FakeModel(demo(name)));
