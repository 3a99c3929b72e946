"""The two parts of `training.py` that need a page: what the monitor costs, and a slider during training."""

import statistics
from pathlib import Path

from browser import chromium_page, jupyterlab, notebook
from latency import percentile

from gan_widgets.train.data import Images
from tests.browser.jupyterlab import Lab

LATENCY = (Path(__file__).parent / "page" / "latency.js").read_text()
NOW = "[trainer.step, __import__('time').perf_counter()]"
COURSE = """
import gan_widgets as gw
data = gw.data.load({name!r}, size=28)
G, D = gw.nets.fc_generator(seed=0), gw.nets.fc_discriminator(seed=1)
trainer = gw.Trainer(G, D, data, latents=gw.uniform(96), batch=128, lr=1e-3, ema=None)
trainer.play()
"""
MONITOR = "monitor = gw.TrainingMonitor(trainer)\nmonitor"
SMALL = """
import torch
import gan_widgets as gw
torch.set_num_threads(1)
data = gw.data.load({name!r}, size=28)
G, D = gw.nets.dcgan(seed=0)
trainer = gw.Trainer(G, D, data, lr=1e-3)
lab = gw.attach(G, latents=trainer.latents, layer="net.6", samples=16)
gw.AblationSliders(lab)
"""
RUN_CELL = """async (index) => {
  const notebook = window.jupyterapp.shell.currentWidget;
  notebook.content.activeCellIndex = index;
  await window.jupyterapp.commands.execute('notebook:run-cell');
}"""


def steps_per_second(lab: Lab, seconds: float) -> float:
    """How fast the trainer in the kernel is, over so many seconds."""
    first, start = lab.kernel.value(NOW)
    lab.page.wait_for_timeout(1000 * seconds)
    last, end = lab.kernel.value(NOW)
    return (last - first) / (end - start)


def with_monitor(data: Images, rounds: int, seconds: float) -> None:
    """Print how much slower training is while the monitor is open, in one notebook, in turn."""
    ratios, speeds = [], []
    with (
        chromium_page() as browser,
        jupyterlab() as server,
        notebook(browser, server, COURSE.format(name=data.name), MONITOR) as lab,
    ):
        for _ in range(rounds):
            lab.page.evaluate(RUN_CELL, 1)
            lab.page.wait_for_selector(".gw-training .bqplot")
            lab.page.wait_for_timeout(2000)
            opened = steps_per_second(lab, seconds)
            lab.kernel.value("monitor.close()")
            lab.page.wait_for_timeout(1000)
            closed = steps_per_second(lab, seconds)
            ratios.append(opened / closed)
            speeds.append(closed)
        lab.kernel.value("trainer.pause()")
    print(
        f"monitor open: {1 - statistics.median(ratios):.1%} slower than closed ({min(ratios):.3f} to "
        f"{max(ratios):.3f} of {statistics.median(speeds):.1f} steps/s in {rounds} rounds)"
    )


def with_slider(data: Images, moves: int) -> None:
    """Print how long a slider takes to new pixels while the generator trains, and at what speed it trains."""
    with (
        chromium_page() as browser,
        jupyterlab() as server,
        notebook(browser, server, SMALL.format(name=data.name)) as lab,
    ):
        lab.page.wait_for_selector('.gw-view[data-ready="true"]')
        lab.page.evaluate(LATENCY)
        lab.page.evaluate("window.latency.steps('ours', 10)")
        still = lab.page.evaluate(f"window.latency.steps('ours', {moves})")
        lab.kernel.value("trainer.play()")
        lab.page.wait_for_timeout(3000)
        alone = steps_per_second(lab, 5)
        first, start = lab.kernel.value(NOW)
        moved = lab.page.evaluate(f"window.latency.steps('ours', {moves})")
        last, end = lab.kernel.value(NOW)
        lab.kernel.value("trainer.pause()")
        step = 1000 * statistics.median(lab.kernel.value("[s.seconds for s in trainer.history[-100:]]"))
    p95, busy = percentile(moved, 0.95), (last - first) / (end - start)
    print(
        f"slider to pixels while training: median {statistics.median(moved):.0f} ms, p95 {p95:.0f} ms: "
        f"one step of {step:.0f} ms and {p95 - step:.0f} ms\n"
        f"  at rest: median {statistics.median(still):.0f} ms, p95 {percentile(still, 0.95):.0f} ms\n"
        f"  training: {busy:.1f} steps/s while the slider moves, {alone:.1f} without a hand"
    )
