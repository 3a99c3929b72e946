// A long list in columns, of which only what is in sight exists. CSS pixels.

export interface List {
  units: number;
  columns: number;
  row: number;
  total: number;
}

export function list(units: number, width: number, row: number, least: number): List {
  const columns = Math.max(1, Math.min(Math.max(1, units), Math.floor(width / least)));
  return { units, columns, row, total: Math.ceil(units / columns) * row };
}

/** Positions `[first, last)` that show in `height` pixels from `top` on. */
export function window({ units, columns, row }: List, top: number, height: number): { first: number; last: number } {
  const first = Math.max(0, Math.floor(top / row)) * columns;
  return { first: Math.min(first, units), last: Math.min(units, Math.max(first, Math.ceil((top + height) / row) * columns)) };
}

/** The scroll position nearest to `top` at which a position is in sight. */
export function scrollTo({ columns, row }: List, position: number, top: number, height: number): number {
  const start = Math.floor(position / columns) * row;
  return start < top ? start : Math.max(top, start + row - height);
}
