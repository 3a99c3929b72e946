// The model and the page on one side, drawing on the other. Everything ends with the signal.
import type { AnyModel } from "@anywidget/types";

/** Call `listener` when any of these traits changes, also when it was this front end that changed it. */
export function listen<T extends Record<string, unknown>>(model: AnyModel<T>, names: readonly string[], listener: () => void, signal: AbortSignal): void {
  for (const name of names) model.on(`change:${name}`, listener);
  signal.addEventListener("abort", () => {
    for (const name of names) model.off(`change:${name as keyof T & string}`, listener);
  });
}

/** Tasks that wait for the next frame. Each runs once a frame however often it was asked for, in the order they were declared. */
export interface Frames {
  /** Add a task, which waits from now on; gives a way to ask for it again. */
  declare(task: () => void): () => void;
  /** Run all tasks in the next frame. */
  all(): void;
  /** Run what waits, now; nothing happens while there is nowhere to draw. */
  flush(): boolean;
}

/** `settled` hears after each frame what is still wrong, or null: a task that failed stays so until it has run without. */
export function frames(signal: AbortSignal, ready: () => boolean, settled: (problem: unknown) => void): Frames {
  const tasks: (() => void)[] = [];
  const waiting = new Set<() => void>();
  const failed = new Map<() => void, unknown>();
  let asked = 0;
  signal.addEventListener("abort", () => cancelAnimationFrame(asked));

  const ask = (task: () => void) => {
    waiting.add(task);
    if (!asked && !signal.aborted) {
      asked = requestAnimationFrame(() => {
        asked = 0;
        flush();
      });
    }
  };
  const attempt = (task: () => void) => {
    failed.delete(task);
    try {
      task();
    } catch (problem) {
      console.error(problem);
      failed.set(task, problem);
    }
  };
  const flush = () => {
    if (signal.aborted || !ready()) return false;
    for (const task of tasks) if (waiting.delete(task)) attempt(task);
    const [problem = null] = failed.values();
    settled(problem);
    return true;
  };
  return {
    declare(task) {
      tasks.push(task);
      waiting.add(task);
      return () => ask(task);
    },
    all: () => tasks.forEach(ask),
    flush,
  };
}

const GAP = 8;

/**
 * A `send` at once when half a frame has gone by since the last, else the last of the others as soon as it has.
 * Waiting for a frame instead would make every picture late by half of one.
 */
export function pace(send: () => void, signal: AbortSignal): { ask(): void; cancel(): void } {
  let timer = 0;
  let again = false;
  const next = () => {
    timer = 0;
    if (again && !signal.aborted) go();
  };
  const go = () => {
    again = false;
    timer = window.setTimeout(next, GAP);
    send();
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    ask() {
      if (timer) again = true;
      else go();
    },
    cancel() {
      again = false;
    },
  };
}

/** Call `redraw` when the element is no longer `width` wide, comes into sight, or the page changes its colours or its zoom. */
export function watchPage(root: Element, width: number, redraw: () => void, signal: AbortSignal): void {
  const box = (wide: number) => `${wide} ${devicePixelRatio}`;
  let drawn = box(width);
  let hidden = false;
  const sized = new ResizeObserver(() => {
    const now = box(root.clientWidth);
    if (now !== drawn) redraw();
    drawn = now;
  });
  const seen = new IntersectionObserver((entries) => {
    const now = entries[entries.length - 1].isIntersecting;
    if (now && hidden) redraw();
    hidden = !now;
  });
  const themed = new MutationObserver(redraw);
  sized.observe(root);
  seen.observe(root);
  for (const element of [document.documentElement, document.body]) themed.observe(element, { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-jp-theme-name", "data-jp-theme-light"] });
  for (const colours of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(colours).addEventListener("change", redraw, { signal });
  window.addEventListener("resize", redraw, { signal });
  signal.addEventListener("abort", () => {
    sized.disconnect();
    seen.disconnect();
    themed.disconnect();
  });
}
