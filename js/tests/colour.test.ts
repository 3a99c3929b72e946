import { describe, expect, test } from "vitest";
import { gradient, inkOn, INF_COLOUR, NAN_COLOUR, NEGATIVE_INF_COLOUR, parts, table, word } from "../src/lib/colour";
import { colourise, indexOf, scaleOf, scaleOfUnit } from "../src/lib/range";

// what gan_widgets.core.pixels.colormap gives for the same indices
const PYTHON = { sequential: [[27, 15, 51], [27, 16, 52], [43, 39, 110], [50, 58, 144], [36, 104, 157], [34, 138, 150], [103, 189, 117], [145, 209, 92], [249, 242, 164], [251, 243, 165]], diverging: [[22, 66, 126], [22, 68, 127], [52, 122, 185], [105, 156, 200], [183, 205, 221], [242, 241, 241], [212, 155, 125], [196, 113, 81], [123, 29, 40], [121, 27, 40]] } as const;
const INDICES = [0, 1, 40, 64, 100, 128, 177, 200, 254, 255];

describe.each(["sequential", "diverging"] as const)("%s", (name) => {
  test("has the colours that Python draws with", () => {
    INDICES.forEach((index, at) => {
      parts(table(name)[index]).forEach((channel, which) => expect(Math.abs(channel - PYTHON[name][at][which])).toBeLessThanOrEqual(1));
    });
  });

  test("is opaque, and holds no colour of a broken value", () => {
    const broken = [NAN_COLOUR, INF_COLOUR, NEGATIVE_INF_COLOUR].map(word);
    for (const colour of table(name)) {
      expect(colour >>> 24).toBe(255);
      expect(broken).not.toContain(colour);
    }
  });
});

const light = (colour: number) => parts(colour).reduce((sum, channel, at) => sum + [0.2126, 0.7152, 0.0722][at] * (channel / 255) ** 2.2, 0);

test("sequential grows brighter at every step, diverging is brightest in the middle", () => {
  const sequential = [...table("sequential")].map(light);
  for (let index = 1; index < 256; index++) expect(sequential[index]).toBeGreaterThan(sequential[index - 1] - 2e-3);
  const diverging = [...table("diverging")].map(light);
  expect([127, 128]).toContain(diverging.indexOf(Math.max(...diverging)));
});

test("numbers on any colour keep a contrast of 4.5", () => {
  for (const name of ["sequential", "diverging"] as const) {
    for (const colour of table(name)) {
      const linear = parts(colour).map((byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
      const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
      const contrast = inkOn(colour) === "#000" ? (luminance + 0.05) / 0.05 : 1.05 / (luminance + 0.05);
      expect(contrast).toBeGreaterThanOrEqual(4.5);
    }
  }
});

test("a gradient runs from the first colour to the last", () => {
  expect(gradient("diverging")).toMatch(/^linear-gradient\(to right, rgb\(22, 66, 126\), .*rgb\(121, 27, 40\)\)$/);
});

test("a range starts at zero unless something is negative, then it is symmetric", () => {
  expect(scaleOf(0.5, 3)).toEqual({ map: "sequential", low: 0, high: 3 });
  expect(scaleOf(-1, 3)).toEqual({ map: "diverging", low: -3, high: 3 });
  expect(scaleOf(-4, -1)).toEqual({ map: "diverging", low: -4, high: 4 });
  expect(scaleOf(NaN, Infinity)).toEqual({ map: "sequential", low: 0, high: 0 });
});

test("a unit's own range has the shared colours and its own ends", () => {
  expect(scaleOfUnit(scaleOf(0, 9), 0, 2)).toEqual({ map: "sequential", low: 0, high: 2 });
  expect(scaleOfUnit(scaleOf(-9, 9), -2, 1)).toEqual({ map: "diverging", low: -2, high: 2 });
});

test("the ends take the end colours, zero the first or the middle one", () => {
  const [up, both, none] = [scaleOf(0, 2), scaleOf(-2, 2), scaleOf(0, 0)];
  expect([indexOf(0, up), indexOf(2, up), indexOf(9, up), indexOf(-9, up), indexOf(0, both), indexOf(5, none)]).toEqual([0, 255, 255, 0, 127, 0]);
});

test("NaN does not poison the colours of its neighbours", () => {
  const values = Float32Array.of(0, NaN, 1, Infinity, -Infinity, 1);
  const into = new Uint32Array(8);
  colourise(values, 0, 3, 2, scaleOf(0, 1), into, 0, 4);
  const [zero, one] = [table("sequential")[0], table("sequential")[255]];
  expect([...into]).toEqual([zero, word(NAN_COLOUR), one, 0, word(INF_COLOUR), word(NEGATIVE_INF_COLOUR), one, 0]);
});
