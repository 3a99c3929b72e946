// States to look at: smooth blobs for maps, strokes for images. Made up, and the same each time.
import { heatmap } from "./demo_heatmap";
import { gallery } from "./demo_gallery";

type State = Record<string, unknown>;

/** A small random generator, so that a picture of a view is the same tomorrow. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Units `(units, h, w)`: bumps above `floor`, some units dead, and one each with NaN and ∞ if `broken`. */
export function maps(units: number, h: number, w: number, { floor = 0, broken = true, seed = 1 } = {}): Float32Array {
  const values = new Float32Array(units * h * w);
  for (let unit = 0; unit < units; unit++) {
    const next = random(seed * 7919 + unit);
    const bumps = Array.from({ length: 3 }, () => [next() * h, next() * w, 1 + next() * 0.3 * h, next() * 2 - 0.6]);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const sum = bumps.reduce((total, [cy, cx, size, lift]) => total + lift * Math.exp(-((y - cy) ** 2 + (x - cx) ** 2) / size ** 2), 0);
        values[(unit * h + y) * w + x] = Math.max(floor, sum);
      }
    }
    if (h * w > 1 && unit % 29 === 5) values.fill(floor > -0.01 ? 0 : 0.2, unit * h * w, (unit + 1) * h * w);
  }
  if (broken && units > 9) {
    for (let at = 0; at < Math.max(1, (h * w) >> 2); at++) values[3 * h * w + at] = NaN;
    values[9 * h * w] = Infinity;
    values[9 * h * w + h * w - 1] = -Infinity;
  }
  return values;
}

/** Images `(n, H, W, 1)`: a ring or a stroke each, with `lost` of its light gone from the lower half. */
export function images(n: number, height: number, width: number, lost = 0): Uint8Array {
  const bytes = new Uint8Array(n * height * width);
  for (let index = 0; index < n; index++) {
    const next = random(100 + index);
    const [cy, cx, radius, tilt] = [height * (0.42 + 0.16 * next()), width * (0.42 + 0.16 * next()), height * (0.18 + 0.1 * next()), next() - 0.5];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [dy, dx] = [y - cy, x - cx - tilt * (y - cy)];
        const away = index % 3 ? Math.abs(Math.hypot(dy * 0.8, dx) - radius) : Math.abs(dx) + Math.max(0, Math.abs(dy) - height * 0.3);
        const light = Math.max(0, 1 - Math.max(0, away - 0.8) / 1.4);
        const keep = 1 - lost * (y > cy ? 1 : 0.1);
        bytes[(index * height + y) * width + x] = 255 * light * keep;
      }
    }
  }
  return bytes;
}

const view = (values: ArrayBufferView) => new DataView(values.buffer, values.byteOffset, values.byteLength);
const seeds = (n: number) => Array.from({ length: n }, (_, index) => index);

function grid(units: number, h: number, w: number, options: { floor?: number; broken?: boolean } = {}): State {
  const values = maps(units, h, w, options);
  const finite = values.filter(Number.isFinite);
  const [low, high] = [finite.reduce((a, b) => Math.min(a, b), 0), finite.reduce((a, b) => Math.max(a, b), 0)];
  return {
    info: { name: "net.6", kind: h * w > 1 ? "ReLU" : "Linear", units, size: h * w > 1 ? [h, w] : [] },
    maps: view(values), shape: [units, h, w], range: [low, high], sample: 3, seeds: seeds(16), sort: "index", scale: "shared", selection: [2, 7, 12], error: "",
  };
}

function sliders(units: number, n = 16, height = 28, width = 28): State {
  const strengths = new Float32Array(units);
  [1, 0.4, 0.75].forEach((strength, index) => {
    strengths[2 + 5 * index] = strength;
  });
  return {
    info: { name: "net.6", kind: "ReLU", units, size: [14, 14] },
    strengths: view(strengths), preview: null, value: "zero", selection: [2, 7, 12], sort: "index",
    before: view(images(n, height, width)), after: view(images(n, height, width, 0.45)), shape: [n, height, width, 1],
    status: { ms: 4.7, how: "sequential", why: "net is a plain chain: layers 0 to 6 run once, 7 to 11 for each change", can_undo: true, can_redo: false, seeds: seeds(n) },
    code: '(gw.Ablate("net.6", units=(2, 7, 12), strength=(1.0, 0.4, 0.75)),)', error: "",
  };
}

function picker(): State {
  const layers = [["net.1", "ConvTranspose2d", 128, [7, 7]], ["net.3", "ReLU", 128, [7, 7]], ["net.6", "ReLU", 64, [14, 14]], ["fc", "Linear", 20, []]];
  return { layers: layers.map(([name, kind, units, size]) => ({ name, kind, units, size, calls: 1 })), layer: "net.6", error: "" };
}

function samples(n = 25, height = 28, width = 28): State {
  return { images: view(images(n, height, width)), shape: [n, height, width, 1], seeds: seeds(n), kept: [0, 50, 100, 150], shown: 150, chosen: -1, frame: 3, seen: 3, error: "" };
}

/** A state for a view; the shape may be chosen: `demo("activation_grid", 512, 8, 8)`, `demo("ablation_sliders", 4096)`. */
export function demo(name: string, units = 64, h = 14, w = 14, options = {}): State {
  const states: Record<string, () => State> = {
    activation_grid: () => grid(units, h, w, options),
    ablation_sliders: () => sliders(units),
    layer_picker: picker,
    training_sheet: () => samples(),
    unit_gallery: () => gallery(units, h, w),
    iou_heatmap: () => heatmap(random(7), units, h, options),
  };
  return states[name]();
}
