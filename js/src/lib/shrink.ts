// Maps with more values than there are pixels for them.

/**
 * The `h`×`w` map that begins at `from` as `rows`×`columns` means, fewer than it has values and each over values of its own.
 * One that is no finite number shows through: NaN before ∞.
 */
export function shrink(maps: Float32Array, from: number, h: number, w: number, rows: number, columns: number): Float32Array {
  const means = new Float32Array(rows * columns);
  for (let at = 0; at < means.length; at++) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const [left, right] = [Math.floor((column * w) / columns), Math.floor(((column + 1) * w) / columns)];
    const [top, bottom] = [Math.floor((row * h) / rows), Math.floor(((row + 1) * h) / rows)];
    let [sum, broken] = [0, 0];
    for (let y = top; y < bottom; y++) {
      for (let source = from + y * w + left, end = source + right - left; source < end; source++) {
        const value = maps[source];
        if (value - value === 0) sum += value;
        else if (!Number.isNaN(broken)) broken = value;
      }
    }
    means[at] = broken === 0 ? sum / ((bottom - top) * (right - left)) : broken;
  }
  return means;
}
