// The card beside a hovered or focused cell: the map enlarged, and its numbers.
import { attribute, h, say } from "../lib/dom";
import { colourise, type Scale } from "../lib/range";
import { shrink } from "../lib/shrink";
import type { Stats } from "../lib/stats";
import { short } from "../lib/text";
import { marks } from "./cells";

export interface Subject {
  unit: number;
  units: number;
  maps: Float32Array;
  h: number;
  w: number;
  stats: Stats;
  scale: Scale;
  /** The value under the pointer, if there is one. */
  row: number | null;
  column: number | null;
}

export interface Card {
  element: HTMLElement;
  /** Show the card next to a box given in CSS pixels of the view, inside a view of `room`. */
  show(subject: Subject, box: { x: number; y: number; width: number }, room: { width: number; height: number }): void;
  hide(): void;
}

const SIDE = 154;
const WIDTH = SIDE + 18;

export function card(): Card {
  const canvas = h("canvas.gw-enlarged", { "aria-hidden": "true" });
  const [title, value, where, numbers, note] = [h("strong"), h("span.gw-value"), h("span.gw-about"), h("div.gw-numbers"), h("span.gw-mark")];
  const [min, mean, max] = ["min", "mean", "max"].map((word) => {
    const number = h("b");
    numbers.append(h("span", {}, word, number));
    return number;
  });
  const element = h("div.gw-card", { hidden: true, "aria-hidden": "true" }, canvas, title, h("span", {}, value, where), numbers, note);
  let enlarged: unknown[] = [];
  return {
    element,
    show(subject, box, { width, height }) {
      const { unit, units, maps, h: rows, w: columns, stats, scale, row, column } = subject;
      const now = [unit, maps, scale.low, scale.high, scale.map, devicePixelRatio];
      if (now.some((part, index) => part !== enlarged[index])) enlarge(canvas, subject);
      enlarged = now;
      const under = row === null || column === null ? null : maps[(unit * rows + row) * columns + column];
      say(title, `unit ${unit} of ${units}`);
      say(value, under === null ? "" : short(under));
      say(where, under === null ? "" : rows * columns > 1 ? ` at row ${row}, column ${column}` : " is its value");
      attribute(numbers, { hidden: rows * columns <= 1 });
      for (const [element, values] of [[min, stats.min], [mean, stats.mean], [max, stats.max]] as const) say(element, short(values[unit]));
      say(note, marks(stats, unit).length ? remarks(stats, unit).join(", ") : "");
      attribute(element, { hidden: false, "data-unit": unit, "data-value": under === null ? "" : String(under) });
      const left = box.x + box.width + 8 + WIDTH <= width ? box.x + box.width + 8 : Math.max(4, box.x - WIDTH - 8);
      const top = Math.max(4, Math.min(box.y, height - element.offsetHeight - 4));
      element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    },
    hide() {
      attribute(element, { hidden: true, "data-unit": null, "data-value": null });
    },
  };
}

/** In whole words what is unusual about a unit. */
export function remarks(stats: Stats, unit: number): string[] {
  return [
    stats.nan[unit] ? `${stats.nan[unit]} NaN` : "",
    stats.inf[unit] ? `${stats.inf[unit]} infinite` : "",
    stats.dead[unit] ? "dead: one value everywhere" : "",
  ].filter(Boolean);
}

function enlarge(canvas: HTMLCanvasElement, { unit, maps, h: rows, w: columns, scale }: Subject): void {
  // whole device pixels for each value, where they fit; where they do not, a pixel for each mean of several
  const side = Math.floor(SIDE * devicePixelRatio);
  const fits = side / Math.max(rows, columns);
  const [high, wide] = [rows, columns].map((values) => (fits >= 1 ? values : Math.ceil(values * fits)));
  const each = Math.max(1, Math.floor(fits)) / devicePixelRatio;
  Object.assign(canvas, { width: wide, height: high });
  const pixels = new ImageData(wide, high);
  const values = shrink(maps, unit * rows * columns, rows, columns, high, wide);
  colourise(values, 0, wide, high, scale, new Uint32Array(pixels.data.buffer), 0, wide);
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  const [width, height] = [wide, high].map((values) => `${Math.max(6, values * each)}px`);
  Object.assign(canvas.style, { width, height });
  attribute(canvas, { hidden: rows * columns <= 1 });
}
