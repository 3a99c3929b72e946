// What a gallery shows, in words: how it was dissected, what an outline means, which units are not ranked.
import { attribute, h, say } from "../lib/dom";
import { short } from "../lib/text";
import type { Scene } from "./gallery_cards";

export interface GalleryWords {
  how: HTMLElement;
  legend: HTMLElement;
  show(info: Record<string, any>, scene: Scene): void;
}

export function galleryWords(): GalleryWords {
  const how = h("span.gw-about");
  const meaning = h("span");
  const unranked = h("span");
  return {
    how,
    legend: h("div.gw-legend", {}, meaning, unranked),
    show(info, { scores, mode, reach }) {
      const images = Number(info.images) || 0;
      say(how, [`${images.toLocaleString("en")} images${info.complete === false ? ", stopped before its end" : ""}`, info.threshold === "iqr" ? "a level for each concept" : typeof info.share === "number" ? `levels at the top ${short(100 * info.share)} % of values` : "one level for each unit"].join(", "));
      const place = { outline: "Outlined", light: "Lit", off: "" }[mode];
      const region = !(info.size ?? []).length
        ? "Units of this layer have no map, so their images have no region."
        : place ? `${place}: where the unit's map is above its level${info.threshold === "iqr" ? " for this concept" : ""}, the mask that was scored.` : "";
      say(meaning, [region, `Bars: IoU from 0 to ${reach}, with its interval.`].filter(Boolean).join(" "));
      const counts = new Map<string, number>();
      for (const state of scores.state) if (state !== "ok") counts.set(state, (counts.get(state) ?? 0) + 1);
      say(unranked, counts.size ? `Not ranked: ${[...counts].map(([state, many]) => `${many} ${state === "nan" ? "NaN" : state}`).join(", ")}.` : "");
      attribute(unranked, { hidden: !counts.size });
    },
  };
}
