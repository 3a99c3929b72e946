// The colours of a table of IoU: the largest stands out most from the page, and what is below the threshold is grey.
import { NAN_COLOUR, parts, sequential, word } from "./colour";

type Colours = ArrayLike<number>;

let made: Uint32Array | undefined;
const FAINT = [0.06, 0.3];

/** 256 colours from 0 up to the largest: the colormap on dark pages, and the other way round on light ones. */
export function ramp(dark: boolean): Uint32Array {
  made ??= sequential();
  return dark ? made : made.slice().reverse();
}

/** Grey that lets the page through, so that it suits each: `share` 0 to 1 of the way from the faintest to the strongest. */
export function grey(share: number): number {
  return ((Math.round(255 * (FAINT[0] + share * (FAINT[1] - FAINT[0]))) << 24) | 0x808080) >>> 0;
}

/** The colour of one IoU: magenta where it is no number. */
export function colourOf(value: number, threshold: number, most: number, colours: Colours): number {
  if (Number.isNaN(value)) return word(NAN_COLOUR);
  return value < threshold ? grey(value / threshold) : colours[Math.min(255, Math.floor((255 * value) / most))];
}

/** A colour bar from 0 to `most`, grey up to the threshold: a style sheet's gradient. */
export function bar(threshold: number, most: number, colours: Colours): string {
  const stops = Array.from({ length: 65 }, (_, at) => {
    const colour = colourOf((most * at) / 64, threshold, most, colours);
    return `rgb(${parts(colour).join(" ")} / ${(colour >>> 24) / 255})`;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
