// What each unit's map amounts to. Statistics are over finite values only; the others are counted.

export interface Stats {
  min: Float32Array;
  max: Float32Array;
  mean: Float32Array;
  nan: Uint32Array;
  inf: Uint32Array;
  /** 1 where all values of a map of two or more are the same finite number. */
  dead: Uint8Array;
}

export interface Counts {
  nan: number;
  inf: number;
  dead: number;
}

/** Per unit: min, max and mean (NaN when no value is finite), how many values are NaN or infinite, and whether it is dead. */
export function measure(maps: Float32Array, units: number, area: number): Stats {
  const stats: Stats = {
    min: new Float32Array(units).fill(NaN),
    max: new Float32Array(units).fill(NaN),
    mean: new Float32Array(units).fill(NaN),
    nan: new Uint32Array(units),
    inf: new Uint32Array(units),
    dead: new Uint8Array(units),
  };
  for (let unit = 0; unit < units; unit++) {
    let [low, high, sum, nan, inf] = [Infinity, -Infinity, 0, 0, 0];
    for (let at = unit * area, end = at + area; at < end; at++) {
      const value = maps[at];
      if (value - value === 0) {
        if (value < low) low = value;
        if (value > high) high = value;
        sum += value;
      } else if (Number.isNaN(value)) nan++;
      else inf++;
    }
    const finite = area - nan - inf;
    stats.nan[unit] = nan;
    stats.inf[unit] = inf;
    if (finite > 0) {
      stats.min[unit] = low;
      stats.max[unit] = high;
      stats.mean[unit] = sum / finite;
      stats.dead[unit] = Number(area > 1 && finite === area && low === high);
    }
  }
  return stats;
}

/** How many units have a NaN, how many an infinite value, how many are dead. */
export function count(stats: Stats): Counts {
  const some = (values: ArrayLike<number>) => Array.prototype.reduce.call(values, (sum, value) => (sum as number) + Number((value as number) > 0), 0) as number;
  return { nan: some(stats.nan), inf: some(stats.inf), dead: some(stats.dead) };
}
