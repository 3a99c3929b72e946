import { describe, expect, test } from "vitest";
import { field } from "../src/lib/csv";
import { fileName, foundCsv } from "../src/lib/csv_found";
import { table } from "../src/lib/colour";
import { bar, colourOf, grey, ramp } from "../src/lib/heatmap_colour";
import { best, byCategory, canRank, decode, type Found, interpretable, orderOf, reach, tally, unranked } from "../src/lib/heatmap_found";

// five units and three concepts; unit 3 is tied, unit 4 has no concept
const IOU = [0.1, 0.4, 0, 0.3, 0, 0.02, 0.2, 0.5, 0.1, 0.9, 0.9, 0.9, NaN, 0, 0];
const traits = (planes: number, more = {}) => {
  const values = new Float32Array(planes * 15);
  for (let plane = 0; plane < planes; plane++) values.set(IOU.map((value) => value / (plane + 1)), plane * 15);
  const state = { values: values.buffer, shape: [planes, 5, 3], concepts: [["hole", "form"], ["top", "place"], ["end", "form"]], rows: { labels: [1, 0, 1, 0, -1], states: ["ok", "ok", "ok", "tied", "ok"], clustered: [], chances: planes > 3 ? [0.03, 0.002, 0.01, null, null] : [] }, ...more };
  return [state.values, state.shape, state.concepts, state.rows] as Parameters<typeof decode>;
};
const found = decode(...traits(6))!;

describe("reading the traits", () => {
  test("planes are IoU, low, high, p, q and p among all cells", () => {
    expect(found.iou[1]).toBeCloseTo(0.4);
    expect([found.low[1], found.high[1], found.p![1], found.q![1], found.family![1]].map((value) => value.toFixed(3))).toEqual(["0.200", "0.133", "0.100", "0.080", "0.067"]);
    expect(found.chances[1]).toBe(0.002);
    expect(found.names).toEqual(["hole", "top", "end"]);
  });

  test("without a null there is no p of any kind, and no q", () => {
    const { p, q, family, chances } = decode(...traits(3))!;
    expect([p, q, family, chances]).toEqual([null, null, null, []]);
  });

  test.each([
    ["nothing", { values: null, shape: [], concepts: [], rows: {} }],
    ["too short a buffer", { values: new ArrayBuffer(40) }],
    ["another number of concepts", { concepts: [["hole", "form"]] }],
    ["another number of units", { rows: { labels: [0], states: ["ok"], clustered: [] } }],
    ["no rows", { rows: undefined }],
    ["two planes", { shape: [2, 5, 3] }],
  ])("%s is no dissection", (_, more) => {
    expect(decode(...traits(5, more))).toBeNull();
  });
});

describe("ranking", () => {
  test("a tied unit and one without a concept are never ranked", () => {
    expect([0, 1, 2, 3, 4].map((unit) => canRank(found, unit))).toEqual([true, true, true, false, false]);
    expect(unranked(found)).toEqual([["tied", 1], ["without a concept", 1]]);
  });

  test("a unit's IoU is that with its best concept, not its largest", () => {
    expect(best({ ...found, labels: [0, 0, 1, 0, -1] }, 0)).toBeCloseTo(0.1);
    expect(best(found, 4)).toBeNaN();
  });

  test("concepts are grouped by category as they first occur", () => {
    expect(byCategory(found.categories)).toEqual([0, 2, 1]);
  });

  test.each([
    ["iou", [2, 0, 1, 3, 4]],
    ["concept", [1, 2, 0, 3, 4]],
    ["category", [1, 2, 0, 3, 4]],
    ["number", [0, 1, 2, 3, 4]],
    ["toString", [2, 0, 1, 3, 4]],
    ["cluster", [0, 1, 2, 3, 4]],
  ])("by %s", (sort, order) => {
    expect(orderOf(found, sort)).toEqual(order);
  });

  test("the clustering is taken as it comes", () => {
    expect(orderOf({ ...found, clustered: [2, 1, 0, 4, 3] }, "cluster")).toEqual([2, 1, 0, 4, 3]);
  });

  test("units that cannot be ranked count neither for the range nor for what is interpretable", () => {
    expect(reach(found)).toBeCloseTo(0.5);
    expect([0, 1, 2, 3, 4].filter((unit) => interpretable(found, unit, 0.35))).toEqual([0, 2]);
    expect(tally(found, 0.35)).toEqual({ units: 2, concepts: 1 });
    expect(tally(found, 0)).toEqual({ units: 3, concepts: 2 });
  });

  test("the range of nothing is one", () => {
    expect(reach({ ...found, iou: new Float32Array(15) })).toBe(1);
  });
});

describe("colours", () => {
  test("the largest is the far end of the colormap, which is dark on light pages", () => {
    const [light, dark] = [ramp(false), ramp(true)];
    expect([light[0], light[255]]).toEqual([table("sequential")[255], table("sequential")[0]]);
    expect(dark[255]).toBe(table("sequential")[255]);
    expect(colourOf(0.5, 0.05, 0.5, light)).toBe(light[255]);
    expect(colourOf(0.7, 0.05, 0.5, light)).toBe(light[255]);
  });

  test("below the threshold is grey, at it is not, and no number is magenta", () => {
    const colours = ramp(true);
    expect(colourOf(0.049, 0.05, 0.5, colours) & 0xffffff).toBe(0x808080);
    expect(colourOf(0.05, 0.05, 0.5, colours)).toBe(colours[25]);
    expect(colourOf(NaN, 0.05, 0.5, colours)).toBe(0xffff00ff);
    expect(colourOf(0, 0, 0.5, colours)).toBe(colours[0]);
    expect(grey(1) >>> 24).toBeGreaterThan(grey(0) >>> 24);
  });

  test("a bar has the colours of its values", () => {
    expect(bar(0.5, 0.5, ramp(true)).match(/128 128 128/g)).toHaveLength(64);
  });
});

describe("comma-separated values", () => {
  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|x", "%x", "\u202e=1", "\n@x"])("%j is defused", (name) => {
    expect(field(name).startsWith(`"'`)).toBe(true);
  });

  test("quotes are doubled, and harmless text stays as it is", () => {
    expect(field('a "hole", or two')).toBe('"a ""hole"", or two"');
    expect(field("a=b")).toBe('"a=b"');
    expect(field("")).toBe('""');
  });

  test("numbers are as short as a float32 is exact, and what is no number is nothing", () => {
    expect([Math.fround(0.31), 1e-7, 12, NaN, Infinity, undefined].map(field)).toEqual(["0.31", "1e-7", "12", "", "", ""]);
  });

  test("one line for each unit and concept that is shown, in this order, with all numbers", () => {
    const lines = foundCsv(found, [2, 3], [0, 2]).split("\r\n");
    expect(lines).toEqual([
      '"unit","state","concept","category","best","iou","ci_low","ci_high","p","family_wise","q","label_p"',
      '2,"ok","hole","form",0,0.2,0.1,0.06666667,0.05,0.03333334,0.04,',
      '2,"ok","end","form",0,0.1,0.05,0.03333334,0.025,0.01666667,0.02,',
      '3,"tied","hole","form",1,0.9,0.45,0.3,0.225,0.15,0.18,',
      '3,"tied","end","form",0,0.9,0.45,0.3,0.225,0.15,0.18,',
      "",
    ]);
    expect(foundCsv({ ...found, p: null, q: null, family: null, chances: [] } as Found, [0], [0]).split("\r\n")[1]).toBe('0,"ok","hole","form",0,0.1,0.05,0.03333334,,,,');
    expect(foundCsv(found, [1], [0]).split("\r\n")[1]).toMatch(/,0\.002$/);
  });

  test("a layer's name makes a file name on any system", () => {
    expect([fileName("net.6"), fileName("../../etc"), fileName("<b>:|x"), fileName(""), fileName("x".repeat(500)).length]).toEqual(["iou-net.6.csv", "iou-..-..-etc.csv", "iou--b-x.csv", "iou-.csv", 68]);
  });
});
