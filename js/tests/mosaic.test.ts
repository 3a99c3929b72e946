import { describe, expect, test } from "vitest";
import { parts, table } from "../src/lib/colour";
import { compare, magnify, paint, paintDifference, rangeFor, sheet } from "../src/lib/mosaic";
import { arrangement } from "../src/lib/arrangement";

const words = (laid: ReturnType<typeof sheet>) => new Uint32Array(laid.across * laid.down);

describe("a sheet of three 2×3 images", () => {
  const laid = sheet([3, 2, 3, 1]);

  test("has two columns, two rows, and a clear line between images", () => {
    expect([laid.columns, laid.rows, laid.across, laid.down]).toEqual([2, 2, 7, 5]);
    const into = words(laid);
    paint(Uint8Array.from({ length: 18 }, (_, index) => index + 1), laid, into);
    const grey = [...into].map((word) => (word >>> 24 ? word & 255 : -1));
    expect(grey).toEqual([
      1, 2, 3, -1, 7, 8, 9,
      4, 5, 6, -1, 10, 11, 12,
      -1, -1, -1, -1, -1, -1, -1,
      13, 14, 15, -1, -1, -1, -1,
      16, 17, 18, -1, -1, -1, -1,
    ]);
  });

  test("the difference is after minus before: darker at one end, brighter at the other, none in the middle", () => {
    const before = Uint8Array.from({ length: 18 }, () => 100);
    const after = Uint8Array.from(before);
    [after[0], after[17]] = [60, 140];
    const into = words(laid);
    paintDifference(before, after, laid, 40, into);
    expect([into[0], into[1], into[4 * 7 + 2]]).toEqual([table("diverging")[0], table("diverging")[128], table("diverging")[255]]);
    expect(compare(before, after, laid)).toEqual({ largest: 40, changed: 2 });
  });

  test("bytes after the images are not looked at", () => {
    const before = new Uint8Array(18);
    const after = new Uint8Array(70_000).fill(255, 18);
    expect(compare(before, after, laid)).toEqual({ largest: 0, changed: 0 });
  });
});

test("colours and transparency come through", () => {
  const [rgb, rgba] = [sheet([1, 1, 1, 3]), sheet([1, 1, 1, 4])];
  const into = words(rgb);
  paint(Uint8Array.of(1, 2, 3), rgb, into);
  expect([...parts(into[0]), into[0] >>> 24]).toEqual([1, 2, 3, 255]);
  paint(Uint8Array.of(1, 2, 3, 9), rgba, into);
  expect(into[0] >>> 24).toBe(9);
});

test("the change of a colour is the mean of its three channels, and its transparency is none", () => {
  const laid = sheet([1, 1, 1, 4]);
  expect(compare(Uint8Array.of(10, 20, 30, 0), Uint8Array.of(40, 20, 30, 255), laid)).toEqual({ largest: 10, changed: 1 });
});

test("a scale is the least that clips nothing", () => {
  expect([0, 16, 17, 115, 129, 255].map(rangeFor)).toEqual([16, 16, 32, 128, 255, 255]);
});

test("a pixel gets whole device pixels where there is room", () => {
  const laid = sheet([16, 28, 20, 1]);
  expect(laid.across).toBe(83);
  expect(magnify(laid, 200, 1)).toEqual({ scale: 2, width: 166, height: 2 * 115 });
  expect(magnify(laid, 200, 2)).toEqual({ scale: 4, width: 166, height: 230 });
  expect(magnify(laid, 41.5, 1).scale).toBe(0.5);
});

describe("sheets of 16 images of 28×28", () => {
  const laid = sheet([16, 28, 28, 1]);

  test("stand beside the sliders on a wide page, above them on a narrow one", () => {
    expect(arrangement(laid, 1200, 1).side).toBe(true);
    expect(arrangement(laid, 880, 2).side).toBe(true);
    expect(arrangement(laid, 880, 1).side).toBe(false);
  });

  test("stand two in a row where three would be tiny", () => {
    expect(magnify(laid, arrangement(laid, 360, 2).room, 2).width).toBe(115);
  });

  test("always have some room", () => {
    for (const width of [0, 1, 100]) expect(arrangement(laid, width, 1).room).toBeGreaterThan(0);
  });
});
