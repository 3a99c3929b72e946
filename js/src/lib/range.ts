// Which numbers the ends of a colormap stand for, and the colour of one value.
import { INF_COLOUR, type Map, NAN_COLOUR, NEGATIVE_INF_COLOUR, table, word } from "./colour";

export interface Scale {
  map: Map;
  low: number;
  high: number;
}

/** From 0 up when nothing is negative; else symmetric about 0, so that the middle colour means zero. */
export function scaleOf(low: number, high: number): Scale {
  const [least, most] = [Number.isFinite(low) ? low : 0, Number.isFinite(high) ? high : 0];
  if (least >= 0) return { map: "sequential", low: 0, high: most };
  const bound = Math.max(-least, Math.abs(most));
  return { map: "diverging", low: -bound, high: bound };
}

/** The scale of one unit: as the shared one, but reaching only as far as this unit does. */
export function scaleOfUnit(shared: Scale, low: number, high: number): Scale {
  if (shared.map === "sequential") return { map: "sequential", low: 0, high: Number.isFinite(high) ? high : 0 };
  const bound = Math.max(Math.abs(low), Math.abs(high));
  return { map: "diverging", low: -bound, high: Number.isFinite(bound) ? bound : 0 };
}

/** Where a finite value lies in a table of 256 colours; an empty scale gives the colour of zero. */
export function indexOf(value: number, { low, high, map }: Scale): number {
  if (!(high > low)) return map === "sequential" ? 0 : 127;
  const place = ((value - low) * 255) / (high - low);
  return place <= 0 ? 0 : place >= 255 ? 255 : place | 0;
}

const BROKEN = [NAN_COLOUR, INF_COLOUR, NEGATIVE_INF_COLOUR].map(word);

/** Colour `values[from, to)` into RGBA words from `at` on, in rows of `width` words that are `stride` apart. */
export function colourise(values: Float32Array, from: number, width: number, height: number, scale: Scale, into: Uint32Array, at: number, stride: number): void {
  const colours = table(scale.map);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = values[from + row * width + column];
      into[at + row * stride + column] =
        value - value === 0 ? colours[indexOf(value, scale)] : BROKEN[Number.isNaN(value) ? 0 : value > 0 ? 1 : 2];
    }
  }
}
