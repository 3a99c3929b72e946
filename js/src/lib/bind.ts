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
export class Frames {
  private readonly tasks: (() => void)[] = [];
  private readonly waiting = new Set<() => void>();
  private asked = 0;

  constructor(private readonly signal: AbortSignal, private readonly ready: () => boolean, private readonly settled: (problem: unknown) => void) {
    signal.addEventListener("abort", () => cancelAnimationFrame(this.asked));
  }

  declare(task: () => void): () => void {
    this.tasks.push(task);
    this.waiting.add(task);
    return () => this.ask(task);
  }

  /** Run all tasks in the next frame. */
  all = (): void => {
    for (const task of this.tasks) this.ask(task);
  };

  private ask(task: () => void): void {
    this.waiting.add(task);
    if (!this.asked && !this.signal.aborted) {
      this.asked = requestAnimationFrame(() => {
        this.asked = 0;
        this.flush();
      });
    }
  }

  /** Run what waits, now; nothing happens while there is nowhere to draw. */
  flush(): boolean {
    if (this.signal.aborted || !this.ready()) return false;
    try {
      for (const task of this.tasks) if (this.waiting.delete(task)) task();
      this.settled(null);
    } catch (problem) {
      this.settled(problem);
    }
    return true;
  }
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
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw, { signal });
  window.addEventListener("resize", redraw, { signal });
  signal.addEventListener("abort", () => {
    sized.disconnect();
    seen.disconnect();
    themed.disconnect();
  });
}
