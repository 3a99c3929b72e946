// The pictures of units: what the kernel sent, a bounded memory of it, and what to ask for next.
import { listen } from "../lib/bind";
import { appetite } from "../lib/gallery";
import { trace, unpack } from "../lib/outline";
import type { Stage } from "../lib/view";
import { bytes, sizes } from "../lib/wire";

/** The top images of one unit. */
export interface Pictures {
  height: number;
  width: number;
  channels: number;
  images: Uint8Array[];
  seeds: number[];
  values: (number | null)[];
  /** The loops around the region of an image, in pixels of a grid; null for a layer without maps. */
  region(index: number): number[][] | null;
  gridHeight: number;
  gridWidth: number;
}

export interface Darkroom {
  of(unit: number): Pictures | undefined;
  /** Whether the kernel said that it cannot make them. */
  failed(unit: number): boolean;
  /** Height and width of the images; before the first came, as large as they will probably be. */
  size(): [number, number];
  /** Ask for the units that `next` names, if it names any. `next` is told how many at most. */
  ask(next: (most: number) => number[]): void;
}

const FIRST = 6;
/** Pixels along the longer side: the kernel sends no larger images. */
const LARGEST = 128;
/** Units that are remembered, fewer where their images take more than this many bytes; and as much in one message. */
const [KEPT, MEMORY, MESSAGE] = [512, 64e6, 4e6];

export function darkroom({ model, signal, write, asked, answered }: Stage, arrived: () => void): Darkroom {
  const made = new Map<number, Pictures>();
  const lost = new Set<number>();
  let key: unknown = null;
  let source: unknown = null;
  let size: [number, number] | null = null;
  let most = FIRST;
  let last = "";

  /** Take in what the model holds. */
  const absorb = () => {
    const now = model.get("info")?.key ?? null;
    if (now !== key) {
      made.clear();
      lost.clear();
      [key, last, most, size] = [now, "", FIRST, null];
    }
    const sheet = model.get("sheet") ?? {};
    if (sheet === source || sheet.key !== key) return;
    source = sheet;
    for (const unit of sheet.failed ?? []) lost.add(unit);
    const [, height, width, channels] = sizes(sheet.shape, 4);
    const each = Math.max(1, (Number(model.get("info")?.top) || 0) * height * width * channels);
    // what the kernel took, not what the way to it takes: asking for less would not shorten that
    if (sheet.units?.length) most = Math.min(appetite(sheet.units.length, Number(sheet.ms) || 0), Math.ceil(MESSAGE / each));
    const read = readSheet(sheet, bytes(model.get("pictures")));
    for (const [unit, pictures] of read) {
      made.delete(unit);
      made.set(unit, pictures);
      if (pictures.images.length) size = [pictures.height, pictures.width];
    }
    for (const unit of made.keys()) {
      if (made.size <= Math.min(KEPT, Math.max(64, MEMORY / each))) break;
      made.delete(unit);
    }
  };

  listen(model, ["sheet"], () => {
    last = "";
    answered();
    arrived();
  }, signal);
  listen(model, ["error"], () => {
    if (!model.get("error")) lost.clear();
    arrived();
  }, signal);
  return {
    of(unit) {
      absorb();
      return made.get(unit);
    },
    failed: (unit) => lost.has(unit),
    size() {
      absorb();
      if (size) return size;
      // masks are nearly always as large as images
      const [height, width] = sizes(model.get("info")?.grid, 2);
      const shrink = Math.min(1, LARGEST / Math.max(height, width, 1));
      return height * width > 1 ? [Math.round(height * shrink), Math.round(width * shrink)] : [28, 28];
    },
    ask(next) {
      absorb();
      const units = next(most).sort((a, b) => a - b);
      const question = units.join();
      if (!units.length || question === last) return;
      last = question;
      write({ wanted: units });
      asked();
    },
  };
}

function readSheet(sheet: Record<string, any>, data: Uint8Array): [number, Pictures][] {
  const [count, height, width, channels] = sizes(sheet.shape, 4);
  const [gridHeight, gridWidth] = sizes(sheet.grid, 2);
  const [one, area] = [height * width * channels, gridHeight * gridWidth];
  let mask = count * one;
  return ((sheet.units ?? []) as number[]).map((unit, index) => {
    const places: number[] = sheet.places?.[index] ?? [];
    const from = mask;
    const bits = Math.ceil(area / 8);
    mask += places.length * bits;
    const loops: number[][][] = [];
    return [unit, {
      height, width, channels, gridHeight, gridWidth,
      images: places.map((place) => data.subarray(place * one, (place + 1) * one)),
      seeds: sheet.seeds?.[index] ?? [],
      values: sheet.values?.[index] ?? [],
      // traced when it is first drawn: most of what comes is for later
      region: (at) => (area ? (loops[at] ??= trace(unpack(data, from + at * bits, area), gridWidth, gridHeight)) : null),
    }];
  });
}
