import { describe, expect, test } from "vitest";
import { columnsSeen, inside, labelled, reveal, rowsSeen, runs, sheet, type Sheet, spotAt, step, xOf, yOf } from "../src/lib/heatmap";

const lay = (rows: number, columns: number, more = {}): Sheet => sheet({ rows, columns, rowText: 30, columnText: 60, bands: true, width: 900, height: 600, ratio: 2, ...more });
const kinds: [number, number][] = [[512, 400], [512, 100], [64, 14], [3, 2], [2, 300], [400, 1]];

describe.each(kinds)("%d units and %d concepts", (rows, columns) => {
  test.each([1, 1.25, 2, 3])("cells are whole device pixels at ratio %d, and the middle of each is hit as that cell", (ratio) => {
    const laid = lay(rows, columns, { ratio });
    expect([laid.wide * ratio, laid.high * ratio].map((length) => Math.abs(length - Math.round(length)) < 1e-9)).toEqual([true, true]);
    for (const [row, column] of [[0, 0], [rows - 1, columns - 1], [rows >> 1, columns >> 1]]) {
      Object.assign(laid, { x: column * laid.wide, y: row * laid.high });
      expect(spotAt(laid, xOf(laid, column) + laid.wide / 2, yOf(laid, row) + laid.high / 2)).toEqual({ row, column });
    }
  });

  test("cells are never too small to see", () => {
    const { wide, high } = lay(rows, columns);
    expect(wide).toBeGreaterThanOrEqual(8);
    expect(high).toBeGreaterThanOrEqual(7);
  });

  test("what is in sight covers the window and no more than one cell beside it", () => {
    const laid = lay(rows, columns);
    Object.assign(laid, { x: Math.max(0, laid.width - 900), y: Math.max(0, laid.height - 600) });
    const [[column, lastColumn], [row, lastRow]] = [columnsSeen(laid), rowsSeen(laid)];
    expect([lastRow, lastColumn]).toEqual([rows, columns]);
    expect(xOf(laid, column)).toBeLessThanOrEqual(laid.left);
    expect(xOf(laid, column + 1)).toBeGreaterThan(laid.left);
    expect(yOf(laid, row)).toBeLessThanOrEqual(laid.top);
    expect(yOf(laid, row + 1)).toBeGreaterThan(laid.top);
  });
});

test("few concepts have their names lying, many have them standing", () => {
  expect(lay(3, 2, { columnText: 40 }).upright).toBe(false);
  expect(lay(3, 2, { columnText: 400 }).upright).toBe(true);
  expect(lay(64, 100).upright).toBe(true);
});

test("a name of any length leaves room for cells", () => {
  expect(lay(64, 14, { columnText: 5000 }).top).toBeLessThan(150);
});

test("a heading is hit beside the cells, the corner and what is past the end are not", () => {
  const laid = lay(64, 14);
  const middle = { x: laid.left + 2.5 * laid.wide, y: laid.top + 5.5 * laid.high };
  expect(spotAt(laid, middle.x, 3)).toEqual({ row: -1, column: 2 });
  expect(spotAt(laid, 3, middle.y)).toEqual({ row: 5, column: -1 });
  expect([spotAt(laid, 3, 3), spotAt(laid, laid.width + 1, middle.y), spotAt(laid, middle.x, laid.height + 1), spotAt(laid, -1, middle.y)]).toEqual([null, null, null, null]);
});

test("rows and columns are not confused when scrolled", () => {
  const laid = Object.assign(lay(512, 400), { x: 100 * 8, y: 30 * 7 });
  expect(spotAt(laid, laid.left + 4, laid.top + 3)).toEqual({ row: 30, column: 100 });
  expect(spotAt(laid, 3, laid.top + 3)).toEqual({ row: 30, column: -1 });
});

describe("keys", () => {
  const laid = lay(50, 10, { height: 180 });
  const from = (row: number, column: number, key: string, control = false) => {
    const spot = step(laid, { row, column }, key, control);
    return spot && [spot.row, spot.column];
  };

  test("arrows go to the neighbours and stop at the ends", () => {
    expect([from(5, 5, "ArrowLeft"), from(5, 5, "ArrowRight"), from(5, 5, "ArrowUp"), from(5, 5, "ArrowDown")]).toEqual([[5, 4], [5, 6], [4, 5], [6, 5]]);
    expect([from(49, 9, "ArrowRight"), from(49, 9, "ArrowDown")]).toEqual([[49, 9], [49, 9]]);
  });

  test("arrows reach the headings, and go along them but never into the corner", () => {
    expect([from(5, 0, "ArrowLeft"), from(0, 5, "ArrowUp")]).toEqual([[5, -1], [-1, 5]]);
    expect([from(0, -1, "ArrowUp"), from(-1, 0, "ArrowLeft"), from(5, -1, "ArrowLeft"), from(-1, 5, "ArrowUp")]).toEqual([[0, -1], [-1, 0], [5, -1], [-1, 5]]);
    expect([from(5, -1, "ArrowDown"), from(-1, 5, "ArrowRight"), from(-1, 5, "ArrowDown")]).toEqual([[6, -1], [-1, 6], [0, 5]]);
  });

  test("Home and End go to the ends of a row, with control to the ends of all", () => {
    expect([from(5, 5, "Home"), from(5, 5, "End"), from(5, 5, "Home", true), from(5, 5, "End", true)]).toEqual([[5, 0], [5, 9], [0, 0], [49, 9]]);
    expect([from(-1, 5, "End"), from(-1, 5, "Home")]).toEqual([[-1, 9], [-1, 0]]);
  });

  test("a page keeps its column and stays among the units", () => {
    const page = Math.floor((180 - laid.top) / laid.high);
    expect([from(20, 5, "PageUp"), from(20, 5, "PageDown"), from(2, 5, "PageUp"), from(48, 5, "PageDown"), from(-1, 5, "PageUp")]).toEqual([[20 - page, 5], [20 + page, 5], [0, 5], [49, 5], [-1, 5]]);
  });

  test("other keys do not move, and without rows none does", () => {
    expect([from(5, 5, "x"), from(5, 5, "toString"), step(lay(0, 10), { row: -1, column: 0 }, "ArrowDown", false)]).toEqual([null, null, null]);
  });

  test("a place that is gone becomes the nearest there is", () => {
    expect([inside(laid, 99, 99), inside(laid, -5, -5), inside(lay(0, 10), 0, 3)]).toEqual([{ row: 49, column: 9 }, { row: 0, column: 0 }, { row: -1, column: 3 }]);
  });
});

test("revealing scrolls as little as it must, in both directions", () => {
  const laid = Object.assign(lay(512, 400), { x: 800, y: 700 });
  expect(reveal(laid, { row: 110, column: 110 })).toEqual({ left: 800, top: 700 });
  expect(reveal(laid, { row: 5, column: 7 })).toEqual({ left: 56, top: 35 });
  expect(reveal(laid, { row: -1, column: -1 })).toEqual({ left: 800, top: 700 });
  const { left, top } = reveal(laid, { row: 511, column: 399 });
  expect([left, top]).toEqual([laid.width - 2 - 900, laid.height - 2 - 600]);
});

describe("headings", () => {
  test("each has one where there is room, else as many as fit", () => {
    expect([...labelled(0, 6, 20, () => false).keys()]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...labelled(0, 6, 8, () => false).keys()]).toEqual([0, 2, 4]);
    expect([...labelled(3, 9, 5, () => false).keys()]).toEqual([3, 6]);
  });

  test("important ones come first and push their neighbours aside", () => {
    expect([...labelled(0, 8, 8, (at) => at === 3)].sort(([a], [b]) => a - b)).toEqual([[0, false], [3, true], [6, false]]);
    expect([...labelled(0, 8, 8, (at) => at > 2 && at < 7).keys()].sort()).toEqual([0, 3, 5]);
  });

  test("they stay on the same rows while scrolling", () => {
    expect([...labelled(7, 13, 5, () => false).keys()]).toEqual([6, 9, 12]);
  });

  test("runs of equal neighbours are found in order", () => {
    expect(runs(["a", "a", "b", "a"])).toEqual([[0, 2, "a"], [2, 3, "b"], [3, 4, "a"]]);
    expect(runs([])).toEqual([]);
  });
});
