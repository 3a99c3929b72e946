import { describe, expect, test } from "vitest";
import { trace, unpack } from "../src/lib/outline";

/** A mask from a drawing: `#` is inside. */
const drawn = (...rows: string[]): [Uint8Array, number, number] => [Uint8Array.from(rows.join(""), (sign) => Number(sign === "#")), rows[0].length, rows.length];
/** The area inside a loop, negative if it runs counter-clockwise. */
function area(loop: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < loop.length; at += 2) sum += loop[at] * loop[(at + 3) % loop.length] - loop[(at + 2) % loop.length] * loop[at + 1];
  return sum / 2;
}

const total = (loops: number[][]) => loops.reduce((sum, loop) => sum + area(loop), 0);

test("bits are read from the lowest on, each mask from its own byte", () => {
  expect([...unpack(Uint8Array.of(0, 0b10000101, 0b01), 1, 9)]).toEqual([1, 0, 1, 0, 0, 0, 0, 1, 1]);
});

describe("an outline", () => {
  test("of one pixel is its four corners, clockwise", () => {
    expect(trace(...drawn("...", ".#."))).toEqual([[1, 1, 2, 1, 2, 2, 1, 2]]);
  });

  test("has a corner only where it turns", () => {
    expect(trace(...drawn("####", "####"))).toEqual([[0, 0, 4, 0, 4, 2, 0, 2]]);
    expect(trace(...drawn("##", "#."))).toEqual([[0, 0, 2, 0, 2, 1, 1, 1, 1, 2, 0, 2]]);
  });

  test("of nothing is nothing", () => {
    expect(trace(...drawn("...", "..."))).toEqual([]);
  });

  test("goes around a hole the other way", () => {
    const loops = trace(...drawn("####", "#..#", "####"));
    expect(loops.map(area)).toEqual([12, -2]);
  });

  test("of two pixels that touch at a corner is two loops", () => {
    for (const mask of [drawn("#.", ".#"), drawn(".#", "#.")]) expect(trace(...mask).map(area)).toEqual([1, 1]);
  });

  test("of a hole that touches the outside at a corner stays in one piece", () => {
    const loops = trace(...drawn("###.", "#.#.", "##.#", ".###"));
    expect(total(loops)).toBe(11);
  });

  test("encloses as much as is inside, and walks each edge once", () => {
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (let round = 0; round < 300; round++) {
      const [width, height, share] = [1 + Math.floor(9 * random()), 1 + Math.floor(7 * random()), random()];
      const mask = Uint8Array.from({ length: width * height }, () => Number(random() < share));
      const loops = trace(mask, width, height);
      const inside = (x: number, y: number) => (x >= 0 && y >= 0 && x < width && y < height ? mask[y * width + x] : 0);
      let edges = 0;
      for (let y = 0; y <= height; y++) for (let x = 0; x <= width; x++) edges += Number(inside(x, y) !== inside(x - 1, y)) + Number(inside(x, y) !== inside(x, y - 1));
      const walked = loops.flatMap((loop) => Array.from({ length: loop.length / 2 }, (_, at) => {
        const next = (2 * at + 2) % loop.length;
        return Math.abs(loop[next] - loop[2 * at]) + Math.abs(loop[next + 1] - loop[2 * at + 1]);
      }));
      expect(total(loops)).toBe(mask.reduce((sum, bit) => sum + bit, 0));
      expect(walked.reduce((sum, length) => sum + length, 0)).toBe(edges);
    }
  });
});
