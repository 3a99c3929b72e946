// In which order units are shown: largest first, ties by number, units without a number last.

/** Unit numbers by falling `keys`; NaN comes last. */
export function descending(keys: ArrayLike<number>): Uint32Array {
  const rank = (unit: number) => (Number.isNaN(keys[unit]) ? -Infinity : keys[unit]);
  return Uint32Array.from({ length: keys.length }, (_, unit) => unit).sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left === right ? Number(Number.isNaN(keys[a])) - Number(Number.isNaN(keys[b])) || a - b : right > left ? 1 : -1;
  });
}

export function byIndex(units: number): Uint32Array {
  return Uint32Array.from({ length: units }, (_, unit) => unit);
}

/** The chosen units first, then the others, each by number. */
export function bySelection(units: number, selection: Iterable<number>): Uint32Array {
  const keys = new Float32Array(units);
  for (const unit of selection) keys[unit] = 1;
  return descending(keys);
}

/** Where each unit is: `positions(order)[order[i]] === i`. */
export function positions(order: Uint32Array): Uint32Array {
  const places = new Uint32Array(order.length);
  order.forEach((unit, position) => {
    places[unit] = position;
  });
  return places;
}
