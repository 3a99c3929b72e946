// Where the cards of a gallery are, and which units to ask the kernel for. Lengths are CSS pixels that are whole device pixels. Pure.
import { type List, list, window as inSight } from "./list";

export interface Gallery extends List {
  /** A card, without the gap to the next. */
  width: number;
  height: number;
  gap: number;
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
export const SPACE = 4;
export const PADDING = 10;
/** Above the images: two lines of text, the bar, and the space between. */
export const HEAD = 60;
const SIDE = 64;
const LEAST_IN_ROW = 4;

/** Lay out cards of `top` images of `h`×`w` pixels in `room`, `ratio` device pixels a CSS pixel. */
export function lay(units: number, top: number, h: number, w: number, room: number, ratio: number): Gallery {
  // whole device pixels, and whole CSS pixels too where they are the same grid
  const step = Number.isInteger(ratio) ? 1 : 1 / ratio;
  const snap = (length: number) => Math.ceil(length / step) * step;
  const floor = (length: number) => Math.floor(length / step + 1e-9) * step;
  const fits = (SIDE * ratio) / Math.max(1, h, w);
  const scale = fits >= 1 ? Math.floor(fits) : fits;
  const [imageWidth, imageHeight] = [Math.max(1, Math.round(w * scale)), Math.max(1, Math.round(h * scale))];
  const pitch = imageWidth / ratio + SPACE;
  const inner = (width: number) => width - 2 * PADDING - 2;
  const least = Math.min(LEAST_IN_ROW, Math.max(1, top)) * pitch - SPACE + 2 * PADDING + 2;
  const cards = list(units, room + GAP, 1, Math.max(least, 210) + GAP);
  const width = floor((room + GAP) / cards.columns - GAP);
  const widest = Math.max(1, Math.min(Math.max(1, top), Math.floor((inner(width) + SPACE) / pitch)));
  const inColumn = Math.max(1, Math.ceil(top / widest));
  const height = snap(HEAD + inColumn * (imageHeight / ratio + SPACE) - SPACE + PADDING);
  const row = snap(height + GAP);
  const left = Array.from({ length: cards.columns }, (_, column) => floor((column * (room + GAP)) / cards.columns));
  return {
    units, columns: cards.columns, row, total: Math.max(0, Math.ceil(units / cards.columns) * row - GAP),
    width, height, gap: GAP, left, inRow: Math.ceil(Math.max(1, top) / inColumn), inColumn, imageWidth, imageHeight, scale,
  };
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

/** How many units to ask for next, when `asked` took `elapsed` milliseconds: so many that an answer takes a quarter of a second. */
export function appetite(asked: number, elapsed: number): number {
  return Math.max(1, Math.min(MOST, Math.floor((asked * PROMPT) / Math.max(1, elapsed))));
}
