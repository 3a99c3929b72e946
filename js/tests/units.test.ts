import { describe, expect, test } from "vitest";
import { between, clicked, tidy, toggled } from "../src/lib/select";
import { byIndex, bySelection, descending, positions } from "../src/lib/sort";
import { count, measure } from "../src/lib/stats";
import { describe as inWords, seedsInWords, short } from "../src/lib/text";

describe("sorting", () => {
  test("puts the largest first, equal ones by number, and units without a number last", () => {
    expect([...descending(Float32Array.of(1, NaN, 3, 1, -Infinity, NaN, 3))]).toEqual([2, 6, 0, 3, 4, 1, 5]);
  });

  test("puts the chosen units first", () => {
    expect([...bySelection(6, [4, 1])]).toEqual([1, 4, 0, 2, 3, 5]);
    expect([...byIndex(3)]).toEqual([0, 1, 2]);
  });

  test("positions undo an order", () => {
    const order = descending(Float32Array.of(5, 9, 1, 7));
    expect([...order].map((unit) => positions(order)[unit])).toEqual([0, 1, 2, 3]);
  });
});

describe("selecting", () => {
  const order = [5, 3, 8, 1, 9];
  const click = (selection: number[], position: number, anchor: number | null, shift = false, toggle = false) => clicked(selection, order, position, anchor, { shift, toggle });

  test("a click chooses one unit, and again lets it go", () => {
    expect(click([3, 8], 0, null)).toEqual([5]);
    expect(click([5], 0, null)).toEqual([]);
  });

  test("with control a click adds or removes", () => {
    expect(click([3, 8], 4, null, false, true)).toEqual([3, 8, 9]);
    expect(click([3, 8], 2, null, false, true)).toEqual([3]);
  });

  test("with shift a click takes the range as it is shown, in either direction", () => {
    expect(click([9], 3, 1, true)).toEqual([1, 3, 8]);
    expect(click([9], 1, 3, true)).toEqual([1, 3, 8]);
    expect(click([9], 3, 1, true, true)).toEqual([1, 3, 8, 9]);
  });

  test("with shift but nothing chosen before it is a plain click", () => {
    expect(click([9], 3, null, true)).toEqual([1]);
  });

  test("a selection is sorted and has no unit twice", () => {
    expect(tidy([3, 1, 3, 20])).toEqual([1, 3, 20]);
    expect(toggled([1, 20], 3)).toEqual([1, 3, 20]);
    expect(between(order, 0, 1)).toEqual([5, 3]);
  });
});

describe("measuring", () => {
  // three units of 2×3
  const maps = Float32Array.of(0, 1, 2, 3, 4, 5, 7, 7, 7, 7, 7, 7, NaN, 2, -4, Infinity, -Infinity, NaN);
  const stats = measure(maps, 3, 6);

  test("min, mean and max are over finite values", () => {
    expect([...stats.min]).toEqual([0, 7, -4]);
    expect([...stats.mean]).toEqual([2.5, 7, -1]);
    expect([...stats.max]).toEqual([5, 7, 2]);
  });

  test("NaN and infinite values are counted, and only a constant map is dead", () => {
    expect([...stats.nan]).toEqual([0, 0, 2]);
    expect([...stats.inf]).toEqual([0, 0, 2]);
    expect([...stats.dead]).toEqual([0, 1, 0]);
    expect(count(stats)).toEqual({ nan: 1, inf: 1, dead: 1 });
  });

  test("a map without any finite value has no mean and is not dead", () => {
    const { mean, dead } = measure(Float32Array.of(NaN, NaN, Infinity, Infinity), 2, 2);
    expect([...mean]).toEqual([NaN, NaN]);
    expect([...dead]).toEqual([0, 0]);
  });

  test("single values are not called dead", () => {
    expect([...measure(Float32Array.of(0, 3), 2, 1).dead]).toEqual([0, 0]);
  });
});

describe("words", () => {
  test("numbers keep three digits and a real minus sign", () => {
    expect([0, 0.314159, -12.345, 1234.5, 1.23e-7, -4e9, NaN, Infinity, -Infinity].map(short)).toEqual(["0", "0.314", "−12.3", "1230", "1.23e−7", "−4e9", "NaN", "∞", "−∞"]);
  });

  test("a layer is told by kind, units, map size and calls", () => {
    expect(inWords({ kind: "ReLU", units: 64, size: [14, 10] })).toBe("ReLU, 64 units, maps of 14×10");
    expect(inWords({ kind: "Linear", units: 1, size: [], calls: 3 })).toBe("Linear, 1 unit, no map, one value each, 3 calls per forward");
    expect(inWords({})).toBe("");
  });

  test("seeds in a row are told by their ends", () => {
    expect([[], [7], [3, 4, 5], [1, 5, 2, 8]].map(seedsInWords)).toEqual(["", "seed 7", "seeds 3 … 5", "seeds 1, 5, 2, …"]);
  });
});
