// Where each cell of a table is, seen through a window whose headings stay. CSS pixels; cells are whole device pixels.

export interface Sheet {
  rows: number;
  columns: number;
  /** A cell. */
  wide: number;
  high: number;
  /** Width of the headings of rows, height of those of columns, and how much of it is the line of categories. */
  left: number;
  top: number;
  band: number;
  /** The names of columns stand upright. */
  upright: boolean;
  /** Of everything, headings included. */
  width: number;
  height: number;
  /** What is scrolled away, and the size of the window. */
  x: number;
  y: number;
  across: number;
  down: number;
}

/** A cell; row −1 is a column's heading, column −1 a row's. */
export interface Spot {
  row: number;
  column: number;
}

export interface Wish {
  rows: number;
  columns: number;
  /** The widest text among the headings of rows, and of columns. */
  rowText: number;
  columnText: number;
  /** There are categories to name. */
  bands: boolean;
  /** The room there is. */
  width: number;
  height: number;
  /** Device pixels in a CSS pixel. */
  ratio: number;
}

const LEAST = { wide: 8, high: 7 };
const MOST = { wide: 64, high: 24 };
const LINE = 14;
const TALLEST = 110;
const MARGIN = 2;

/** Lay out a table: cells as large as the room allows and as small as an eye does; the rest is for scrolling. */
export function sheet({ rows, columns, rowText, columnText, bands, width, height, ratio }: Wish): Sheet {
  const fit = (room: number, count: number, least: number, most: number) => Math.floor(ratio * Math.max(least, Math.min(most, room / Math.max(1, count)))) / ratio;
  const left = Math.ceil(rowText) + 12;
  const wide = fit(width - left - MARGIN, columns, LEAST.wide, MOST.wide);
  const upright = columnText + 8 > wide;
  const band = bands ? 20 : 0;
  const top = band + (upright ? Math.min(Math.ceil(columnText), TALLEST) + 10 : 20);
  const high = fit(height - top - MARGIN, rows, LEAST.high, MOST.high);
  return { rows, columns, wide, high, left, top, band, upright, width: left + columns * wide + MARGIN, height: top + rows * high + MARGIN, x: 0, y: 0, across: width, down: height };
}

/** Where a column and a row begin in the window; headings are at its edges. */
export function xOf({ left, wide, x }: Sheet, column: number): number {
  return column < 0 ? 0 : left + column * wide - x;
}

export function yOf({ top, high, y }: Sheet, row: number): number {
  return row < 0 ? 0 : top + row * high - y;
}

/** Columns `[first, last)` that show, in whole or in part. */
export function columnsSeen({ columns, wide, left, x, across }: Sheet): [number, number] {
  return [Math.min(columns, Math.floor(x / wide)), Math.min(columns, Math.ceil((x + across - left) / wide))];
}

export function rowsSeen({ rows, high, top, y, down }: Sheet): [number, number] {
  return [Math.min(rows, Math.floor(y / high)), Math.min(rows, Math.ceil((y + down - top) / high))];
}

/** What is at a point of the window; null in the corner and past the ends. */
export function spotAt({ rows, columns, wide, high, left, top, x, y }: Sheet, atX: number, atY: number): Spot | null {
  const column = atX < left ? -1 : Math.floor((atX - left + x) / wide);
  const row = atY < top ? -1 : Math.floor((atY - top + y) / high);
  return atX < 0 || atY < 0 || row >= rows || column >= columns || (row < 0 && column < 0) ? null : { row, column };
}

/** Where `key` leads, headings included; null for keys that do not move. */
export function step(laid: Sheet, { row, column }: Spot, key: string, control: boolean): Spot | null {
  const page = Math.max(1, Math.floor((laid.down - laid.top) / laid.high));
  const targets: Record<string, [number, number]> = {
    ArrowLeft: [row, row < 0 ? Math.max(0, column - 1) : column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [column < 0 ? Math.max(0, row - 1) : row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [control ? 0 : row, 0],
    End: [control ? laid.rows - 1 : row, laid.columns - 1],
    PageUp: [Math.max(Math.min(0, row), row - page), column],
    PageDown: [row + page, column],
  };
  return Object.hasOwn(targets, key) && laid.rows > 0 ? inside(laid, ...targets[key]) : null;
}

/** The nearest spot that there is. */
export function inside({ rows, columns }: Sheet, row: number, column: number): Spot {
  const near = (at: number, count: number) => Math.min(count - 1, Math.max(-1, at));
  const spot = { row: near(row, rows), column: near(column, columns) };
  return spot.row < 0 && spot.column < 0 ? { row: Math.min(0, rows - 1), column: 0 } : spot;
}

/** The scroll nearest to this one at which a spot shows in whole. */
export function reveal({ left, top, wide, high, x, y, across, down }: Sheet, { row, column }: Spot): { left: number; top: number } {
  const near = (at: number, place: number, size: number, room: number) => (place < 0 ? at : Math.min(place * size, Math.max(at, (place + 1) * size - room)));
  return { left: near(x, column, wide, across - left), top: near(y, row, high, down - top) };
}

/** Which of `[first, last)` have room for a heading when each is `size` long: the important ones, and between them as many as fit. */
export function labelled(first: number, last: number, size: number, important: (at: number) => boolean): Map<number, boolean> {
  const every = Math.ceil(LINE / size);
  const chosen = new Map<number, boolean>();
  const free = (at: number) => ![...chosen.keys()].some((near) => Math.abs(near - at) < every);
  for (let at = first; at < last; at++) if (important(at) && free(at)) chosen.set(at, true);
  for (let at = first - (first % every); at < last; at += every) if (free(at)) chosen.set(at, false);
  return chosen;
}

/** Runs of equal neighbours: `[first, last, value]` of each. */
export function runs<T>(items: readonly T[]): [number, number, T][] {
  const found: [number, number, T][] = [];
  items.forEach((item, at) => {
    const open = found.at(-1);
    if (open && open[2] === item) open[1] = at + 1;
    else found.push([at, at + 1, item]);
  });
  return found;
}
