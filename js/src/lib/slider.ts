// One slider: where the hand is, what a key means. Pure.

/** Half the thumb: the track begins and ends this far inside its box. */
export const INSET = 7;

/** The strength under `x`, in a box `width` wide: 0 to 1 in hundredths. */
export function strengthAt(x: number, width: number): number {
  return hundredths((x - INSET) / Math.max(1, width - 2 * INSET));
}

export function hundredths(strength: number): number {
  return Math.round(100 * Math.min(1, Math.max(0, strength))) / 100;
}

/** What `key` makes of a strength, or null when it is not a slider's key. Shift makes the arrows fine. */
export function nudged(strength: number, key: string, shift: boolean): number | null {
  const step = shift ? 0.01 : 0.05;
  const next: Record<string, number> = {
    ArrowRight: strength + step,
    ArrowLeft: strength - step,
    PageUp: strength + 0.2,
    PageDown: strength - 0.2,
    Home: 0,
    End: 1,
  };
  return key in next ? hundredths(next[key]) : null;
}

/** What one slider for many units stands at: their common strength, or the mean of different ones. */
export function together(strengths: ArrayLike<number>, units: readonly number[]): { strength: number; mixed: boolean } {
  if (!units.length) return { strength: 0, mixed: false };
  const sum = units.reduce((total, unit) => total + (strengths[unit] ?? 0), 0);
  const mixed = units.some((unit) => strengths[unit] !== strengths[units[0]]);
  return { strength: mixed ? hundredths(sum / units.length) : hundredths(strengths[units[0]] ?? 0), mixed };
}

/** The committed strengths with a gesture's result in them, as a new array. */
export function withStrength(strengths: Float32Array, units: Iterable<number>, strength: number): Float32Array {
  const next = Float32Array.from(strengths);
  for (const unit of units) if (unit < next.length) next[unit] = strength;
  return next;
}
