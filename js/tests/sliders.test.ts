import { describe, expect, test } from "vitest";
import { FakeModel } from "../src/host/model";
import { list, scrollTo, window } from "../src/lib/list";
import { INSET, nudged, strengthAt, together, withStrength } from "../src/lib/slider";
import type { Stage, State } from "../src/lib/view";
import { acts } from "../src/parts/acts";

describe("a slider", () => {
  test("stands where the hand is, in hundredths, and stops at the ends", () => {
    expect([INSET, INSET + 50, INSET + 100, -40, 400].map((x) => strengthAt(x, 100 + 2 * INSET))).toEqual([0, 0.5, 1, 0, 1]);
    expect(strengthAt(INSET + 33.4, 100 + 2 * INSET)).toBe(0.33);
  });

  test("moves by keys, finely with shift", () => {
    const move = (key: string, shift = false) => nudged(0.5, key, shift);
    expect(["ArrowRight", "ArrowLeft", "PageUp", "PageDown", "Home", "End"].map((key) => move(key))).toEqual([0.55, 0.45, 0.7, 0.3, 0, 1]);
    expect([move("ArrowRight", true), nudged(0.98, "ArrowRight", false), move("x")]).toEqual([0.51, 1, null]);
  });

  test("twenty steps up from nothing are everything, with no rounding left over", () => {
    let strength = 0;
    for (let step = 0; step < 20; step++) strength = nudged(strength, "ArrowRight", false)!;
    expect(strength).toBe(1);
  });
});

describe("many sliders as one", () => {
  const strengths = Float32Array.of(0, 0.3, 0.3, 0.9);

  test("stand at their common strength, or at the mean when mixed", () => {
    expect(together(strengths, [1, 2])).toEqual({ strength: 0.3, mixed: false });
    expect(together(strengths, [0, 3])).toEqual({ strength: 0.45, mixed: true });
    expect(together(strengths, [])).toEqual({ strength: 0, mixed: false });
  });

  test("a gesture gives new strengths and leaves the old ones alone", () => {
    expect([...withStrength(strengths, [0, 3, 99], 1)]).toEqual([1, Math.fround(0.3), Math.fround(0.3), 1]);
    expect(strengths[0]).toBe(0);
  });
});

describe("what hands did", () => {
  const stage = (model: FakeModel) => ({ model, asked() {}, write: (values: State) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  } }) as unknown as Stage;
  const ids = (model: FakeModel) => (model.get("_asked") as { id: number }[]).map(({ id }) => id);

  test("waits until it is taken, and each message has all that waits", () => {
    const model = new FakeModel({});
    const { add, waiting } = acts(stage(model));
    expect(waiting()).toEqual([]);
    for (const act of ["reset", "undo", "redo"] as const) add({ act });
    expect(model.written.map(({ _asked }) => (_asked as State[]).map(({ act }) => act))).toEqual([["reset"], ["reset", "undo"], ["reset", "undo", "redo"]]);
    model.receive({ _taken: ids(model).slice(0, 2) });
    expect(waiting().map(({ act }) => act)).toEqual(["redo"]);
    add({ act: "undo" });
    expect(ids(model)).toHaveLength(2);
    model.receive({ _taken: ids(model) });
    expect(waiting()).toEqual([]);
  });

  test("is known to every view of a model, and is the same list until it changes", () => {
    const model = new FakeModel({ _asked: [], _taken: [] });
    const [one, other] = [acts(stage(model)), acts(stage(model))];
    one.add({ act: "undo" });
    other.add({ act: "redo" });
    expect(one.waiting()).toHaveLength(2);
    expect(one.waiting()).toBe(one.waiting());
  });
});

describe("a long list", () => {
  test("has as many columns as fit", () => {
    expect(list(4096, 880, 26, 240)).toEqual({ units: 4096, columns: 3, row: 26, total: 1366 * 26 });
    expect(list(2, 880, 26, 240).columns).toBe(2);
    expect(list(50, 100, 26, 240).columns).toBe(1);
  });

  test("has only what is in sight", () => {
    const laid = list(4096, 500, 26, 240);
    expect(window(laid, 0, 182)).toEqual({ first: 0, last: 14 });
    expect(window(laid, 13, 182)).toEqual({ first: 0, last: 16 });
    expect(window(laid, 2048 * 26 - 52, 182)).toEqual({ first: 4092, last: 4096 });
    expect(window(list(0, 500, 26, 240), 0, 182)).toEqual({ first: 0, last: 0 });
  });

  test("scrolls no further than it must", () => {
    const laid = list(100, 240, 26, 240);
    expect([scrollTo(laid, 0, 260, 182), scrollTo(laid, 12, 260, 182), scrollTo(laid, 50, 260, 182)]).toEqual([0, 260, 51 * 26 - 182]);
  });
});
