// From the first touch of a slider to the last: previews while it moves, one commit when it ends.
import { listen, pace } from "../lib/bind";
import { withStrength } from "../lib/slider";
import type { Stage } from "../lib/view";
import { floats } from "../lib/wire";
import { acts, type Deed } from "./acts";

export type Target = number | "selection";
interface Preview {
  units: number[] | "selection";
  strength: number;
}

const SETTLE = 350;

export interface Gesture {
  /** The preview on show, the hand's here or one in another view. */
  preview(): Preview | null;
  /** The committed strengths, also those that the kernel has not taken yet. */
  strengths(): Float32Array;
  /** What an ablated unit becomes. */
  value(): string | undefined;
  selection(): number[];
  /** What a slider stands at now. */
  strengthOf(unit: number): number;
  to(target: Target, strength: number): void;
  /** As `to`, and commit by itself after a moment without another key. */
  nudge(target: Target, strength: number): void;
  commit(): void;
  cancel(): void;
  /** Commit what the hand holds, then do this. */
  act(deed: Deed): void;
  /** Whether something that may be undone, or may be redone, is not taken yet. */
  waits(back: "undo" | "redo"): boolean;
}

export function gesture(stage: Stage, changed: () => void): Gesture {
  const { model, signal, write, asked, answered } = stage;
  const { waiting, add } = acts(stage);
  let hand: Preview | null = null;
  let timer = 0;
  let committed: { source: unknown; due: unknown; values: Float32Array } = { source: null, due: null, values: new Float32Array(0) };

  const strengths = () => {
    const [source, due] = [model.get("strengths"), waiting()];
    if (committed.source !== source || committed.due !== due) {
      const values = due.reduce((before, deed) => (deed.act === "commit" ? withStrength(before, deed.units, deed.strength) : before), floats(source));
      committed = { source, due, values };
    }
    return committed.values;
  };
  const selection = (): number[] => model.get("selection") ?? [];
  const preview = () => hand ?? (model.get("preview") as Preview | null);
  const pacer = pace(() => {
    if (!hand) return;
    write({ preview: { ...hand } });
    asked();
  }, signal);
  const forget = () => {
    clearTimeout(timer);
    timer = 0;
    pacer.cancel();
    hand = null;
  };
  const sameTarget = (target: Target) => (target === "selection" ? hand?.units === "selection" : Array.isArray(hand?.units) && hand.units[0] === target);
  const unitsOf = (moved: Preview) => (moved.units === "selection" ? selection() : moved.units);

  const commit = () => {
    if (!hand) return;
    const moved = hand;
    const before = strengths();
    const units = unitsOf(moved);
    // while an undo waits, nobody here knows where the sliders are
    const same = !waiting().length && units.every((unit) => before[unit] === Math.fround(moved.strength));
    forget();
    if (same || !units.length) write({ preview: null });
    else add({ act: "commit", units, strength: moved.strength });
    changed();
  };
  const to = (target: Target, strength: number) => {
    if (hand && !sameTarget(target)) commit();
    if (hand?.strength === strength) return;
    hand = { units: target === "selection" ? "selection" : [target], strength };
    pacer.ask();
    changed();
  };

  listen(model, ["info"], () => {
    const had = hand;
    forget();
    if (had) write({ preview: null });
  }, signal);
  listen(model, ["after", "status", "strengths"], answered, signal);
  // nobody else lets go of what a reloaded page or a closed view was holding
  if (model.get("preview")) write({ preview: null });
  signal.addEventListener("abort", () => {
    const had = hand;
    forget();
    if (had) write({ preview: null });
  });
  return {
    preview,
    strengths,
    selection,
    value: () => waiting().reduce((before, deed) => (deed.act === "become" ? deed.value : before), model.get("value") as string | undefined),
    strengthOf(unit) {
      const moved = preview();
      const covered = moved && (moved.units === "selection" ? selection().includes(unit) : moved.units?.includes(unit));
      return covered ? moved.strength : (strengths()[unit] ?? 0);
    },
    to,
    nudge(target, strength) {
      to(target, strength);
      clearTimeout(timer);
      timer = window.setTimeout(commit, SETTLE);
    },
    commit,
    cancel() {
      if (!hand) return;
      forget();
      write({ preview: null });
      changed();
    },
    act(deed) {
      commit();
      add(deed);
    },
    waits: (back) => waiting().some(({ act }) => (back === "redo") === (act === "undo")),
  };
}
