// Where each cell is. Lengths are whole device pixels, so that every value of a map covers the same number of them;
// in a map too long for that, every pixel stands for several values.

export interface Grid {
  /** A strip of plain cells with the number inside: units that have no map. */
  strip: boolean;
  units: number;
  columns: number;
  rows: number;
  /** Device pixels for one value of a map, across and down. */
  across: number;
  down: number;
  /** The picture of a unit, and the distance from one cell to the next, label and gaps included. */
  width: number;
  height: number;
  pitchX: number;
  pitchY: number;
  /** Free space left of the first column and above the first row. */
  margin: number;
  /** Height of everything. */
  total: number;
}

export interface Hit {
  position: number;
  /** The value of the map under the point, or null beside the picture. */
  row: number | null;
  column: number | null;
}

const TARGET = 56;
const LARGEST = 112;
const LEAST = 12;
const LABEL = 15;
const GAP = 8;
const MARGIN = 4;
const CELL = { width: 34, height: 26 };

/** Lay out `units` maps of `h`×`w` in `width` device pixels, `ratio` of which make a CSS pixel. */
export function layout(units: number, h: number, w: number, width: number, ratio: number): Grid {
  const px = (length: number) => Math.round(length * ratio);
  const strip = h * w <= 1;
  const margin = px(MARGIN);
  const longest = Math.max(h, w, 1);
  let each = Math.max(1, Math.round((TARGET * ratio) / longest));
  if (each === 1 && longest > LARGEST * ratio) each = (LARGEST * ratio) / longest;
  const cellWidth = strip ? px(CELL.width) : side(w, each, px(LEAST));
  const cellHeight = strip ? px(CELL.height) : side(h, each, px(LEAST));
  const pitchX = strip ? cellWidth + px(1) : Math.max(cellWidth, px(34)) + px(GAP);
  const pitchY = strip ? cellHeight + px(1) : cellHeight + px(LABEL) + px(GAP);
  const columns = Math.max(1, Math.min(Math.max(1, units), Math.floor((width - 2 * margin + (pitchX - cellWidth)) / pitchX)));
  const rows = Math.ceil(units / columns);
  return {
    strip, units, columns, rows, pitchX, pitchY, margin,
    width: cellWidth,
    height: cellHeight,
    across: cellWidth / w,
    down: cellHeight / h,
    total: rows * pitchY + 2 * margin,
  };
}

/** Device pixels for a row or a column of `values` at `each`; a line of values is made thick enough to be seen. */
function side(values: number, each: number, least: number): number {
  const needed = least / values;
  return Math.round(values * Math.max(each, needed > 1 ? Math.ceil(needed) : needed));
}

/** The upper left corner of a cell. */
export function place(grid: Grid, position: number): { x: number; y: number } {
  return {
    x: grid.margin + (position % grid.columns) * grid.pitchX,
    y: grid.margin + Math.floor(position / grid.columns) * grid.pitchY,
  };
}

/** Positions `[first, last)` of the cells that show between `top` and `top + height`. */
export function visible(grid: Grid, top: number, height: number): { first: number; last: number } {
  const row = Math.max(0, Math.floor((top - grid.margin) / grid.pitchY));
  const end = Math.max(row, Math.ceil((top + height - grid.margin) / grid.pitchY));
  return { first: Math.min(grid.units, row * grid.columns), last: Math.min(grid.units, end * grid.columns) };
}

/** The cell at a point of the whole layout, and the value of its map there; null between the columns and past the end. */
export function hit(grid: Grid, x: number, y: number): Hit | null {
  const [column, row] = [Math.floor((x - grid.margin) / grid.pitchX), Math.floor((y - grid.margin) / grid.pitchY)];
  const position = row * grid.columns + column;
  if (column < 0 || column >= grid.columns || row < 0 || position >= grid.units) return null;
  const [left, top] = [x - grid.margin - column * grid.pitchX, y - grid.margin - row * grid.pitchY];
  if (left >= grid.width && left >= grid.pitchX - grid.margin) return null;
  if (grid.strip) return { position, row: 0, column: 0 };
  const inside = left < grid.width && top < grid.height;
  return { position, row: inside ? Math.floor(top / grid.down) : null, column: inside ? Math.floor(left / grid.across) : null };
}

/** Where `key` leads from `position`; null for keys that do not move. `page` is how many rows are seen at once. */
export function move(grid: Pick<Grid, "units" | "columns">, position: number, key: string, control: boolean, page: number): number | null {
  const last = grid.units - 1;
  const row = Math.floor(position / grid.columns) * grid.columns;
  const targets: Record<string, number> = {
    ArrowLeft: position - 1,
    ArrowRight: position + 1,
    ArrowUp: position < grid.columns ? position : position - grid.columns,
    ArrowDown: row + grid.columns > last ? position : position + grid.columns,
    Home: control ? 0 : row,
    End: control ? last : row + grid.columns - 1,
    PageUp: position - Math.max(1, page) * grid.columns,
    PageDown: position + Math.max(1, page) * grid.columns,
  };
  if (!(key in targets) || last < 0) return null;
  let target = targets[key];
  // a page past an end keeps its column
  if (key === "PageUp" && target < 0) target = position % grid.columns;
  while (key === "PageDown" && target > last && target - grid.columns > position) target -= grid.columns;
  return Math.min(last, Math.max(0, target));
}

/** The scroll position nearest to `top` at which all of a cell shows in `height`. */
export function reveal(grid: Grid, position: number, top: number, height: number): number {
  const { y } = place(grid, position);
  const start = y - grid.margin;
  return start < top ? start : Math.max(top, y + grid.pitchY + grid.margin - height);
}
