// The same two colormaps that the Python side draws with, as RGBA tables for little pictures; and colours for what is no number.
// Mixed in OKLab, where equal steps look equal: https://bottosson.github.io/posts/oklab/

type Triple = [number, number, number];

/** Magenta, cyan and azure: in no colormap. */
export const NAN_COLOUR: Triple = [255, 0, 255];
export const INF_COLOUR: Triple = [0, 255, 255];
export const NEGATIVE_INF_COLOUR: Triple = [0, 128, 255];

/** Dark to bright, ordered by lightness: 256 colours as little-endian RGBA words. */
export function sequential(): Uint32Array {
  return through(["#1b0f33", "#33348e", "#1f6f9f", "#2ba58a", "#8fd05a", "#fbf3a5"], (position, knots) => {
    const last = knots.length - 1;
    const light = knots[0][0] + position * (knots[last][0] - knots[0][0]);
    const above = knots.findIndex(([knot]) => knot >= light);
    const below = above - 1;
    return [light, above < 0 ? last : above ? below + (light - knots[below][0]) / (knots[above][0] - knots[below][0]) : 0];
  });
}

/** Dark at both ends, brightest in the middle. */
export function diverging(): Uint32Array {
  return through(["#123f7a", "#3f86c6", "#a9cbe4", "#f2f2f2", "#edbb9d", "#cc6a49", "#7d1f2b"], (position, knots) => {
    const last = knots.length - 1;
    const [first, middle, end] = [knots[0][0], knots[last >> 1][0], knots[last][0]];
    return [middle + Math.abs(2 * position - 1) * ((first + end) / 2 - middle), position * last];
  });
}

const MAPS = { sequential, diverging };
export type Map = keyof typeof MAPS;
const tables: Partial<Record<Map, Uint32Array>> = {};

/** A colormap by its name, low to high. */
export function table(name: Map): Uint32Array {
  return (tables[name] ??= MAPS[name]());
}

/** A colour as one word of an RGBA picture. */
export function word([red, green, blue]: Triple): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Entry `index` of a table, for style sheets and canvases. */
export function css(name: Map, index: number): string {
  const [red, green, blue] = parts(table(name)[index]);
  return `rgb(${red}, ${green}, ${blue})`;
}

export function parts(colour: number): Triple {
  return [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
}

/** Black or white, whichever is easier to read on this colour. */
export function inkOn(colour: number): string {
  const [red, green, blue] = parts(colour).map(linear);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

/** A colour bar: `linear-gradient(to right, …)` through a whole table. */
export function gradient(name: Map): string {
  return `linear-gradient(to right, ${Array.from({ length: 17 }, (_, step) => css(name, Math.round((step * 255) / 16))).join(", ")})`;
}

/** 256 colours along knots: `place` gives, for a position from 0 to 1, how light the colour is and between which knots it lies. */
function through(hexes: string[], place: (position: number, knots: Triple[]) => [number, number]): Uint32Array {
  const knots = hexes.map(oklab);
  return Uint32Array.from({ length: 256 }, (_, index) => {
    const [light, at] = place(index / 255, knots);
    const below = Math.min(knots.length - 2, Math.floor(at));
    const [[, a, b], [, nextA, nextB]] = knots.slice(below);
    return srgb(light, a + (at - below) * (nextA - a), b + (at - below) * (nextB - b));
  });
}

function linear(byte: number): number {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function oklab(hex: string): Triple {
  const [red, green, blue] = [1, 3, 5].map((at) => linear(parseInt(hex.slice(at, at + 2), 16)));
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
  ];
}

function srgb(light: number, a: number, b: number): number {
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const red = byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
  const green = byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
  return word([red, green, byte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s)]);
}

/** The reverse of `linear`, clipped. */
function byte(value: number): number {
  const clipped = Math.min(1, Math.max(0, value));
  return Math.round(255 * (clipped <= 0.0031308 ? clipped * 12.92 : 1.055 * clipped ** (1 / 2.4) - 0.055));
}
