// The row above the sliders: undo, redo, reset, new samples, what an ablated unit becomes, find, sort.
import { attribute, button, choose, enable, h, press, say, select } from "../lib/dom";
import { short } from "../lib/text";
import type { Stage } from "../lib/view";
import { ACTS } from "./acts";
import type { Gesture } from "./gesture";
import { recipe } from "./recipe";

export interface SliderTools {
  element: HTMLElement;
  /** Above the list: find, sort, clear. */
  list: HTMLElement;
  code: HTMLElement;
  status: HTMLElement;
  /** Why it was run the way it was. */
  why: HTMLElement;
}

const BUTTONS = [
  ["undo", "Undo", "undo the last change"],
  ["redo", "Redo", "redo the change undone last"],
  ["reset", "Reset", "take all changes back"],
  ["new samples", "New samples", "draw new samples"],
] as const;

export function sliderTools(stage: Stage, hand: Gesture, find: (unit: number, focus: boolean) => void): SliderTools {
  const { model, root, signal, draw, write } = stage;
  const buttons = BUTTONS.map(([act, text, title]) => {
    const made = button(act.replace(" ", "-"), text, title);
    press(made, () => hand.act({ act }), signal);
    return made;
  });
  const [undo, redo, reset] = buttons;
  const value = select("value", "An ablated unit becomes", [["zero", "zero"], ["mean", "its mean"], ["resample", "another sample's"]]);
  const sort = select("sort", "Sort", [["index", "number"], ["strength", "strength"], ["selection", "selection"]]);
  const seek = h("input.gw-input", { type: "number", "data-action": "find", min: 0, step: 1 });
  const missing = h("span.gw-about", { role: "status" });
  const clear = button("clear", "Clear", "select no unit");
  const ms = h("span");
  const how = h("span");
  const why = h("p.gw-why");
  const copy = recipe(stage);

  value.input.addEventListener("change", () => hand.act({ act: "become", value: value.input.value }), { signal });
  sort.input.addEventListener("change", () => {
    hand.commit();
    write({ sort: sort.input.value });
  }, { signal });
  press(clear, () => {
    hand.commit();
    write({ selection: [] });
  }, signal);
  const look = (focus: boolean) => {
    const [unit, units] = [Number(seek.value), Number(model.get("info")?.units ?? 0)];
    const there = seek.value === "" || (Number.isInteger(unit) && unit >= 0 && unit < units);
    say(missing, there ? "" : `no such unit: they are 0 to ${units - 1}`);
    attribute(seek, { "aria-invalid": there ? null : "true" });
    if (there && seek.value !== "") find(unit, focus);
  };
  seek.addEventListener("input", () => look(false), { signal });
  seek.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    look(true);
  }, { signal });

  draw(["value", ...ACTS], () => choose(value.input, hand.value()));
  draw(["sort"], () => choose(sort.input, model.get("sort")));
  draw(["info"], () => attribute(seek, { max: Math.max(0, Number(model.get("info")?.units ?? 1) - 1) }));
  draw(["selection"], () => enable(clear, hand.selection().length > 0));
  draw(["status", "strengths", ...ACTS], () => {
    const status = model.get("status") ?? {};
    enable(undo, status.can_undo !== false || hand.waits("undo"));
    enable(redo, status.can_redo !== false || hand.waits("redo"));
    enable(reset, hand.strengths().some((strength) => strength > 0));
    const known = typeof status.ms === "number";
    say(ms, known ? `${status.ms < 10 ? status.ms.toFixed(1) : short(status.ms)} ms` : "");
    say(how, known && status.how ? status.how : "");
    say(why, known && status.why ? status.why : "");
    attribute(root, { "data-ms": known ? status.ms : null });
  });
  const findLabel = h("label.gw-field", {}, "Find");
  findLabel.append(seek);
  return {
    element: h("div.gw-tools", {}, h("span.gw-group", {}, undo, redo, reset), buttons[3], value.label, copy.button),
    list: h("div.gw-tools", { "data-lm-suppress-shortcuts": "true" }, findLabel, sort.label, clear, missing),
    code: copy.element,
    status: h("span.gw-status", {}, ms, how),
    why,
  };
}
