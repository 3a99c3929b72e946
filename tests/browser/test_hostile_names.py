"""Script payloads as names, in every place where a view shows text: none runs, and each is shown as it is."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.jupyterlab import Lab

pytestmark = pytest.mark.browser

# a module's name may hold anything but a dot, so the payloads do without
PAYLOADS = (
    "<img src=x onerror=pwned=1>",
    "<script>pwned=1</script>",
    '"><svg onload=pwned=1>',
    "'><svg/onload=pwned=1>",
    '" autofocus onfocus="pwned=1',
    "' onmouseover='pwned=1",
    "javascript:pwned=1",
    "${pwned=1}",
    "{{pwned=1}}",
    "<iframe srcdoc=\"<script>parent['pwned']=1</script>\"></iframe>",
    "<iframe src=javascript:parent['pwned']=1></iframe>",
    "<details open ontoggle=pwned=1>x</details>",
    "<math><mtext></table><img src=x onerror=pwned=1>",
    "</style><script>pwned=1</script>",
    "</textarea></title></option></select><img src=x onerror=pwned=1>",
    "<video><source onerror=pwned=1></video>",
    "<input autofocus onfocus=pwned=1>",
    "--><script>pwned=1</script><!--",
    "<object data=javascript:parent['pwned']=1></object>",
    "\u202e<a href=javascript:pwned=1>x</a><svg><animate onbegin=pwned=1 attributeName=x dur=1s>",
)
MODEL = """
import torch
from torch import nn
import gan_widgets as gw

names = {payloads}

class Hostile(nn.Module):
    def __init__(self):
        super().__init__()
        self.grow = nn.Linear(5, 3 * 4 * 6)
        self.steps = nn.ModuleDict({{name: type(name, (nn.ReLU,), {{}})() for name in names}})

    def forward(self, z):
        h = self.grow(z).reshape(-1, 3, 4, 6)
        for step in self.steps.values():
            h = step(h)
        return torch.tanh(h[:, :1])

lab = gw.attach(Hostile(), latents=gw.normal(5), samples=3)
picker, grid, sliders = gw.LayerPicker(lab), gw.ActivationGrid(lab), gw.AblationSliders(lab)
views = [picker, grid, sliders]
"""
# afterwards the handlers of elements that were just made have run
TWO_FRAMES = """() => new Promise(done =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
SHOWN = ("lab.layers", "print(lab.layers)", "list(lab.layers)", "print(grid, sliders)")
VIEWS = ("layer-picker", "activation-grid", "ablation-sliders")


@pytest.fixture(scope="module")
def lab(shared_lab: Lab) -> Lab:
    """All three views on a model whose every layer has a payload for its name and for its kind."""
    model = MODEL.format(payloads=repr(list(PAYLOADS)))
    shared_lab.open(model, "picker", "grid", "sliders", "lab", *SHOWN)
    shared_lab.run()
    return shared_lab


def nothing_ran(lab: Lab) -> None:
    lab.page.evaluate(TWO_FRAMES)
    assert lab.page.evaluate("() => typeof window.pwned") == "undefined"
    made = ".gw-view :is(script, iframe, object, svg, img, video, math, details, a)"
    assert lab.page.locator(made).count() == 0


def test_there_are_twenty_payloads() -> None:
    assert len(set(PAYLOADS)) == 20


def test_no_name_in_a_cell_output_runs(lab: Lab) -> None:
    assert lab.page.locator(".jp-OutputArea-output").count() >= len(SHOWN) + 4
    nothing_ran(lab)


def test_no_layer_name_runs_in_any_view(lab: Lab) -> None:
    picker = lab.view("layer-picker")
    for payload in PAYLOADS:
        layer = f"steps.{payload}"
        lab.kernel.value(f"setattr(lab, 'layer', {layer!r})")
        for name in VIEWS:
            assert lab.view(name).get_attribute("data-error") is None
        expect(picker.locator('[data-action="layer"]')).to_have_value(layer)
        expect(picker).to_contain_text(payload)
        lab.view("activation-grid").hover()
        nothing_ran(lab)


def test_no_error_text_runs_in_any_banner(lab: Lab) -> None:
    for payload in PAYLOADS:
        lab.kernel.value(f"[setattr(view, 'error', {payload!r}) for view in views]")
        for name in VIEWS:
            banner = lab.page.locator(f'.gw-view[data-view="{name}"][data-error]')
            expect(banner).to_contain_text(payload)
        nothing_ran(lab)


def test_no_text_of_the_state_runs(lab: Lab) -> None:
    for payload in PAYLOADS:
        text = json.dumps(payload)
        lab.kernel.value(
            f"[[setattr(view, 'info', {{**view.info, 'name': {text}, 'kind': {text}}})"
            f" for view in views[1:]],"
            f" setattr(sliders, 'status', {{**sliders.status, 'how': {text}, 'why': {text}}}),"
            f" setattr(sliders, 'code', {text})]"
        )
        for name in VIEWS[1:]:
            expect(lab.view(name)).to_contain_text(payload)
        nothing_ran(lab)


def test_a_payload_that_is_parsed_as_html_is_noticed(lab: Lab) -> None:
    nothing_ran(lab)
    lab.page.evaluate(
        "html => { document.querySelector('.gw-view').insertAdjacentHTML('beforeend', html); }", PAYLOADS[0]
    )
    lab.page.wait_for_function("() => window.pwned === 1")
    with pytest.raises(AssertionError):
        nothing_ran(lab)
