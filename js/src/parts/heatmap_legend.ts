// What colours and marks mean in a table of IoU, in numbers and words.
import { h, say } from "../lib/dom";
import { bar } from "../lib/heatmap_colour";
import { canRank, unranked } from "../lib/heatmap_found";
import { short } from "../lib/text";
import type { Scene } from "./heatmap_paint";

export function heatmapLegend(): { element: HTMLElement; show(scene: Scene): void } {
  const [high, below, apart, broken] = [h("b"), h("span"), h("span"), h("span")];
  const tick = h("i.gw-tick");
  const strip = h("span.gw-bar", { "aria-hidden": "true" }, tick);
  const swatch = (mark: string, sign: string, text: HTMLElement) => h("span.gw-scale", {}, h("span.gw-swatch", { "data-mark": mark, "aria-hidden": "true" }, sign), text);
  const [hatched, nothing] = [swatch("unranked", "", apart), swatch("nan", "×", broken)];
  const element = h("div.gw-legend", {}, h("span.gw-scale", {}, "IoU", h("b", {}, "0"), strip, high, below), swatch("best", "●", h("span", {}, "best concept")), hatched, nothing);
  return {
    element,
    show({ found, threshold, most, colours }) {
      const cells = found.iou.filter((value, at) => Number.isNaN(value) && canRank(found, Math.floor(at / found.names.length))).length;
      const states = unranked(found);
      say(high, short(most));
      say(below, `grey below ${short(threshold)}`);
      say(apart, `not ranked: ${states.map(([state, units]) => `${units} ${state}`).join(", ")}`);
      say(broken, `no value: ${cells} ${cells === 1 ? "cell" : "cells"}`);
      strip.style.background = bar(threshold, most, colours);
      tick.style.left = `${Math.min(100, (100 * threshold) / most)}%`;
      hatched.hidden = !states.length;
      nothing.hidden = !cells;
    },
  };
}
