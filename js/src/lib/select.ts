// Which units are chosen after a click or a key. All pure; a selection is sorted and has no unit twice.

export interface Keys {
  shift: boolean;
  toggle: boolean;
}

export function tidy(units: Iterable<number>): number[] {
  return [...new Set(units)].sort((a, b) => a - b);
}

/** The units from position `a` to position `b` of `order`, in either direction, both ends included. */
export function between(order: ArrayLike<number>, a: number, b: number): number[] {
  const [low, high] = a < b ? [a, b] : [b, a];
  return Array.from({ length: high - low + 1 }, (_, index) => order[low + index]);
}

export function toggled(selection: readonly number[], unit: number): number[] {
  return selection.includes(unit) ? selection.filter((other) => other !== unit) : tidy([...selection, unit]);
}

/**
 * A click at `position`: alone it chooses one unit (or lets the only chosen one go), with `toggle` it adds or removes, with
 * `shift` it chooses the range from `anchor`, and with both it adds the range.
 */
export function clicked(selection: readonly number[], order: ArrayLike<number>, position: number, anchor: number | null, keys: Keys): number[] {
  const unit = order[position];
  if (keys.shift && anchor !== null) {
    const range = between(order, anchor, position);
    return tidy(keys.toggle ? [...selection, ...range] : range);
  }
  if (keys.toggle) return toggled(selection, unit);
  return selection.length === 1 && selection[0] === unit ? [] : [unit];
}
