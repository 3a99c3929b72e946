// A gallery to look at, and the kernel that it asks for images. Made up, and the same each time.
import { images, maps } from "./demo";
import type { FakeModel } from "./model";

type State = Record<string, unknown>;

const CONCEPTS = [
  ["ink", "ink"], ["background", "ink"], ["horizontal", "orientation"], ["vertical", "orientation"], ["rising", "orientation"],
  ["falling", "orientation"], ["end point", "topology"], ["junction", "topology"], ["hole", "topology"], ["top half", "place"], ["left half", "place"],
];
const [HEIGHT, WIDTH, TOP] = [28, 20, 8];
const EMPTY = new DataView(new ArrayBuffer(0));

/** Unit u stands for concept 5u mod 11; each 13th is dead, each 17th tied. */
export function gallery(units: number, h: number, w: number): State {
  const scores = new Float32Array(4 * units);
  const states: Record<string, number[]> = { dead: [], tied: [] };
  for (let unit = 0; unit < units; unit++) {
    const iou = 0.6 / (1 + ((unit * 37) % units) / 9);
    scores.set([(5 * unit) % CONCEPTS.length], unit);
    [iou, 0.86 * iou, 1.15 * iou].forEach((value, plane) => {
      scores[(plane + 1) * units + unit] = value;
    });
    if (unit % 13 === 12) states.dead.push(unit);
    else if (unit % 17 === 16) states.tied.push(unit);
  }
  const flat = h * w <= 1;
  return {
    info: { name: "net.6", kind: flat ? "Linear" : "ReLU", units, size: flat ? [] : [h, w], why: "", key: 1, threshold: "quantile", share: 0.01, images: 2000, complete: true, mode: "eval", top: TOP, states },
    concepts: CONCEPTS, scores: new DataView(scores.buffer), wanted: [], sheet: {}, pictures: EMPTY,
    sort: "iou", region: "outline", only: { at_least: null, concept: false, selected: false, search: "" }, selection: [], concept: -1, error: "",
  };
}

/** Answers `wanted` as the kernel does, in a later task: rings and strokes as images, bumps above a level as regions. */
export function galleryKernel(model: FakeModel): (message: State) => void {
  return (message) => {
    if (!("wanted" in message)) return;
    setTimeout(() => {
      const units = model.get("wanted") as number[];
      const info = model.get("info") as { key: number; size: number[]; states: Record<string, number[]> };
      const seeds = units.map((unit) => (info.states.dead?.includes(unit) ? [] : Array.from({ length: TOP }, (_, index) => (7 * unit + 3 * index) % 40)));
      const unique = [...new Set(seeds.flat())];
      const all = images(40, HEIGHT, WIDTH);
      const [one, area] = [HEIGHT * WIDTH, info.size.length ? HEIGHT * WIDTH : 0];
      const bits = Math.ceil(area / 8);
      const data = new Uint8Array(unique.length * one + seeds.flat().length * bits);
      unique.forEach((seed, place) => data.set(all.subarray(seed * one, (seed + 1) * one), place * one));
      let at = unique.length * one;
      units.forEach((unit, index) => {
        for (const seed of seeds[index]) {
          maps(1, HEIGHT, WIDTH, { seed: 1 + unit + 50 * seed }).slice(0, area).forEach((value, pixel) => {
            data[at + (pixel >> 3)] |= Number(value > 0.45) << (pixel & 7);
          });
          at += bits;
        }
      });
      model.receive({
        pictures: new DataView(data.buffer),
        sheet: {
          key: info.key, units, seeds, failed: [], ms: 40,
          values: seeds.map((some) => some.map((_, rank) => 4 - rank / 3)),
          places: seeds.map((some) => some.map((seed) => unique.indexOf(seed))),
          shape: [unique.length, HEIGHT, WIDTH, 1], grid: area ? [HEIGHT, WIDTH] : [],
        },
      });
    });
  };
}
