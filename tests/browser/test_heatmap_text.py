"""The heatmap's numbers as text: its table and its comma-separated values; strange names; real numbers."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import comm
import numpy as np
import pytest
from playwright.sync_api import expect

import gan_widgets as gw
from tests.browser.heatmaps import CONCEPTS, IOU, point, small
from tests.browser.live_host import Live
from tests.browser.static_host import ROOT, Host
from tests.browser.test_hostile_names import PAYLOADS
from tests.widgets.conftest import Page as Wire

pytestmark = pytest.mark.browser

SHOTS = ROOT / ".ci" / "out"
# refuse the clipboard, as a page without a secure address does
NO_CLIPBOARD = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }"
CELLS = "row => [...row.querySelectorAll('th, td')].map(cell => cell.textContent)"


def test_the_table_has_each_unit_with_its_best_concept_in_the_order_of_the_map(host: Host) -> None:
    root = small(host)
    root.locator('[data-action="show"]').click()
    assert host.written == [{"show": "table"}]
    expect(root.locator("canvas.gw-canvas")).to_be_hidden()
    table = root.get_by_role("table")
    heads = table.get_by_role("columnheader").all_inner_texts()
    assert heads == ["unit", "concept", "category", "IoU", "95 % interval", "p", "family-wise", "q", "notes"]
    rows = [row.evaluate(CELLS) for row in table.locator("tbody tr").all()]
    assert [row[0] for row in rows] == ["1", "5", "2", "0", "3", "4"]
    own = "its best concept (p 0.003, the choice allowed for)"
    assert rows[0][1:] == ["ink", "ink", "0.5", "0.45 to 0.55", "0.001", "0.02", "0.004", own]
    assert rows[1][8] == f"below 0.05; {own}"
    assert rows[5][1:] == ["", "", "", "", "", "", "", "dead: never active, not ranked"]
    root.locator('[data-action="show"]').click()
    expect(root.locator("canvas.gw-canvas")).to_be_visible()


def test_the_table_shows_another_concept_when_one_is_chosen(host: Host) -> None:
    root = small(host, show="table")
    root.locator('[data-action="concept"]').select_option(label="hole")
    assert host.written == [{"concept": 1}]
    rows = [row.evaluate(CELLS) for row in root.locator("tbody tr").all()]
    assert [row[3] for row in rows] == ["0.04", "0.02", "0.4", "0.31", "0", "0.9"]
    assert rows[0][8] == "below 0.05"
    assert rows[5][8] == "dead: never active, not ranked"
    host.receive(concept=-1)
    expect(root.locator('[data-action="concept"]')).to_have_value("-1")


def test_units_are_selected_in_the_table_and_keep_the_focus(host: Host) -> None:
    root = small(host, show="table", selection=[3])
    pick = root.get_by_role("button", name="unit 0", exact=True)
    pick.focus()
    host.page.keyboard.press("Enter")
    assert host.written == [{"selection": [0, 3]}]
    expect(pick).to_have_attribute("aria-pressed", "true")
    expect(pick).to_be_focused()
    host.page.keyboard.press("Space")
    assert host.written[-1] == {"selection": [3]}


def test_a_long_table_has_pages(host: Host) -> None:
    root = host.mount("iou_heatmap", (64, 14), show="table", sort="number")
    expect(root.locator("tbody tr")).to_have_count(25)
    next_page = root.locator('[data-action="next"]')
    next_page.click()
    expect(root).to_contain_text("units 26 to 50 of 64")
    next_page.click()
    expect(root.locator("tbody tr")).to_have_count(14)
    assert root.locator("tbody tr th").last.inner_text() == "63"
    expect(next_page).to_be_disabled()
    host.receive(interpretable=True, threshold=0.4)
    expect(root.locator('[data-action="previous"]')).to_be_disabled()


def test_the_download_has_all_numbers_of_what_is_shown(host: Host, tmp_path: Path) -> None:
    root = small(host, interpretable=True, threshold=0.2)
    with host.page.expect_download() as started:
        root.locator('[data-action="download"]').click()
    assert started.value.suggested_filename == "iou-net.6.csv"
    target = tmp_path / "iou.csv"
    started.value.save_as(target)
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [(row["unit"], row["concept"]) for row in rows[:5]] == [
        ("1", "ink"),
        ("1", "edge"),
        ("1", "hole"),
        ("1", "end"),
        ("2", "ink"),
    ]
    names = [name for name, _ in CONCEPTS]
    assert len(rows) == 4 * 4
    for row in rows:
        true = IOU[int(row["unit"])][names.index(row["concept"])]
        numbers = [float(row[name]) for name in ("iou", "ci_low", "ci_high", "p", "family_wise", "q")]
        assert np.allclose(numbers, [true, 0.9 * true, 1.1 * true, 0.001, 0.02, 0.004], rtol=1e-6)
        assert row["label_p"] == ("0.003" if row["best"] == "1" else "")
    assert [row["concept"] for row in rows if row["best"] == "1"] == ["ink", "hole", "hole", "end"]


def test_formulas_in_names_are_defused(host: Host) -> None:
    root = small(host, concepts=[['=HYPERLINK("x")', "+cmd"], ["@a", "-1"], ["edge", "ink"], ["\t=1", "x"]])
    host.page.evaluate(NO_CLIPBOARD)
    text = root.get_by_label("comma-separated values", exact=True)
    expect(root.locator("textarea")).to_be_hidden()
    root.locator('[data-action="copy"]').click()
    expect(text).to_be_focused()
    expect(root).to_contain_text("Press Ctrl+C or ⌘C to copy")
    host.page.set_viewport_size({"width": 700, "height": 1000})
    host.drawn()
    expect(text).to_be_focused()
    expect(root).to_contain_text("Press Ctrl+C or ⌘C to copy")
    first = next(csv.DictReader(io.StringIO(text.input_value())))
    assert (first["concept"], first["category"]) == ('\'=HYPERLINK("x")', "'+cmd")
    host.receive(sort="iou")
    expect(text).to_be_hidden()


def test_no_name_runs_wherever_it_is_shown(host: Host) -> None:
    concepts = [[payload, payload[::-1]] for payload in PAYLOADS]
    root = host.mount("iou_heatmap", (24, 20), concepts=concepts, concept=3)
    canvas = root.locator("canvas.gw-canvas")
    for column in range(20):
        canvas.hover(position=point(root, 2, column))
        expect(root.locator(".gw-card")).to_contain_text(PAYLOADS[column][:20])
    for show in ("table", "map"):
        host.receive(show=show, info={"name": PAYLOADS[0], "kind": PAYLOADS[1], "units": 24, "size": [2, 3]})
        host.receive(error=PAYLOADS[2])
    host.receive(values={"uint8": []}, info={"name": "x", "why": PAYLOADS[0]})
    expect(root.locator(".gw-empty")).to_have_text(PAYLOADS[0])
    assert host.page.evaluate("typeof window.pwned") == "undefined"
    assert root.locator(":is(script, iframe, object, svg, img, video, math, details, a)").count() == 0


@pytest.fixture
def live(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """The shipped generator, dissected, with a real heatmap behind the page."""
    wire = Wire()
    monkeypatch.setattr(comm, "create_comm", wire.create_comm)
    model, _, latents = gw.pretrained("dcgan-mnist")
    with gw.attach(model, latents=latents, layer="net.6", samples=4) as lab:
        lab.dissect(gw.concepts.strokes(), images=300, progress=False)
        yield Live(host, wire, gw.IoUHeatmap(lab))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_and_controller_agree_on_real_numbers(live: Live, theme: str) -> None:
    live.host.page.evaluate("theme => host.theme(theme)", theme)
    lab, root = live.view.lab, live.mount()
    live.host.page.get_by_role("combobox").first.select_option("iou")
    expect(root).to_have_attribute("data-sort", "iou")
    cell = root.locator(".gw-cell")
    root.locator("canvas.gw-canvas").click(position=point(root, 0, 3))
    expect(root).not_to_have_attribute("data-selection", "")
    unit, column = int(cell.get_attribute("data-unit") or -1), int(cell.get_attribute("data-concept") or -1)
    assert unit == lab.found.best()[0].unit
    assert lab.selection == (unit,)
    assert lab.concept == lab.found.concepts[column]
    assert f"IoU {lab.found.iou[unit, column]:.2g}"[:7] in (cell.get_attribute("aria-label") or "")
    live.host.page.get_by_role("combobox").first.select_option("cluster")
    order = ",".join(str(unit) for unit in live.view.rows["clustered"][:8])
    expect(root).to_have_attribute("data-order", order)
    lab.selection, lab.concept = [3, 4], "hole"
    live.told()
    expect(root).to_have_attribute("data-selection", "3,4")
    root.screenshot(path=str(SHOTS / f"heatmap-digits-{theme}.png"))
