// A colour bar with the numbers its ends stand for.
import { gradient, type Map } from "./colour";
import { h, say } from "./dom";

export interface Bar {
  element: HTMLElement;
  /** `low` and `high` are texts: numbers, or words where each picture has its own range. */
  show(map: Map, low: string, high: string, words: string): void;
}

export function colourBar(): Bar {
  const [low, high, words] = [h("b"), h("b"), h("span")];
  const bar = h("span.gw-bar", { "aria-hidden": "true" });
  let shown = "";
  return {
    element: h("span.gw-scale", {}, low, bar, high, words),
    show(map, from, to, text) {
      if (shown !== map) bar.style.background = gradient(map);
      shown = map;
      bar.dataset.map = map;
      say(low, from);
      say(high, to);
      say(words, text);
    },
  };
}
