import { expect, test } from "vitest";
import { bytes, floats, sizes } from "../src/lib/wire";
import { wire } from "./wired";

const framed = (values: number[], offset: number, padding = 0) => {
  const whole = new Uint8Array(offset + 4 * values.length + padding).fill(255);
  const view = new DataView(whole.buffer, offset, 4 * values.length + padding);
  values.forEach((value, index) => view.setFloat32(4 * index, value, true));
  return view;
};

test("floats are read at every byte offset", () => {
  for (const offset of [0, 1, 2, 3, 4, 7, 8]) expect([...floats(framed([0.5, -2, 3], offset))]).toEqual([0.5, -2, 3]);
});

test("an aligned buffer is not copied", () => {
  const view = framed([1, 2], 8);
  expect(floats(view).buffer).toBe(view.buffer);
});

test("only as many floats as asked for are read from a padded buffer", () => {
  expect([...floats(framed([1, 2], 3, 6), 2)]).toEqual([1, 2]);
});

test("a buffer that ends within a float gives the whole ones before it", () => {
  expect(floats(framed([1, 2], 0, 3))).toHaveLength(2);
});

test("no buffer is an empty one", () => {
  expect(bytes(null)).toHaveLength(0);
  expect(floats(undefined, 5)).toHaveLength(0);
});

test("bytes keep the offset and the length of their view", () => {
  expect([...bytes(new DataView(Uint8Array.of(9, 8, 7, 6).buffer, 1, 2))]).toEqual([8, 7]);
});

test("what is written is read back the same", () => {
  const values = Float32Array.of(0, 0.1, 1, 0.333);
  expect(floats(wire(values))).toEqual(values);
});

test("a shape that is no shape counts as zeros", () => {
  expect(sizes([3, "x", -1, 2.5], 4)).toEqual([3, 0, 0, 0]);
  expect(sizes(null, 2)).toEqual([0, 0]);
});
