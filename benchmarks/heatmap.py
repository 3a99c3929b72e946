"""A heatmap of 512 units × 100 concepts: ours against bqplot's `GridHeatMap`; first display, then hovering.

    python benchmarks/heatmap.py [--rounds 5]

Both cells are run in JupyterLab, what they use being imported before; the clock starts when the cell is run
and stops at the first frame that shows every cell that fits on the page. *kernel + page* is that whole time,
*page* the part after the kernel had answered. *nodes* counts the DOM nodes of the output. Then a mouse
crosses the cells for three seconds, as fast as the page takes its moves: *frames* counts the page's frames a
second, and *readings* how often a second the tooltip told of another cell.
"""

import argparse
import statistics
import time
from pathlib import Path

from browser import chromium_page, jupyterlab, notebook
from first_display import RUN, WRITE

SET_UP = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[1])!r})
import gan_widgets as gw
import torch
from bqplot import ColorScale, Figure, GridHeatMap, OrdinalScale, Tooltip
from gan_widgets import IoUHeatmap
from tests.widgets.found import found

G = torch.nn.Sequential(
    torch.nn.Unflatten(1, (100, 1, 1)),
    torch.nn.ConvTranspose2d(100, 512, 4), torch.nn.BatchNorm2d(512), torch.nn.ReLU(),
    torch.nn.ConvTranspose2d(512, 1, 4, 2, 1), torch.nn.Tanh(),
)
lab = gw.attach(G, latents=gw.normal(100), layer="3")
lab._land(found=found("3", 512, (4, 4), {{f"concept {{k}}": f"category {{k % 4}}" for k in range(100)}}))
scales = {{"row": OrdinalScale(), "column": OrdinalScale(), "color": ColorScale()}}
tooltip = Tooltip(fields=["row", "column", "color"])
layout = {{"width": "900px", "height": "600px"}}
None
"""
CELLS = {
    "ours": ("IoUHeatmap(lab)", '.gw-view[data-ready="true"]', 1),
    "GridHeatMap": (
        "Figure(marks=[GridHeatMap(color=lab.found.iou, scales=scales, tooltip=tooltip)], layout=layout)",
        ".heatmapcell",
        51_200,
    ),
}
TARGETS = {
    "ours": ("canvas.gw-canvas", ".gw-card"),
    "GridHeatMap": (".bqplot svg.svg-figure", ".bqplot_tooltip_div"),
}
SECONDS = 3
COUNT = """(tooltip) => {
  const seen = window.seen = {from: performance.now(), frames: 0, readings: 0, text: '', on: true};
  const tick = () => {
    if (!seen.on) return;
    seen.frames += 1;
    const text = document.querySelector(tooltip)?.textContent ?? '';
    if (text && text !== seen.text) seen.readings += 1;
    seen.text = text;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""
STOP = """() => {
  const {seen} = window;
  seen.on = false;
  const seconds = (performance.now() - seen.from) / 1000;
  return {frames: seen.frames / seconds, readings: seen.readings / seconds};
}"""


def hovered(lab, target: str, tooltip: str) -> dict[str, float]:
    box = lab.page.locator(target).first.bounding_box()
    assert box is not None
    # inside the cells of both, away from their headings
    left, top, width, height = (
        box["x"] + 150,
        box["y"] + 180,
        box["width"] - 250,
        min(350, box["height"] - 250),
    )
    lab.page.evaluate(COUNT, tooltip)
    start, moves = time.monotonic(), 0
    while time.monotonic() - start < SECONDS:
        moves += 1
        lab.page.mouse.move(left + moves * 9 % width, top + moves * 3 % height)
    return lab.page.evaluate(STOP)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in CELLS}
    with chromium_page() as browser, jupyterlab() as server:
        for _ in range(rounds):
            for name, (code, selector, count) in CELLS.items():
                with notebook(browser, server, SET_UP, "0") as lab:
                    lab.page.evaluate(WRITE, code)
                    shown = lab.page.evaluate(RUN, [selector, count])
                    figures[name].append({**shown, **hovered(lab, *TARGETS[name])})
    print(f"{'':12}  {'kernel + page':>13}  {'page':>10}  {'nodes':>7}  {'frames/s':>8}  {'readings/s':>10}")
    for name, rounds_ in figures.items():
        median = {key: statistics.median(round_[key] for round_ in rounds_) for key in rounds_[0]}
        print(
            f"{name:12}  {median['total']:10.0f} ms  {median['page']:7.0f} ms  {median['nodes']:7.0f}"
            f"  {median['frames']:8.1f}  {median['readings']:10.1f}"
        )
    ratio = statistics.median(
        theirs["total"] / ours["total"]
        for theirs, ours in zip(figures["GridHeatMap"], figures["ours"], strict=True)
    )
    least = min(round_["frames"] for round_ in figures["ours"])
    print(f"first display {ratio:.1f}× faster (bar: ≥ 10), medians of {rounds} rounds")
    print(f"hovering at least {least:.1f} frames/s in every round (bar: ≥ 50)")


if __name__ == "__main__":
    main()
