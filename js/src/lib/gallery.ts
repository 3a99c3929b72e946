// Where the cards of a gallery are, and which units to ask the kernel for. Lengths are CSS pixels that are whole device pixels. Pure.
import { type List, list, window as inSight } from "./list";

export interface Gallery extends List {
  /** A card, without the gap to the next. */
  width: number;
  height: number;
  /** Left edge of each column. */
  left: number[];
  /** Images of a unit: how many in a row, how many rows. */
  inRow: number;
  inColumn: number;
  /** One image, in device pixels, and how many of them a pixel of it takes. */
  imageWidth: number;
  imageHeight: number;
  scale: number;
}

export const GAP = 8;
export const SPACE = 3;
export const PADDING = 8;
/** Above the images: two lines of text, the bar, and the space between. */
export const HEAD = 58;
const [SIDE, LARGEST, NARROWEST] = [64, 88, 210];
const LEAST_IN_ROW = 4;

/** Lay out cards of `top` images of `h`×`w` pixels in `room`, `ratio` device pixels a CSS pixel. */
export function lay(units: number, top: number, h: number, w: number, room: number, ratio: number): Gallery {
  // whole device pixels, and whole CSS pixels too where they are the same grid
  const step = Number.isInteger(ratio) ? 1 : 1 / ratio;
  const up = (length: number) => Math.ceil(length / step - 1e-9) * step;
  const down = (length: number) => Math.floor(length / step + 1e-9) * step;
  const few = Math.min(LEAST_IN_ROW, Math.max(1, top));
  const [longest, usual] = [Math.max(1, h, w), (SIDE * ratio) / Math.max(1, h, w)];
  const size = (side: number, scale: number) => Math.max(1, Math.floor(side * scale));
  const pitch = (scale: number) => size(w, scale) / ratio + SPACE;
  const least = whole(usual);
  const { columns } = list(units, room + GAP, 1, Math.max(few * pitch(least) - SPACE + 2 * PADDING + 2, NARROWEST) + GAP);
  const width = down((room + GAP) / columns - GAP);
  const inner = width - 2 * PADDING - 2;
  // as large as fits in, within reason
  const fitting = Math.min(((inner + SPACE) / few - SPACE) * (ratio / Math.max(1, w)), (LARGEST * ratio) / longest);
  const scale = Math.max(least, whole(fitting));
  const inColumn = Math.max(1, Math.ceil(top / Math.max(1, Math.min(Math.max(1, top), Math.floor((inner + SPACE) / pitch(scale))))));
  const height = up(HEAD + inColumn * (size(h, scale) / ratio + SPACE) - SPACE + PADDING);
  return {
    units, columns, width, height, scale, inColumn,
    row: height + GAP,
    total: Math.max(0, Math.ceil(units / columns) * (height + GAP) - GAP),
    left: Array.from({ length: columns }, (_, column) => down((column * (room + GAP)) / columns)),
    inRow: Math.ceil(Math.max(1, top) / inColumn),
    imageWidth: size(w, scale),
    imageHeight: size(h, scale),
  };
}

/** A whole number of device pixels for a pixel, where there is room for one. */
function whole(scale: number): number {
  return scale >= 1 ? Math.floor(scale) : scale;
}

/** Positions to have elements for: those in sight, and a row above and below. */
export function around(laid: Gallery, top: number, height: number): { first: number; last: number } {
  return inSight(laid, top - laid.row, height + 2 * laid.row);
}

/**
 * The next units to ask for: what is in sight and lacks images, or else what is about to be; at most `most`.
 * `order` is what is shown; `has` says which units have images, or never will.
 */
export function lacking(laid: Gallery, order: ArrayLike<number>, top: number, height: number, most: number, has: (unit: number) => boolean): number[] {
  const missing = ({ first, last }: { first: number; last: number }) => {
    const units: number[] = [];
    for (let position = first; position < last && units.length < most; position++) if (!has(order[position])) units.push(order[position]);
    return units;
  };
  const now = missing(inSight(laid, top, height));
  return now.length ? now : missing(around(laid, top, height));
}

const PROMPT = 250;
const MOST = 24;

/** How many units to ask for next, when `units` took `ms`: so many that the kernel is free again after a quarter of a second. */
export function appetite(units: number, ms: number): number {
  return Math.max(1, Math.min(MOST, Math.floor((units * PROMPT) / Math.max(1, ms))));
}
