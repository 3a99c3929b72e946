// before | after | difference, each a sheet of all samples.
import { arrangement } from "../lib/arrangement";
import { attribute, h, say } from "../lib/dom";
import { colourBar } from "../lib/legend";
import { compare, magnify, paint, paintDifference, rangeFor, sheet } from "../lib/mosaic";
import type { Stage } from "../lib/view";
import { bytes, sizes } from "../lib/wire";

const GAP = 16; // as in the style sheet, between the sheets and beside them

export function images({ model, root, draw }: Stage): { element: HTMLElement; resize(width: number): { side: boolean; taken: number } } {
  const names = ["before", "after", "difference"] as const;
  const figures = Object.fromEntries(names.map((name) => {
    const canvas = h("canvas", { "data-image": name, role: "img" });
    const caption = h("figcaption", {}, name);
    return [name, { canvas, caption, element: h("figure.gw-figure", {}, caption, canvas) }];
  })) as Record<(typeof names)[number], { canvas: HTMLCanvasElement; caption: HTMLElement; element: HTMLElement }>;
  const bar = colourBar();
  const largest = h("span");
  const legend = h("div.gw-legend.gw-change", {}, bar.element, largest);
  figures.difference.element.append(legend);
  const empty = h("div.gw-empty", {}, "No images yet.");
  const element = h("div.gw-images", {}, ...names.map((name) => figures[name].element), empty);
  const drawn: Record<string, unknown> = {};
  let laid = sheet([0, 0, 0, 0]);
  let frames = 0;
  let pixels = new ImageData(1, 1);

  const put = (name: (typeof names)[number], fill: (words: Uint32Array) => void) => {
    const { canvas } = figures[name];
    if (canvas.width !== laid.across || canvas.height !== laid.down) Object.assign(canvas, { width: laid.across, height: laid.down });
    if (pixels.width !== laid.across || pixels.height !== laid.down) pixels = new ImageData(laid.across, laid.down);
    const words = new Uint32Array(pixels.data.buffer);
    words.fill(0);
    fill(words);
    canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  };

  const layOut = () => {
    const next = sheet(sizes(model.get("shape"), 4));
    if (JSON.stringify(next) !== JSON.stringify(laid)) laid = next;
    const many = `${laid.n} ${laid.n === 1 ? "sample" : "samples"}`;
    for (const name of names) attribute(figures[name].canvas, { "aria-label": `${name}: ${many}` });
  };
  draw(["shape"], layOut);

  draw(["before", "after", "shape"], () => {
    const [before, after] = [bytes(model.get("before")), bytes(model.get("after"))];
    const complete = laid.size > 0 && before.length >= laid.size && after.length >= laid.size;
    attribute(empty, { hidden: complete });
    for (const name of names) attribute(figures[name].element, { hidden: !complete });
    if (!complete) return;
    if (drawn.before !== model.get("before") || drawn.laid !== laid) put("before", (words) => paint(before, laid, words));
    [drawn.before, drawn.laid] = [model.get("before"), laid];
    put("after", (words) => paint(after, laid, words));
    const change = compare(before, after, laid);
    const range = rangeFor(change.largest);
    put("difference", (words) => paintDifference(before, after, laid, range, words));
    bar.show("diverging", `−${range}`, `+${range}`, "");
    const levels = Math.round(change.largest);
    say(largest, change.changed ? `grey levels, largest ${change.largest < 1 ? "<1" : levels}` : "grey levels: no difference");
    attribute(root, { "data-range": range, "data-largest": change.largest });
    if (drawn.after !== model.get("after")) attribute(root, { "data-frame": ++frames });
    drawn.after = model.get("after");
  });

  return {
    element,
    resize(width) {
      const { side, room } = arrangement(laid, width, devicePixelRatio);
      const size = magnify(laid, room, devicePixelRatio);
      for (const name of names) {
        Object.assign(figures[name].canvas.style, { width: `${size.width}px`, height: `${size.height}px`, imageRendering: size.scale < 1 ? "auto" : "pixelated" });
        figures[name].element.style.width = `${size.width}px`;
      }
      return { side, taken: names.length * (size.width + GAP) };
    },
  };
}
