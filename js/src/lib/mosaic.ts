// Many small images as one sheet, and the difference of two sheets. Bytes in, RGBA words out.
import { table } from "./colour";

/** Images `(n, H, W, ch)` in rows of `columns`, one clear pixel apart. */
export interface Sheet {
  n: number;
  height: number;
  width: number;
  channels: number;
  /** Bytes of all images. */
  size: number;
  columns: number;
  rows: number;
  /** Size of the whole sheet. */
  across: number;
  down: number;
}

export function sheet([n, height, width, channels]: number[]): Sheet {
  const columns = Math.max(1, Math.ceil(Math.sqrt(n)));
  const rows = Math.ceil(n / columns);
  const [across, down] = [columns * (width + 1) - 1, Math.max(0, rows * (height + 1) - 1)];
  return { n, height, width, channels, size: n * height * width * channels, columns, rows, across, down };
}

/** Where image `index` begins in the sheet. */
function corner(laid: Sheet, index: number): number {
  return Math.floor(index / laid.columns) * (laid.height + 1) * laid.across + (index % laid.columns) * (laid.width + 1);
}

/** Each row of each image: where it begins in the images' bytes, and where in the sheet. */
function eachRow(laid: Sheet, draw: (source: number, target: number) => void): void {
  const step = laid.width * laid.channels;
  for (let index = 0, source = 0; index < laid.n; index++) {
    for (let row = 0, target = corner(laid, index); row < laid.height; row++, source += step, target += laid.across) draw(source, target);
  }
}

/** Paint grey, RGB or RGBA images into `into`, `across * down` words. */
export function paint(images: Uint8Array, laid: Sheet, into: Uint32Array): void {
  const { channels, width } = laid;
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  eachRow(laid, (source, target) => {
    for (let column = 0, at = source; column < width; column++, at += channels) {
      const alpha = channels === 4 ? images[at + 3] : 255;
      into[target + column] = (alpha << 24) | (images[at + blue] << 16) | (images[at + green] << 8) | images[at];
    }
  });
}

/** Grey levels, after minus before, averaged over colours; the largest change, and how many pixels changed at all. */
export interface Change {
  largest: number;
  changed: number;
}

export function compare(before: Uint8Array, after: Uint8Array, laid: Sheet): Change {
  const colours = laid.channels < 3 ? 1 : 3;
  const change = { largest: 0, changed: 0 };
  for (let at = 0; at < laid.size; at += laid.channels) {
    const size = Math.abs(grey(before, after, at, colours));
    if (size > 0) change.changed++;
    if (size > change.largest) change.largest = size;
  }
  return change;
}

/** The ends of the colour scale: the least of 16, 32, 64, 128 and 255 that holds every change, so nothing is clipped. */
export function rangeFor(largest: number): number {
  return [16, 32, 64, 128].find((range) => largest <= range) ?? 255;
}

/** Paint after − before with −range at one end of the diverging colours, 0 in the middle, +range at the other end. */
export function paintDifference(before: Uint8Array, after: Uint8Array, laid: Sheet, range: number, into: Uint32Array): void {
  const colours = table("diverging");
  const used = laid.channels < 3 ? 1 : 3;
  const { channels, width } = laid;
  eachRow(laid, (source, target) => {
    for (let column = 0, at = source; column < width; column++, at += channels) {
      const place = 127.5 + (grey(before, after, at, used) * 127.5) / range;
      into[target + column] = colours[place <= 0 ? 0 : place >= 255 ? 255 : Math.round(place)];
    }
  });
}

function grey(before: Uint8Array, after: Uint8Array, at: number, colours: number): number {
  if (colours === 1) return after[at] - before[at];
  return (after[at] - before[at] + after[at + 1] - before[at + 1] + after[at + 2] - before[at + 2]) / 3;
}

/** How many device pixels a pixel of the sheet gets, and the CSS width that makes: whole numbers where there is room for them. */
export function magnify(laid: Sheet, room: number, ratio: number): { scale: number; width: number; height: number } {
  const fits = (room * ratio) / Math.max(1, laid.across);
  const scale = fits >= 1 ? Math.floor(fits) : fits;
  return { scale, width: (laid.across * scale) / ratio, height: (laid.down * scale) / ratio };
}
