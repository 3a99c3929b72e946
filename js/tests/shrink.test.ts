import { expect, test } from "vitest";
import { shrink } from "../src/lib/shrink";

const count = (length: number) => Float32Array.from({ length }, (_, at) => at);

test("each pixel is the mean of values of its own, and every value is in one", () => {
  expect([...shrink(count(8), 0, 2, 4, 1, 2)]).toEqual([2.5, 4.5]);
  expect([...shrink(count(7), 0, 1, 7, 1, 3)]).toEqual([0.5, 2.5, 5]);
  for (const [w, columns] of [[128, 112], [1000, 140], [8192, 112], [12, 11]]) {
    for (let one = 0; one < w; one += 7) {
      const map = new Float32Array(w);
      map[one] = NaN;
      const broken = [...shrink(map, 0, 1, w, 1, columns)].flatMap((value, at) => (Number.isNaN(value) ? [at] : []));
      expect(broken).toEqual([Math.ceil(((one + 1) * columns) / w) - 1]);
    }
  }
});

test("a map that fits stays as it is", () => {
  expect([...shrink(count(12), 0, 3, 4, 3, 4)]).toEqual([...count(12)]);
});

test("a map sees nothing of its neighbours", () => {
  const maps = Float32Array.from({ length: 3 * 600 }, (_, at) => (Math.floor(at / 600) === 1 ? 1 : NaN));
  expect([...shrink(maps, 600, 20, 30, 7, 11)]).toEqual(Array(77).fill(1));
});

test("what is no finite number shows through a mean, NaN first", () => {
  const [inf, nan] = [Infinity, NaN];
  const map = Float32Array.from([1, inf, -inf, 3, inf, nan, nan, -inf]);
  expect([...shrink(map, 0, 1, 8, 1, 4)]).toEqual([inf, -inf, nan, nan]);
});
