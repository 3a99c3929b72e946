"""The unit gallery with Python behind it: the shipped generator, dissected."""

import json
from collections.abc import Iterator
from typing import Any

import comm
import pytest
from playwright.sync_api import expect

import gan_widgets as gw
from tests.browser.galleries import all_there, asked, card, order
from tests.browser.live_host import Live
from tests.browser.static_host import ROOT, Host
from tests.widgets.conftest import Page as Wire

pytestmark = pytest.mark.browser

SHOTS = ROOT / ".ci" / "out"
# the pixels of an image in device pixels, and where the first image has the colour of the outline
EDGES = """card => {
  const canvas = card.querySelector('canvas');
  const scale = (canvas.width - 3 * 6) / 4 / 28, yellow = [];
  const {data} = canvas.getContext('2d').getImageData(0, 0, 28 * scale, 28 * scale);
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] < 240 || data[at + 1] < 200 || data[at + 2] > 40) continue;
    yellow.push([(at / 4) % (28 * scale), Math.floor(at / 4 / (28 * scale))]);
  }
  return [scale, yellow];
}"""
ASKED = "times => host.written.filter(message => 'wanted' in message).length === times"


@pytest.fixture
def live(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """The gallery of the shipped generator's dissection, in Python, behind the page."""
    wire = Wire()
    monkeypatch.setattr(comm, "create_comm", wire.create_comm)
    monkeypatch.setenv("GAN_WIDGETS_NODELAY", "1")
    model, _, latents = gw.pretrained("dcgan-mnist")
    with gw.attach(model, latents=latents, layer="net.6", samples=4) as lab:
        lab.dissect(gw.concepts.strokes(), images=300, progress=False)
        yield Live(host, wire, gw.UnitGallery(lab))


@pytest.mark.parametrize(
    ("theme", "state"),
    [("light", {"sort": "iou"}), ("dark", {"region": "light", "selection": [1, 45], "concept": 8})],
)
def test_the_shipped_generator_shows_its_units(live: Live, theme: str, state: dict[str, Any]) -> None:
    live.host.page.evaluate("theme => host.theme(theme)", theme)
    for name, value in state.items():
        setattr(live.view, name, value)
    root = live.mount()
    all_there(root)
    SHOTS.mkdir(parents=True, exist_ok=True)
    root.screenshot(path=str(SHOTS / f"gallery-{theme}.png"))
    assert live.view.error == ""
    assert root.get_attribute("data-units") == "128"


def test_the_outline_is_the_boundary_of_the_mask_that_python_made(live: Live) -> None:
    lab = live.view.lab
    root = live.mount()
    all_there(root)
    unit = order(root)[0]
    (example,) = lab.examples.of(lab.found, [unit], 8)
    region = example.regions[0]
    scale, yellow = card(root, unit).evaluate(EDGES)
    for y in range(28):
        for x in range(1, 28):
            middle = [round(x * scale), round((y + 0.5) * scale)]
            assert (middle in yellow) == (region[y, x] != region[y, x - 1])
            middle = [round((y + 0.5) * scale), round(x * scale)]
            assert (middle in yellow) == (region[x, y] != region[x - 1, y])


def test_selection_and_errors_go_both_ways(live: Live) -> None:
    lab = live.view.lab
    root = live.mount()
    all_there(root)
    unit = order(root)[1]
    card(root, unit).click()
    expect(root).to_have_attribute("data-selection", str(unit))
    live.host.drawn()
    assert lab.selection == (unit,)
    lab.selection, lab.concept = [2, 3], "hole"
    live.told()
    expect(root).to_have_attribute("data-selection", "2,3")
    expect(root).to_have_attribute("data-concept", "hole")
    lab.layer = "net.3"
    live.told()
    expect(root).to_contain_text("'net.3' has not been dissected")


def test_what_failed_is_asked_for_again_once_the_error_is_gone(live: Live) -> None:
    live.view.only = {"search": "7"}
    hook = live.view.lab.model.net[0].register_forward_pre_hook(lambda *_: 1 / 0)
    root = live.mount()
    for times, sort in enumerate(("number", "concept", "iou"), 1):
        live.host.page.wait_for_function(ASKED, arg=times)
        expect(card(root, 7)).to_have_attribute("data-images", "failed")
        expect(root.get_by_role("alert")).to_contain_text("ZeroDivisionError")
        if sort == "iou":
            hook.remove()
        root.locator('[data-action="sort"]').select_option(sort)
    expect(card(root, 7)).to_have_attribute("data-images", "there")
    assert live.view.error == ""
    assert asked(live.host) == [[7]] * 4


def test_the_state_is_plain_json_beside_its_buffers(live: Live) -> None:
    root = live.mount()
    all_there(root)
    state: dict[str, Any] = {
        name: value
        for name, value in live.view.get_state().items()
        if not isinstance(value, bytes) and not name.startswith("_")
    }
    assert len(json.dumps(state, allow_nan=False)) < 20_000
