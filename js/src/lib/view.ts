// What every view shares: its root, the error banner, the note over a busy kernel, and when to draw.
import type { AnyModel, Render } from "@anywidget/types";
import { frames, listen, watchPage } from "./bind";
import { attribute, h, say } from "./dom";

export type State = Record<string, any>;

export interface Stage {
  model: AnyModel<State>;
  root: HTMLElement;
  signal: AbortSignal;
  /** The width of the root in CSS pixels, as last measured: asking the page itself would make it lay out what has just been written. */
  width(): number;
  /** Run `task` at the first drawing, at every redrawing, and one frame after any of these traits changed. Gives a way to ask for it. */
  draw(traits: readonly string[], task: () => void): () => void;
  /** Write traits and send them, as one message. */
  write(values: State): void;
  /** A question went to the kernel, or it was answered. */
  asked(): void;
  answered(): void;
}

const PATIENCE = 400;
const earlier = new WeakMap<Element, AbortController>();

/** The module of a view: `build` makes its elements once, the tasks it declares draw them from the state, again and again. */
export function view(name: string, label: string, build: (stage: Stage) => void): { render: Render<State> } {
  return {
    render({ model, el, signal }) {
      earlier.get(el)?.abort();
      const stop = new AbortController();
      earlier.set(el, stop);
      signal?.addEventListener("abort", () => stop.abort());
      const root = h("section.gw-view", { "data-view": name, "aria-label": label });
      for (const old of el.querySelectorAll(":scope > .gw-view")) old.remove();
      el.append(root);
      start(model, root, stop.signal, build);
      return () => stop.abort();
    },
  };
}

function start(model: AnyModel<State>, root: HTMLElement, signal: AbortSignal, build: (stage: Stage) => void): void {
  const banner = h("div.gw-banner", { role: "alert", hidden: true });
  const note = h("span.gw-busy", { role: "status" });
  let width = root.clientWidth;
  root.append(banner);
  let problem = "";
  const tasks = frames(signal, () => width > 0, (reason) => {
    if (!reason && !problem) return;
    problem = !reason ? "" : `This view could not be drawn: ${reason instanceof Error ? reason.message : String(reason)}`;
    showError();
  });
  const showError = () => {
    const text = [String(model.get("error") ?? ""), problem].filter(Boolean).join("\n");
    say(banner, text);
    attribute(banner, { hidden: !text });
    attribute(root, { "data-error": text ? "true" : null });
  };
  const busy = patience(root, note, signal);
  const stage: Stage = {
    model,
    root,
    signal,
    width: () => width,
    draw(traits, task) {
      const ask = tasks.declare(task);
      listen(model, traits, ask, signal);
      return ask;
    },
    write(values) {
      for (const [trait, value] of Object.entries(values)) model.set(trait, value);
      model.save_changes();
    },
    ...busy,
  };
  stage.draw(["error"], showError);
  listen(model, ["error"], busy.answered, signal);
  build(stage);
  root.append(note);
  // a notebook in command mode would take a plain key for itself: "b" makes a cell, "d d" throws one away
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  }, { signal });
  const redraw = () => {
    if (tasks.flush()) root.dataset.ready = "true";
  };
  watchPage(root, width, () => {
    width = root.clientWidth;
    tasks.all();
    if (!root.dataset.ready) redraw();
  }, signal);
  redraw();
}

/** Say "kernel busy…" when an answer takes longer than a moment; nothing is locked meanwhile. */
function patience(root: HTMLElement, note: HTMLElement, signal: AbortSignal): { asked(): void; answered(): void } {
  let timer = 0;
  const answered = () => {
    clearTimeout(timer);
    timer = 0;
    say(note, "");
    attribute(root, { "data-busy": null });
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    answered,
    asked() {
      timer ||= window.setTimeout(() => {
        say(note, "kernel busy… what is shown is from before");
        attribute(root, { "data-busy": "true" });
      }, PATIENCE);
    },
  };
}
