"""The training monitor in JupyterLab: hands on a run, its samples through time, a reload, light and dark."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.jupyterlab import PATIENCE, Lab
from tests.browser.test_workbench import MODELS, OVERFLOW

pytestmark = pytest.mark.browser

ATTACH = """
import torch
import gan_widgets as gw

torch.set_num_threads(1)  # more of them wait for each other where other programs run
G, D = gw.nets.fc_generator(seed=0), gw.nets.fc_discriminator(seed=0)
trainer = gw.Trainer(G, D, gw.data.load("digits", size=28), latents=gw.uniform(96), batch=32, lr=1e-3)
"""
MONITOR = "monitor = gw.TrainingMonitor(trainer, every=10)\nmonitor"
RESTS = "not any(t.name == 'gan-widgets-training' for t in __import__('threading').enumerate())"
SLIDERS = "lab = gw.attach(G, latents=trainer.latents, layer='fc2', samples=4)\ngw.AblationSliders(lab)"
BUSY = "for step in trainer.steps(10**9): pass"
RUN_FIRST = """source => {
  const notebook = window.jupyterapp.shell.currentWidget;
  notebook.content.activeCellIndex = 0;
  notebook.content.activeCell.model.sharedModel.setSource(source);
  window.ended = window.jupyterapp.commands.execute('notebook:run-cell');
}"""
STOP_IT = """async () => {
  await window.jupyterapp.commands.execute('notebook:interrupt-kernel');
  await window.ended;
}"""


class Monitor:
    """The monitor, as a hand and an eye have it."""

    def __init__(self, lab: Lab) -> None:
        page = lab.page
        self.root = page.locator(".gw-training")
        self.sheet = lab.view("training-sheet")
        self.said = self.root.locator(".gw-said")
        self.notice = self.root.locator(".gw-notice")
        self.charts = self.root.locator(".bqplot")
        self.scrubber = self.sheet.locator("input[type=range]")

    def button(self, text: str) -> Locator:
        return self.root.get_by_role("button", name=text, exact=True)

    def field(self, text: str) -> Locator:
        return self.root.locator(".widget-inline-hbox", has_text=text)


def opened(lab: Lab, *cells: str) -> Monitor:
    lab.open(ATTACH, MONITOR, *cells)
    lab.run()
    return Monitor(lab)


def test_a_run_is_played_paused_and_stepped_by_hand(jupyter_lab: Lab) -> None:
    errors: list[str] = []
    jupyter_lab.page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    monitor, kernel = opened(jupyter_lab), jupyter_lab.kernel
    expect(monitor.said).to_have_text("step 0, paused")
    expect(monitor.button("Pause")).to_be_disabled()
    for number, which in enumerate(("D", "G", "both"), 1):
        monitor.button(f"Step {which}").click()
        expect(monitor.said).to_contain_text(f"step {number}, paused", timeout=PATIENCE)
    monitor.button("Play").click()
    kernel.until("trainer.running")
    expect(monitor.said).to_contain_text(", running, ", timeout=PATIENCE)
    expect(monitor.button("Step D")).to_be_disabled()
    frame = int(monitor.sheet.get_attribute("data-frame") or 0)
    # four drawings, and between them it rests eighty times as long as one takes
    jupyter_lab.page.wait_for_function(
        "frame => Number(document.querySelector('[data-view=training-sheet]').dataset.frame) > frame + 3",
        arg=frame,
        timeout=4 * PATIENCE,
    )
    monitor.button("Pause").click()
    kernel.until(RESTS)
    step = kernel.value("trainer.step")
    expect(monitor.said).to_contain_text(f"step {step:,}, paused", timeout=PATIENCE)
    assert step > 10
    monitor.field("until step").locator("input").fill(str(step + 40))
    monitor.field("until step").locator("input").press("Enter")
    monitor.button("Play").click()
    expect(monitor.said).to_contain_text(f"step {step + 40:,}, paused", timeout=PATIENCE)
    expect(monitor.sheet).to_have_attribute("data-step", str(step + 40))
    kernel.until("monitor.sheet.seen == monitor.sheet.frame")
    assert errors == []


def test_sliders_move_and_controls_take_effect_while_it_trains(jupyter_lab: Lab) -> None:
    monitor, kernel = opened(jupyter_lab, SLIDERS), jupyter_lab.kernel
    monitor.button("Play").click()
    kernel.until("trainer.running and trainer.step > 5")
    slider = jupyter_lab.view("ablation-sliders").locator('.gw-slider[data-unit="2"]')
    slider.focus()
    jupyter_lab.page.keyboard.press("End")
    kernel.until("[edit.units for edit in lab.edits] == [(2,)]")
    expect(jupyter_lab.view("ablation-sliders")).to_have_attribute("data-strengths-nonzero", "1")
    monitor.button("Freeze D").click()
    kernel.until("trainer.controls.frozen == ('D',)")
    begun = kernel.value("trainer.step") + 1  # may have begun before the change, and ends as it began
    kernel.until(f"trainer.step > {begun}")
    weights = kernel.value("D.fc1.weight.sum().item()")
    step = kernel.value("trainer.step")
    kernel.until(f"trainer.step > {step + 5}")
    assert kernel.value("D.fc1.weight.sum().item()") == weights
    monitor.button("Freeze D").click()
    kernel.until("trainer.controls.frozen == ()")
    rate = monitor.field("lr of G").locator(".noUi-handle")
    rate.focus()
    jupyter_lab.page.keyboard.press("ArrowRight")
    kernel.until("trainer.controls.lr_G > 1e-3")
    monitor.field("D steps").locator("input").fill("2")
    monitor.field("D steps").locator("input").press("Enter")
    kernel.until("trainer.controls.d_steps == 2")
    assert kernel.value("[change.name for change in trainer.changes]") == [
        "frozen",
        "frozen",
        "lr_G",
        "d_steps",
    ]
    assert kernel.value("[trainer.running, trainer.trouble]") == [True, ""]
    monitor.button("Pause").click()
    kernel.until(RESTS)


def test_the_scrubber_goes_back_in_time_and_to_the_latest_again(jupyter_lab: Lab) -> None:
    monitor, kernel = opened(jupyter_lab), jupyter_lab.kernel
    kernel.value("trainer.play(until=60)")
    expect(monitor.sheet).to_have_attribute("data-step", "60", timeout=PATIENCE)
    expect(monitor.sheet).to_have_attribute("data-kept", "7")
    monitor.scrubber.focus()
    jupyter_lab.page.keyboard.press("Home")
    expect(monitor.sheet).to_have_attribute("data-step", "0")
    jupyter_lab.page.keyboard.press("ArrowRight")
    expect(monitor.sheet).to_have_attribute("data-step", "10")
    expect(monitor.scrubber).to_have_attribute("aria-valuetext", "step 10")
    kernel.value("trainer.play(until=80)")
    expect(monitor.sheet).to_have_attribute("data-kept", "9", timeout=PATIENCE)
    expect(monitor.sheet).to_have_attribute("data-step", "10")
    monitor.sheet.locator('[data-action="latest"]').click()
    expect(monitor.sheet).to_have_attribute("data-step", "80")


def test_a_reload_during_training_shows_it_going_on(jupyter_lab: Lab) -> None:
    monitor, kernel = opened(jupyter_lab), jupyter_lab.kernel
    monitor.button("Play").click()
    kernel.until("trainer.running and trainer.step > 20")
    kernel.value("setattr(monitor.curves.log_scale, 'value', True)")
    jupyter_lab.save()
    jupyter_lab.reload()
    monitor = Monitor(jupyter_lab)
    expect(monitor.charts).to_have_count(3)
    expect(monitor.root.locator("input[type=checkbox]")).to_be_checked()
    kernel = jupyter_lab.kernel
    step = kernel.value("trainer.step")
    kernel.until(f"trainer.running and monitor.sheet.shown > {step + 10}")
    shown = kernel.value("monitor.sheet.shown")
    jupyter_lab.page.wait_for_function(
        "step => Number(document.querySelector('[data-view=training-sheet]').dataset.step) >= step", arg=shown
    )
    monitor.button("Pause").click()
    kernel.until(RESTS)
    jupyter_lab.run()
    expect(jupyter_lab.page.locator(".gw-training")).to_have_count(1)
    once = kernel.value(MODELS)
    jupyter_lab.run()
    assert kernel.value(MODELS) == once


def test_a_loop_in_a_cell_is_watched_and_touched_too(jupyter_lab: Lab) -> None:
    monitor = opened(jupyter_lab)
    jupyter_lab.page.evaluate(RUN_FIRST, BUSY)
    expect(monitor.sheet).not_to_have_attribute("data-step", "0", timeout=PATIENCE)
    monitor.button("Freeze G").click()
    expect(monitor.button("Freeze G")).to_have_class(re.compile("mod-active"))
    step = int(monitor.sheet.get_attribute("data-step") or 0)
    jupyter_lab.page.wait_for_function(
        "step => Number(document.querySelector('[data-view=training-sheet]').dataset.step) >= step + 50",
        arg=step,
    )
    jupyter_lab.page.evaluate(STOP_IT)
    jupyter_lab.kernel.until("trainer.controls.frozen == ('G',)")
    assert jupyter_lab.kernel.value("trainer.changes[0].step < trainer.step")


def test_it_has_room_at_both_widths_in_the_light_and_in_the_dark(jupyter_lab: Lab) -> None:
    """The pictures are for looking at."""
    page = jupyter_lab.page
    monitor, kernel = opened(jupyter_lab), jupyter_lab.kernel
    kernel.value("trainer.play(until=300)")
    expect(monitor.sheet).to_have_attribute("data-step", "300", timeout=4 * PATIENCE)
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    for width in (1000, 1800):
        page.set_viewport_size({"width": width, "height": 1100})
        page.wait_for_function("width => window.innerWidth === width", arg=width)
        page.wait_for_function(f"({OVERFLOW})(document.querySelector('[data-view=training-sheet]')) === 0")
        boxes = [part.bounding_box() for part in (monitor.charts.first, monitor.sheet)]
        assert len({round(box["x"]) for box in boxes if box}) == 2, width
        for theme in ("light", "dark"):
            jupyter_lab.theme(theme)
            jupyter_lab.screenshot(f"training-monitor-{width}-{theme}")
    kernel.value("setattr(monitor.curves.window, 'value', 30)")
    kernel.value("setattr(monitor.curves.log_scale, 'value', True)")
    kernel.value("setattr(monitor.curves.of, 'index', 1)")
    kernel.value("[G.fc1.weight.data.fill_(float('nan')), trainer.once()] and 1")
    alert = monitor.notice.get_by_role("alert")
    expect(alert).to_contain_text("Not a number since step 301", timeout=PATIENCE)
    expect(monitor.charts.nth(2)).to_contain_text("pixels")
    for chart in range(3):
        for text in kernel.value(f"list(monitor.curves.charts[{chart}].figure.marks[-1].text)"):
            expect(monitor.charts.nth(chart).get_by_text(text, exact=True)).not_to_have_count(0)
    jupyter_lab.screenshot("training-monitor-alarm", monitor.root)
