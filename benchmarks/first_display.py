"""First display of sliders for 512 units: one virtualised view against 512 `FloatSlider`s.

    python benchmarks/first_display.py [--rounds 5]

Both cells are run in JupyterLab, what they use being imported before; the clock starts when the cell is run
and stops at the first frame that shows every slider that fits on the page. *kernel + page* is that whole
time, *page* the part after the kernel had answered. *nodes* counts the DOM nodes of the output.
"""

import argparse
import statistics

from browser import chromium_page, jupyterlab, notebook

SET_UP = """
import gan_widgets as gw
import torch
from gan_widgets import AblationSliders
from ipywidgets import FloatSlider, VBox

G = torch.nn.Sequential(
    torch.nn.Unflatten(1, (100, 1, 1)),
    torch.nn.ConvTranspose2d(100, 512, 4), torch.nn.BatchNorm2d(512), torch.nn.ReLU(),
    torch.nn.ConvTranspose2d(512, 1, 4, 2, 1), torch.nn.Tanh(),
)
lab = gw.attach(G, latents=gw.normal(100), layer="3")
lab.images
None
"""
CELLS = {
    "ours": ("AblationSliders(lab)", '.gw-view[data-ready="true"]', 1),
    "FloatSlider": (
        "VBox([FloatSlider(description=f'unit {u}', max=1) for u in range(512)])",
        ".noUi-target",
        512,
    ),
}
WRITE = """(code) => {
  window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.setSource(code);
}"""
RUN = """async ([selector, count]) => {
  const app = window.jupyterapp;
  const notebook = app.shell.currentWidget;
  notebook.content.activeCellIndex = 1;
  const output = notebook.content.widgets[1].outputArea;
  const start = performance.now();
  let answered = start;
  const replied = app.commands.execute('notebook:run-cell').then(() => { answered = performance.now(); });
  while (notebook.content.widgets[1].node.querySelectorAll(selector).length < count) {
    await new Promise(requestAnimationFrame);
    if (performance.now() - start > 60000) throw new Error(`no ${selector} within a minute`);
  }
  // this runs within a frame, before it is painted: a message is taken once it has been
  const end = await new Promise((done) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(0);
  });
  await replied;
  const nodes = notebook.content.widgets[1].node.querySelectorAll('.jp-OutputArea *').length;
  return {total: end - start, page: end - Math.min(answered, end), nodes};
}"""


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
                    figures[name].append(lab.page.evaluate(RUN, [selector, count]))
    medians = {
        name: {key: statistics.median(round_[key] for round_ in rounds_) for key in rounds_[0]}
        for name, rounds_ in figures.items()
    }
    print(f"{'':12}  {'kernel + page':>13}  {'page':>10}  {'nodes':>6}")
    for name, median in medians.items():
        print(f"{name:12}  {median['total']:10.0f} ms  {median['page']:7.0f} ms  {median['nodes']:6.0f}")
    ratio = statistics.median(
        a["total"] / b["total"] for a, b in zip(figures["FloatSlider"], figures["ours"], strict=True)
    )
    print(f"ratio: {ratio:.1f}× faster, medians of {rounds} rounds")


if __name__ == "__main__":
    main()
