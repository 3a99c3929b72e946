"""From a slider to pixels, in JupyterLab: the ablation sliders against `interact` and matplotlib.

    python benchmarks/latency.py [--steps 60] [--rounds 3]

Both notebooks run the same edit on the same shipped generator and show 16 digits of 28×28; `interact`
redraws one mosaic with matplotlib, which is what people write today, on the server that people have today.
Our server extension makes all kernels' messages quicker, `interact`'s too; so each is also measured on the
other's server. In each round all are measured in turn, so that a change in the machine's speed meets all.
Floor: a frame of the screen, 16.7 ms.

*step*: from the input event to the first frame with the new picture, one step at a time, each waiting for
the last.
*drag*: 60 events a second for 3 seconds. How many different pictures reached the screen (of 180), and how
long after the last event the last one did.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any

from browser import chromium_page, jupyterlab, notebook

PAGE = (Path(__file__).parent / "page" / "latency.js").read_text()

SHARED = """
import gan_widgets as gw
G, D, latents = gw.pretrained("dcgan-mnist")
"""
OURS = """
lab = gw.attach(G, latents=latents, layer="net.6", samples=16)
gw.AblationSliders(lab)
"""
THEIRS = """
%matplotlib inline
import matplotlib.pyplot as plt
import torch
from ipywidgets import FloatSlider, interact

z = latents(range(16))

@interact(strength=FloatSlider(min=0, max=1, step=0.01))
def show(strength):
    with torch.no_grad(), gw.intervene(G, [gw.Ablate("net.6", units=[0], strength=strength)]):
        images = G(z)
    mosaic = images.reshape(4, 4, 28, 28).permute(0, 2, 1, 3).reshape(112, 112)
    plt.imshow(mosaic, cmap="gray", vmin=-1, vmax=1)
    plt.axis("off")
    plt.show()
"""
# a stock server has no extension of ours: replies wait for acknowledgements, and our views pad theirs
STOCK = "--ServerApp.jpserver_extensions={'gan_widgets.server': False}"
SUBJECTS = {
    "ours": ("ours", OURS, False),
    "interact": ("interact", THEIRS, True),
    "ours, stock server": ("ours", OURS, True),
    "interact, our server": ("interact", THEIRS, False),
}
SHOWN = {"ours": '.gw-view[data-ready="true"]', "interact": ".widget-interact img"}


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, round(share * (len(times) - 1)))]


def measure(steps: int, rounds: int) -> dict[str, dict[str, list[Any]]]:
    found: dict[str, dict[str, list[Any]]] = {name: {"steps": [], "drags": []} for name in SUBJECTS}
    with chromium_page() as browser, jupyterlab() as with_ours, jupyterlab(STOCK) as stock:
        for _ in range(rounds):
            for name, (kind, cell, on_stock) in SUBJECTS.items():
                with notebook(browser, stock if on_stock else with_ours, SHARED, cell) as lab:
                    lab.page.wait_for_selector(SHOWN[kind])
                    lab.page.evaluate(PAGE)
                    lab.page.evaluate("(kind) => window.latency.steps(kind, 10)", kind)
                    found[name]["steps"] += lab.page.evaluate(
                        f"(kind) => window.latency.steps(kind, {steps})", kind
                    )
                    found[name]["drags"].append(
                        lab.page.evaluate("(kind) => window.latency.drag(kind, 3)", kind)
                    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = measure(options.steps, options.rounds)
    print(f"{'':20}  {'step median':>11}  {'step p95':>8}  {'frames of 180':>13}  {'lag at the end':>14}")
    table = {}
    for name, figures in found.items():
        median, p95 = statistics.median(figures["steps"]), percentile(figures["steps"], 0.95)
        frames = statistics.median(drag["frames"] for drag in figures["drags"])
        lag = statistics.median(drag["lag"] for drag in figures["drags"])
        table[name] = (median, frames)
        print(f"{name:20}  {median:8.1f} ms  {p95:5.1f} ms  {frames:13.0f}  {lag:11.1f} ms")
    for theirs in ("interact", "interact, our server"):
        print(
            f"ours against {theirs}: a step takes {table[theirs][0] / table['ours'][0]:.1f}× less time, "
            f"a drag shows {table['ours'][1] / table[theirs][1]:.1f}× the pictures"
        )


if __name__ == "__main__":
    main()
