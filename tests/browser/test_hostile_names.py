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

def marked(images):
    places = torch.arange(images[0, 0].numel()).reshape(images.shape[2:])
    return torch.stack([(images[:, 0] > 0) & (places % len(names) >= k) for k in range(len(names))], 1)

torch.manual_seed(0)
lab = gw.attach(Hostile(), latents=gw.normal(5), samples=3)
concepts = gw.concepts.from_function(marked, names, [name[::-1] for name in names])
bench, chart = gw.Workbench(lab, concepts), gw.LayerChart(lab, at_least=0)
heatmap, gallery, sliders = bench.heatmap, bench.gallery, bench.sliders
views = [bench.picker, bench.grid, sliders, heatmap, gallery]
"""
DISSECT = """
found = lab.dissect(concepts, images=64, layer=[f"steps.{name}" for name in names], progress=False)
lab.layer = f"steps.{names[0]}"
bench
"""
# afterwards the handlers of elements that were just made have run
TWO_FRAMES = """() => new Promise(done =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
SHOWN = (
    "lab.layers",
    "print(lab.layers)",
    "list(lab.layers)",
    "print(bench, chart, chart.text(), *views)",
    "lab.found",
    "lab.found.summary()",
    "lab.found.to_frame().head(25)",
    "gw.compare(lab.found, found[f'steps.{names[1]}'], at_least=0)",
    "concepts",
)
VIEWS = ("layer-picker", "activation-grid", "ablation-sliders", "iou-heatmap", "unit-gallery")


@pytest.fixture(scope="module")
def lab(shared_lab: Lab) -> Lab:
    """All views on a model whose every layer has a payload for its name and for its kind, and on concepts of
    such names and categories."""
    model = MODEL.format(payloads=repr(list(PAYLOADS)))
    shared_lab.open(model, DISSECT, "chart", "lab", *SHOWN)
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
    assert lab.page.locator(".jp-OutputArea-output").count() >= len(SHOWN) + 3
    nothing_ran(lab)


def test_no_layer_name_runs_in_any_view(lab: Lab) -> None:
    picker = lab.view("layer-picker")
    for payload in PAYLOADS:
        layer = f"steps.{payload}"
        lab.kernel.value(f"setattr(lab, 'layer', {layer!r})")
        for name in VIEWS:
            assert lab.view(name).get_attribute("data-error") is None
        expect(picker.locator('[data-action="layer"]')).to_have_value(layer)
        for name in VIEWS:
            expect(lab.view(name)).to_contain_text(payload)
        lab.view("activation-grid").hover()
        nothing_ran(lab)


def test_no_name_of_a_concept_or_a_category_runs_in_any_view(lab: Lab) -> None:
    lab.kernel.value(f"setattr(lab, 'layer', {'steps.' + PAYLOADS[0]!r})")
    heatmap, gallery = lab.view("iou-heatmap"), lab.view("unit-gallery")
    expect(gallery).to_have_attribute("data-coming", "0")
    for at, payload in enumerate(PAYLOADS):
        lab.kernel.value("setattr(heatmap, 'show', 'map')")
        lab.kernel.value(f"setattr(lab, 'concept', {payload!r})")
        expect(heatmap.locator(".gw-chosen")).to_contain_text(payload)
        expect(gallery.locator('[data-action="concept"]')).to_have_value(str(at))
        heatmap.locator(".gw-cell").focus()
        lab.page.keyboard.press("Control+Home")
        for _ in range(at):
            lab.page.keyboard.press("ArrowRight")
        expect(heatmap.locator(".gw-card")).to_contain_text(payload)
        expect(heatmap.locator(".gw-card")).to_contain_text(payload[::-1])
        lab.kernel.value("setattr(heatmap, 'show', 'table')")
        expect(heatmap.locator("tbody tr").first).to_contain_text(payload[::-1])
        nothing_ran(lab)
    lab.kernel.value("[setattr(lab, 'concept', ''), setattr(heatmap, 'show', 'map')]")


def test_no_state_of_a_unit_runs(lab: Lab) -> None:
    heatmap, gallery = lab.view("iou-heatmap"), lab.view("unit-gallery")
    for payload in PAYLOADS:
        text = json.dumps(payload)
        lab.kernel.value(
            f"[setattr(heatmap, 'rows', {{**heatmap.rows, 'states': [{text}] * 3}}),"
            f" setattr(gallery, 'info', {{**gallery.info, 'states': {{{text}: [0, 1, 2]}}}})]"
        )
        for view in (heatmap, gallery):
            expect(view.locator(".gw-legend")).to_contain_text(payload)
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
