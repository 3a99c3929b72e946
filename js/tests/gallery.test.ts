import { describe, expect, test } from "vitest";
import { appetite, around, GAP, HEAD, lacking, lay, PADDING, SPACE } from "../src/lib/gallery";
import { arrange, type Only, perConcept, reach, readOnly, readScores, whyUnranked } from "../src/lib/gallery_order";
import { window as inSight } from "../src/lib/list";
import { wire } from "./wired";

describe("cards", () => {
  test("a pixel of an image covers whole device pixels where it is enlarged", () => {
    for (const ratio of [1, 1.25, 1.5, 2, 3]) {
      const laid = lay(64, 8, 28, 20, 900, ratio);
      expect(Number.isInteger(laid.scale)).toBe(true);
      expect(laid.scale).toBeGreaterThanOrEqual(Math.floor((64 * ratio) / 28));
      expect([laid.imageHeight, laid.imageWidth]).toEqual([28 * laid.scale, 20 * laid.scale]);
      for (const left of laid.left) expect(Math.abs(left * ratio - Math.round(left * ratio))).toBeLessThan(1e-9);
      expect(Math.abs(laid.row * ratio - Math.round(laid.row * ratio))).toBeLessThan(1e-9);
    }
  });

  test("fill the width without overlapping, and their images fit in", () => {
    for (const room of [200, 330, 640, 934, 1774]) {
      for (const [top, h, w] of [[8, 28, 28], [4, 64, 48], [8, 128, 128], [1, 10, 90], [0, 1, 1]]) {
        const laid = lay(500, top, h, w, room, 2);
        expect(laid.left[laid.columns - 1] + laid.width).toBeLessThanOrEqual(room + 0.5);
        for (let column = 1; column < laid.columns; column++) expect(laid.left[column] - laid.left[column - 1] - laid.width).toBeGreaterThan(GAP - 1);
        expect(laid.inRow * laid.inColumn).toBeGreaterThanOrEqual(top);
        if (room >= 330) expect(laid.inRow * (laid.imageWidth / 2 + SPACE) - SPACE + 2 * PADDING).toBeLessThanOrEqual(laid.width);
        expect(laid.height).toBeGreaterThanOrEqual(HEAD + laid.inColumn * (laid.imageHeight / 2));
      }
    }
  });

  test("hold four images in a row or more, where there is room", () => {
    for (const ratio of [1, 1.25, 1.5, 2]) {
      for (const room of [400, 640, 942, 1774]) {
        for (const [h, w] of [[28, 28], [91, 128], [128, 128], [64, 48]]) expect(lay(500, 8, h, w, room, ratio).inRow).toBeGreaterThanOrEqual(4);
      }
    }
  });

  test("only those in sight have elements, and a row above and below", () => {
    const laid = lay(500, 8, 28, 28, 934, 2);
    const [seen, made] = [inSight(laid, 20 * laid.row, 2 * laid.row), around(laid, 20 * laid.row, 2 * laid.row)];
    expect(seen).toEqual({ first: 20 * laid.columns, last: 22 * laid.columns });
    expect(made).toEqual({ first: 19 * laid.columns, last: 23 * laid.columns });
    expect(around(laid, 0, laid.row).first).toBe(0);
    expect(around(laid, laid.total - laid.row, laid.row).last).toBe(500);
  });
});

describe("asking", () => {
  const laid = lay(60, 8, 28, 28, 934, 2);
  const order = Uint32Array.from({ length: 60 }, (_, position) => 59 - position);
  const height = 2 * laid.row;

  test("what is in sight is asked for first, in the order in which it is shown, and no more than told", () => {
    expect(lacking(laid, order, 0, height, 4, () => false)).toEqual([59, 58, 57, 56]);
    expect(lacking(laid, order, 0, height, 99, (unit) => unit !== 55 && unit !== 59)).toEqual([59, 55]);
  });

  test("when all that is in sight is there, its neighbours are next; then nothing", () => {
    const seen = 2 * laid.columns;
    expect(lacking(laid, order, 0, height, 99, (unit) => unit > 59 - seen)).toEqual([...order.subarray(seen, seen + laid.columns)]);
    expect(lacking(laid, order, 0, height, 99, (unit) => unit > 59 - seen - laid.columns)).toEqual([]);
  });

  test("a slow generator is asked for less at a time", () => {
    expect([appetite(4, 250), appetite(4, 1000), appetite(4, 60_000), appetite(4, 10), appetite(4, 0)]).toEqual([4, 1, 1, 24, 24]);
  });
});

const concepts = [["hole", "topology"], ["ink", "light"], ["end", "topology"]];
// unit 3 is dead, 6 has no concept, 7 has a number but is tied
const numbers = Float32Array.of(2, 0, 1, -1, 0, 2, -1, 1, /**/ 0.3, 0.1, 0.5, NaN, 0.4, 0.3, NaN, 0.9, /**/ 0.2, 0, 0.4, NaN, 0.3, 0.2, NaN, 0.8, /**/ 0.4, 0.2, 0.6, NaN, 0.5, 0.4, NaN, 1);
const scores = readScores(wire(numbers), 8, { dead: [3], tied: [7, 99] });
const off = readOnly({});
const ask = (changes: { sort?: string; only?: Partial<Only>; concept?: number; selection?: number[] }) =>
  [...arrange(scores, { sort: "iou", concept: -1, selection: [], concepts, ...changes, only: { ...off, ...changes.only } })];

describe("the order of units", () => {
  test("is by falling IoU, ties by number, and what is not ranked comes last whatever its IoU", () => {
    expect(ask({})).toEqual([2, 4, 0, 5, 1, 3, 6, 7]);
    expect(ask({ sort: "number" })).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("by concept and by category follows them as they first occur, grouped", () => {
    expect(ask({ sort: "concept" })).toEqual([4, 1, 0, 5, 2, 3, 6, 7]);
    expect(ask({ sort: "category" })).toEqual([4, 0, 5, 1, 2, 3, 6, 7]);
  });

  test("puts the chosen first", () => {
    expect(ask({ sort: "selection", selection: [1, 7] })).toEqual([1, 7, 0, 2, 3, 4, 5, 6]);
  });
});

describe("showing only some", () => {
  test("an IoU that is met exactly is enough, and nothing unranked is", () => {
    expect(ask({ only: { at_least: 0.3 } })).toEqual([2, 4, 0, 5]);
    expect(ask({ only: { at_least: 0 } })).toEqual([2, 4, 0, 5, 1]);
  });

  test("of the chosen concept, if one is chosen", () => {
    expect(ask({ only: { concept: true }, concept: 0 })).toEqual([4, 1]);
    expect(ask({ only: { concept: true } })).toHaveLength(8);
  });

  test("chosen units", () => {
    expect(ask({ only: { selected: true }, selection: [1, 3] })).toEqual([1, 3]);
  });

  test("a search finds a unit by number, concepts and categories by a part of them, states by name", () => {
    const search = (text: string) => ask({ only: { search: text } });
    expect(search(" 7 ")).toEqual([7]);
    expect(search("HOL")).toEqual([4, 1]);
    expect(search("topo")).toEqual([4, 0, 5, 1]);
    expect(search("dead")).toEqual([3]);
    expect(search("nothing")).toEqual([]);
  });
});

test("concepts are counted over ranked units", () => {
  expect(perConcept(scores, 3)).toEqual([2, 1, 2]);
});

test("bars end at a round number that holds every interval", () => {
  expect(reach(scores)).toBe(1);
  const low = numbers.map((value, at) => (at < 8 ? value : value / 8));
  expect(reach(readScores(wire(low), 8, { dead: [3], tied: [7] }))).toBe(0.1);
  expect(reach(readScores(null, 8, {}))).toBe(0.05);
});

test("why a unit is not ranked is said in words", () => {
  expect([0, 3, 6].map((unit) => whyUnranked(scores, unit))).toEqual(["", "dead: never active", "overlaps no concept"]);
});

test("scores that are not there are none", () => {
  expect(readScores(null, 8, {}).units).toBe(0);
  expect([...arrange(readScores(null, 8, {}), { sort: "iou", only: off, concept: -1, selection: [], concepts: [] })]).toEqual([]);
});
