import { describe, expect, test } from "vitest";
import { hit, layout, move, place, reveal, visible } from "../src/lib/geometry";

const kinds: [string, number, number, number][] = [["512 maps of 8×8", 512, 8, 8], ["64 maps of 32×24", 64, 32, 24], ["4096 maps of 4×6", 4096, 4, 6], ["20 values", 20, 1, 1], ["7 maps of 256×100", 7, 256, 100], ["9 maps of 1×40", 9, 1, 40], ["9 maps of 1×8192", 9, 1, 8192], ["3 maps of 100×2000", 3, 100, 2000]];

describe.each(kinds)("%s", (_, units, h, w) => {
  test.each([1, 1.25, 2, 3])("the middle of each cell is hit as that cell at ratio %d", (ratio) => {
    const grid = layout(units, h, w, 900 * ratio, ratio);
    for (let position = 0; position < units; position++) {
      const { x, y } = place(grid, position);
      expect(hit(grid, x + grid.width / 2, y + grid.height / 2)?.position).toBe(position);
    }
  });

  test("cells stay inside the width and do not overlap", () => {
    const grid = layout(units, h, w, 900, 1);
    expect(place(grid, Math.min(units, grid.columns) - 1).x + grid.width).toBeLessThanOrEqual(900);
    expect(grid.pitchX).toBeGreaterThanOrEqual(grid.width);
    expect(place(grid, units - 1).y + grid.pitchY).toBeLessThanOrEqual(grid.total);
  });
});

test("each value of a map covers whole device pixels", () => {
  for (const ratio of [1, 1.5, 2]) {
    for (const [h, w] of [[8, 8], [14, 10], [32, 32], [7, 5]]) {
      const grid = layout(64, h, w, 900, ratio);
      expect(Number.isInteger(grid.across) && Number.isInteger(grid.down)).toBe(true);
      expect([grid.width, grid.height]).toEqual([grid.across * w, grid.down * h]);
    }
  }
});

test.each([[128, 128], [256, 256], [512, 512], [256, 100], [100, 256], [96, 640]])("a map of %d×%d keeps its shape", (h, w) => {
  for (const ratio of [1, 1.25, 2]) {
    const grid = layout(64, h, w, 900 * ratio, ratio);
    expect(Math.max(grid.width, grid.height)).toBeLessThanOrEqual(112 * ratio);
    expect(Math.abs(grid.height - (grid.width * h) / w)).toBeLessThanOrEqual((1 + h / w) / 2);
  }
});

test.each([[1, 40], [1, 8192], [40, 1], [8192, 1], [100, 2000], [2000, 100], [16, 256]])("a map of %d×%d is thick enough to be seen", (h, w) => {
  for (const ratio of [1, 1.25, 2]) {
    const grid = layout(64, h, w, 900 * ratio, ratio);
    expect(Math.min(grid.width, grid.height)).toBeGreaterThanOrEqual(12 * ratio);
    expect(Math.max(grid.width, grid.height)).toBeLessThanOrEqual(112 * ratio);
  }
});

test.each([[256, 100], [77, 512], [1, 1000], [3, 129]])("every point of a map of %d×%d is over one of its values", (h, w) => {
  for (const ratio of [0.9, 1, 1.1, 1.25, 1.5]) {
    const grid = layout(2, h, w, 900, ratio);
    const { x, y } = place(grid, 0);
    expect(hit(grid, x, y)).toEqual({ position: 0, row: 0, column: 0 });
    expect(hit(grid, x + grid.width - 1 / 64, y + grid.height - 1 / 64)).toEqual({ position: 0, row: h - 1, column: w - 1 });
  }
});

test("rows and columns of a map are not confused", () => {
  const grid = layout(3, 2, 6, 900, 1);
  const { x, y } = place(grid, 1);
  expect(hit(grid, x + 4.5 * grid.across, y + 1.5 * grid.down)).toEqual({ position: 1, row: 1, column: 4 });
});

test("the label of a cell belongs to it, but to no value", () => {
  const grid = layout(3, 4, 4, 900, 1);
  const { x, y } = place(grid, 2);
  expect(hit(grid, x + 1, y + grid.height + 2)).toEqual({ position: 2, row: null, column: null });
});

test("beside the grid and past its end there is nothing to hit", () => {
  const grid = layout(5, 4, 4, 240, 1);
  expect(grid.columns).toBe(3);
  const { x, y } = place(grid, 5);
  expect([hit(grid, x + 5, y + 5), hit(grid, -3, 8), hit(grid, 8, -3), hit(grid, 5000, 8)]).toEqual([null, null, null, null]);
});

test("of 4,096 units only those in sight are visible", () => {
  const grid = layout(4096, 8, 8, 900, 1);
  const { first, last } = visible(grid, 20_000, 430);
  expect(last - first).toBeLessThan(200);
  expect(place(grid, first).y).toBeLessThanOrEqual(20_000);
  expect(place(grid, last).y).toBeGreaterThanOrEqual(20_430);
  expect(visible(grid, 1e9, 430)).toEqual({ first: 4096, last: 4096 });
});

describe("keys", () => {
  const grid = layout(22, 4, 4, 4 + 4 + 5 * 64, 1); // 5 columns: rows of 5, 5, 5, 5 and 2
  const from = (position: number, key: string, control = false) => move(grid, position, key, control, 2);

  test("arrows go to the neighbours and stop at the ends", () => {
    expect(grid.columns).toBe(5);
    expect([from(7, "ArrowLeft"), from(7, "ArrowRight"), from(7, "ArrowUp"), from(7, "ArrowDown")]).toEqual([6, 8, 2, 12]);
    expect([from(0, "ArrowLeft"), from(21, "ArrowRight"), from(3, "ArrowUp"), from(21, "ArrowDown")]).toEqual([0, 21, 3, 21]);
  });

  test("down from above the gap in the last row goes to its end", () => {
    expect(from(18, "ArrowDown")).toBe(21);
  });

  test("Home and End go to the ends of a row, with control to the ends of all", () => {
    expect([from(7, "Home"), from(7, "End"), from(7, "Home", true), from(7, "End", true), from(20, "End")]).toEqual([5, 9, 0, 21, 21]);
  });

  test("a page keeps its column", () => {
    expect([from(17, "PageUp"), from(3, "PageUp"), from(1, "PageDown"), from(11, "PageDown"), from(18, "PageDown")]).toEqual([7, 3, 11, 21, 21]);
  });

  test("other keys do not move", () => {
    expect(from(7, "x")).toBeNull();
    expect(move(layout(0, 4, 4, 300, 1), 0, "ArrowRight", false, 1)).toBeNull();
  });
});

test("revealing scrolls as little as it must", () => {
  const grid = layout(500, 8, 8, 300, 1);
  expect(reveal(grid, 0, 100, 200)).toBe(0);
  const row = Math.floor(40 / grid.columns);
  expect(reveal(grid, 40, row * grid.pitchY, 400)).toBe(row * grid.pitchY);
  expect(reveal(grid, 40, 0, 200)).toBe(2 * grid.margin + (row + 1) * grid.pitchY - 200);
});
