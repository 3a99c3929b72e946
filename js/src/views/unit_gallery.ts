// A card for each unit: the images that most activate it, with the region that was scored.
import "./unit_gallery.css";
import { attribute, h, say } from "../lib/dom";
import { lacking, lay } from "../lib/gallery";
import { arrange, reach, readOnly, readScores, type Scores } from "../lib/gallery_order";
import { describe } from "../lib/text";
import { theme } from "../lib/theme";
import { view } from "../lib/view";
import { cards, type Scene } from "../parts/gallery_cards";
import { galleryHands } from "../parts/gallery_hands";
import type { Mode } from "../parts/gallery_paint";
import { darkroom } from "../parts/gallery_pictures";
import { galleryTools } from "../parts/gallery_tools";
import { galleryWords } from "../parts/gallery_words";

const VIEWPORT = 560;

export default view("unit-gallery", "Unit gallery", (stage) => {
  const { model, root, draw } = stage;
  const name = h("h3.gw-name");
  const about = h("span.gw-about");
  const space = h("div.gw-space");
  const scroller = h("div.gw-scroller", { role: "listbox", "aria-multiselectable": "true", "data-lm-suppress-shortcuts": "true" }, space);
  const empty = h("div.gw-empty");
  const tools = galleryTools(stage);
  const words = galleryWords();
  root.append(h("header.gw-head", {}, name, about, words.how), tools.element, words.legend, scroller, tools.none, empty);

  let scores: Scores = readScores(null, 0, {});
  let scene: Scene | null = null;
  let frames = 0;
  const pictures = darkroom(stage, () => place());
  const shown = cards(space, scroller, pictures);
  const hands = galleryHands(stage, { scroller, none: tools.none, cards: shown, scene: () => scene, redraw: () => placeNow() });

  draw(["info", "scores"], () => {
    const info = model.get("info") ?? {};
    scores = readScores(model.get("scores"), info.units ?? 0, info.states ?? {});
    const there = scores.units > 0;
    say(name, String(info.name ?? ""));
    say(about, describe(info));
    say(empty, there ? "" : String(info.why || "No images yet."));
    attribute(empty, { hidden: there });
    for (const part of [tools.element, words.legend, words.how, scroller]) attribute(part, { hidden: !there });
    attribute(scroller, { "aria-label": `Units of ${info.name ?? "the layer"}. Arrows walk, Enter selects, C chooses the concept of a unit` });
    attribute(root, { "data-units": scores.units });
    if (!there) {
      scene = null;
      attribute(tools.none, { hidden: true });
    }
  });

  // which units, where
  draw(["info", "scores", "sort", "only", "selection", "concept", "concepts", "region"], () => {
    if (!scores.units) return;
    hands.hold();
    const [selection, concept, concepts]: [number[], number, [string, string][]] = [model.get("selection") ?? [], model.get("concept") ?? -1, model.get("concepts") ?? []];
    const only = readOnly(model.get("only"));
    const order = arrange(scores, { sort: model.get("sort"), only, concept, selection, concepts });
    const ratio = devicePixelRatio;
    const top = Number(model.get("info")?.top) || 0;
    const mode = (model.get("info")?.size ?? []).length ? model.get("region") : "off";
    scene = {
      scores, order, concepts, concept, top, ratio,
      reach: reach(scores),
      mode: mode as Mode,
      places: new Map(Array.from(order, (unit, position) => [unit, position])),
      selected: new Set(selection),
      laid: lay(order.length, top, ...pictures.size(), scroller.clientWidth, ratio),
      theme: theme(root),
    };
    tools.show(scene);
    words.show(model.get("info") ?? {}, scene);
    attribute(scroller, { hidden: !order.length });
    attribute(root, { "data-sort": model.get("sort"), "data-region": scene.mode, "data-shown": order.length, "data-concept": concepts[concept]?.[0] ?? "", "data-selection": selection.join() });
    hands.settle();
  });

  const placeNow = () => {
    if (!scene) return;
    const [height, width] = pictures.size();
    scene.laid = lay(scene.order.length, scene.top, height, width, scroller.clientWidth, devicePixelRatio);
    const { laid } = scene;
    space.style.height = `${laid.total}px`;
    scroller.style.height = `${Math.min(VIEWPORT, laid.total)}px`;
    const coming = shown.place(scene, hands.active());
    pictures.ask((most) => lacking(laid, scene!.order, scroller.scrollTop, scroller.clientHeight, most, (unit) => pictures.of(unit) !== undefined || pictures.failed(unit)));
    attribute(root, { "data-coming": coming, "data-frame": ++frames });
  };
  const place = draw(["info", "scores", "sort", "only", "selection", "concept", "concepts", "region"], () => {
    placeNow();
    hands.regain();
  });
  scroller.addEventListener("scroll", place, { passive: true, signal: stage.signal });
});
