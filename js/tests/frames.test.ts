import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { frames } from "../src/lib/bind";

let said: unknown[];
let wrong: Set<string>;
let drawn: string[];
const task = (name: string) => () => {
  if (wrong.has(name)) throw new Error(name);
  drawn.push(name);
};
const started = () => {
  const tasks = frames(new AbortController().signal, () => true, (problem) => said.push(problem instanceof Error ? problem.message : problem));
  const [first, second, third] = ["first", "second", "third"].map((name) => tasks.declare(task(name)));
  return { tasks, first, second, third };
};

beforeEach(() => {
  [said, wrong, drawn] = [[], new Set(), []];
  vi.stubGlobal("requestAnimationFrame", () => 1);
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("a task that failed does not keep the others from being drawn", () => {
  wrong.add("first");
  started().tasks.flush();
  expect(drawn).toEqual(["second", "third"]);
  expect(said).toEqual(["first"]);
});

test("it stays failed while others are drawn, and until it has run without", () => {
  wrong.add("second");
  const { tasks, first, second } = started();
  tasks.flush();
  first();
  tasks.flush();
  expect(said).toEqual(["second", "second"]);
  expect(console.error).toHaveBeenCalledTimes(1);
  second();
  tasks.flush();
  expect(said.at(-1)).toBe("second");
  wrong.clear();
  second();
  tasks.flush();
  expect(said.at(-1)).toBe(null);
});

test("of two that failed the one that is left is told", () => {
  wrong = new Set(["first", "third"]);
  const { tasks, first } = started();
  tasks.flush();
  wrong.delete("first");
  first();
  tasks.flush();
  expect(said).toEqual(["first", "third"]);
  wrong.clear();
  tasks.all();
  tasks.flush();
  expect(said.at(-1)).toBe(null);
});
