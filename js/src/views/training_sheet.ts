// The samples of a generator in training, and a scrubber through the steps at which they were drawn.
import "./training_sheet.css";
import { attribute, button, enable, h, on, press, say } from "../lib/dom";
import { magnify, paint, sheet } from "../lib/mosaic";
import { seedsInWords } from "../lib/text";
import { view } from "../lib/view";
import { bytes, sizes } from "../lib/wire";

const LATEST = -1;
const LARGEST = 560;

export default view("training-sheet", "Samples through the training", ({ model, root, signal, width, draw, write }) => {
  const name = h("span.gw-name");
  const about = h("span.gw-about");
  const canvas = h("canvas", { role: "img" });
  const empty = h("div.gw-empty", {}, "No samples yet.");
  const scrubber = h("input.gw-scrubber", { type: "range", min: 0, step: 1, "data-action": "step", "aria-label": "step of the training whose samples are shown" });
  const latest = button("latest", "Latest", "Follow the training again");
  const tools = h("div.gw-tools", {}, scrubber, latest);
  root.append(h("header.gw-head", {}, name, about), canvas, empty, tools);

  let laid = sheet([0, 0, 0, 0]);
  let held = false; // a thumb under a finger is not moved away from it
  const kept = (): number[] => model.get("kept") ?? [];
  const words = (step: number) => `step ${step.toLocaleString("en")}`;
  const chosen = () => {
    const step = Number(model.get("chosen") ?? LATEST);
    const place = kept().indexOf(step);
    return place < 0 ? kept().length - 1 : place;
  };

  on(scrubber, "input", () => {
    const place = Number(scrubber.value);
    write({ chosen: place >= kept().length - 1 ? LATEST : kept()[place] });
  }, signal);
  for (const [kind, now] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false], ["blur", false]] as const) {
    on(scrubber, kind, () => { held = now; }, signal);
  }
  press(latest, () => write({ chosen: LATEST }), signal);

  draw(["kept", "chosen", "shown"], () => {
    const shown = Number(model.get("shown") ?? 0);
    const following = Number(model.get("chosen") ?? LATEST) === LATEST;
    attribute(scrubber, { max: Math.max(0, kept().length - 1), "aria-valuetext": words(shown) });
    if (!held) scrubber.value = String(chosen());
    tools.classList.toggle("gw-away", kept().length < 2);
    enable(latest, !following);
    say(name, kept().length ? words(shown) : "");
    attribute(root, { "data-step": shown, "data-following": following, "data-kept": kept().length });
  });
  draw(["seeds"], () => say(about, `samples of ${seedsInWords(model.get("seeds") ?? [])}`));
  draw(["images", "shape"], () => {
    laid = sheet(sizes(model.get("shape"), 4));
    const images = bytes(model.get("images"));
    const complete = laid.size > 0 && images.length >= laid.size;
    attribute(canvas, { hidden: !complete, "aria-label": `${laid.n} samples of the generator` });
    attribute(empty, { hidden: complete });
    if (!complete) return;
    Object.assign(canvas, { width: laid.across, height: laid.down });
    const pixels = new ImageData(laid.across, laid.down);
    paint(images, laid, new Uint32Array(pixels.data.buffer));
    canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  });
  draw(["shape"], () => {
    const size = magnify(laid, Math.min(LARGEST, width() - 26), devicePixelRatio);
    Object.assign(canvas.style, { width: `${size.width}px`, height: `${size.height}px`, imageRendering: size.scale < 1 ? "auto" : "pixelated" });
  });
  // the last task of a frame: what came with it is on the page, and the next may come
  draw(["frame"], () => {
    const frame = Number(model.get("frame") ?? 0);
    attribute(root, { "data-frame": frame });
    if (model.get("seen") !== frame) write({ seen: frame });
  });
});
