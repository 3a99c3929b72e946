// What colours and marks mean in an activation grid, in numbers and words.
import { attribute, h, say } from "../lib/dom";
import { colourBar } from "../lib/legend";
import type { Scale } from "../lib/range";
import { count, type Stats } from "../lib/stats";
import { short } from "../lib/text";

export interface Meaning {
  shared: Scale;
  /** Each unit has a scale of its own. */
  single: boolean;
  low: number;
  stats: Stats;
}

export interface GridLegend {
  element: HTMLElement;
  show(meaning: Meaning | null): void;
  /** Say that maps have more values than there are pixels for them, or that they have not. */
  shrunk(are: boolean): void;
}

export function gridLegend(): GridLegend {
  const bar = colourBar();
  const marks = {
    nan: mark("nan", "×"),
    inf: mark("inf", "+"),
    dead: mark("dead", ""),
  };
  const means = h("span", { hidden: true }, "each pixel is the mean of several values");
  const element = h("div.gw-legend", {}, bar.element, means, marks.nan.element, marks.inf.element, marks.dead.element);
  return {
    element,
    show(meaning) {
      attribute(element, { hidden: !meaning });
      if (!meaning) return;
      const { shared, single, low, stats } = meaning;
      const even = shared.map === "diverging";
      if (single) {
        bar.show(shared.map, even ? "− own largest" : "0", even ? "+ own largest" : "own max", even ? "each unit has its own range, symmetric about zero" : "each unit has its own range");
      } else {
        const words = even ? "one range for all units, symmetric about zero" : low > 0 ? "one range for all units, from zero" : "one range for all units";
        bar.show(shared.map, short(shared.low), short(shared.high), words);
      }
      attribute(element, { "data-low": single ? "own" : String(shared.low), "data-high": single ? "own" : String(shared.high) });
      const counts = count(stats);
      marks.nan.show(counts.nan, "not a number");
      marks.inf.show(counts.inf, "infinite");
      marks.dead.show(counts.dead, "dead, one value everywhere");
    },
    shrunk(are) {
      attribute(means, { hidden: !are });
    },
  };
}

function mark(name: string, sign: string): { element: HTMLElement; show(units: number, words: string): void } {
  const text = h("span");
  const element = h("span.gw-scale", { hidden: true }, h("span.gw-swatch", { "data-mark": name, "aria-hidden": "true" }, sign), text);
  return {
    element,
    show(units, words) {
      attribute(element, { hidden: units === 0 });
      say(text, `${words}: ${units} ${units === 1 ? "unit" : "units"}`);
    },
  };
}
