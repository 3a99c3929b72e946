// What hands do that is more than a move: each is asked for again until the kernel says that it was taken. A message of its own
// would overtake moves, which wait in the page while the kernel is at work; and a list in a trait may be replaced by a later one.
import type { Stage } from "../lib/view";

export type Deed =
  | { act: "commit"; units: number[]; strength: number }
  | { act: "become"; value: string }
  | { act: "undo" | "redo" | "reset" | "new samples" };

export interface Acts {
  /** What was done and not taken yet, in order. */
  waiting(): readonly Deed[];
  /** Do it; a move ends with it. */
  add(deed: Deed): void;
}

type Asked = Deed & { id: number };

/** The traits whose change may change what waits. */
export const ACTS = ["_asked", "_taken"];

export function acts({ model, write, asked }: Stage): Acts {
  const none: Asked[] = [];
  let seen = { list: none, taken: [] as number[], waiting: none };

  const waiting = () => {
    const list: Asked[] = model.get("_asked") ?? none;
    const taken: number[] = model.get("_taken") ?? seen.taken;
    if (seen.list !== list || seen.taken !== taken) seen = { list, taken, waiting: list.filter(({ id }) => !taken.includes(id)) };
    return seen.waiting;
  };
  return {
    waiting,
    add(deed) {
      const id = Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
      write({ _asked: [...waiting(), { id, ...deed }], preview: null });
      asked();
    },
  };
}
