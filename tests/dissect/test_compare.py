"""Two dissections side by side."""

import numpy as np
import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect import scale
from gan_widgets.dissect.run import dissect
from tests.dissect.tabled import random_tables, tabled


def planted(units, seed=0, names=("left", "<right>", "never")):
    """As many units follow each concept as `units` says; one more is noise."""
    maps, masks = random_tables(96, sum(units) + 1, 3, (4, 6), 1, seed, marked=0.06)
    follows = [concept for concept, count in enumerate(units) for _ in range(count)]
    for unit, concept in enumerate(follows):
        maps[:, unit] += 10000.0 * masks[:, concept]
    masks[:, 2] = False
    return tabled(
        {"first": maps, "second": maps[:, :3]}, masks, names=names, categories=("side", "side", "odd")
    )


def run(model, latents, segmenter, layer="first", **keywords):
    keywords = {"images": 96, "share": 0.06, "progress": False, **keywords}
    return dissect(model, layer, latents=latents, segmenter=segmenter, **keywords)


def test_units_are_counted_per_concept_and_category():
    a, b = run(*planted((2, 1))), run(*planted((1, 3), seed=3))
    found = gw.compare(a, b, at_least=0.5)
    rows = {row.what: row for row in (*found.per_category, *found.per_concept, found.total)}
    assert {name: (row.a, row.b, row.difference) for name, row in rows.items()} == {
        "side": (3, 4, 1), "odd": (0, 0, 0), "left": (2, 1, -1), "<right>": (1, 3, 2), "never": (0, 0, 0),
        "all": (3, 4, 1),
    }  # fmt: skip
    for row in rows.values():
        assert row.low <= row.difference <= row.high
    assert rows["<right>"].low > 0
    assert found.paired
    assert not gw.compare(a, run(*planted((1, 2)), images=80), at_least=0.5).paired
    summary = a.summary(at_least=0.5)
    assert summary.per_concept == {"left": 2, "<right>": 1}


def test_layers_of_the_same_images_are_drawn_together():
    both = run(*planted((2, 1)), ["first", "second"])
    found = gw.compare(both["first"], both["second"], at_least=0.5)
    assert found.paired
    assert found.names == ("first", "second")
    assert (found.total.a, found.total.b, found.total.low, found.total.high) == (3, 3, 0, 0)


def test_several_layers_at_once_are_no_dissection():
    both = run(*planted((2, 1)), ["first", "second"])
    with pytest.raises(DissectionError, match="two dissections are compared"):
        gw.compare(both, both["first"])


def test_results_in_other_blocks_are_not_drawn_together(monkeypatch):
    a = run(*planted((2, 1)))
    monkeypatch.setattr(scale, "_BLOCKS", ((8, 4),))
    assert gw.compare(a, a, at_least=0.5).paired
    assert not gw.compare(a, run(*planted((2, 1))), at_least=0.5).paired


def test_a_difference_that_chance_explains_has_an_interval_around_zero():
    maps, masks = random_tables(96, 40, 2, (4, 6), 1, 1)
    a = run(*tabled(maps, masks))
    b = run(
        *tabled(maps.flip(1) + torch.randn(maps.shape, generator=torch.Generator().manual_seed(0)), masks)
    )
    middle = float(np.median(a.iou.max(1)))
    row = gw.compare(a, b, at_least=middle).total
    assert row.low < 0 < row.high


def test_only_shared_concepts_count():
    a = run(*planted((2, 1)))
    b = run(*planted((1, 2), names=("<right>", "left", "other")))
    found = gw.compare(a, b, at_least=0.5)
    assert found.concepts == ("left", "<right>")
    assert [(row.what, row.a, row.b) for row in found.per_concept] == [("left", 2, 2), ("<right>", 1, 1)]
    with pytest.raises(DissectionError, match="0 shared concepts"):
        gw.compare(a, run(*planted((1, 1), names=("x", "y", "z"))))
    with pytest.raises(DissectionError, match="0 images"):
        gw.compare(a, run(*planted((1, 1)), cancel=lambda: True))


def test_texts_and_tables_say_the_same():
    found = gw.compare(run(*planted((2, 1))), run(*planted((1, 3), seed=3)), at_least=0.5)
    assert repr(found).splitlines()[:2] == [
        "units with IoU ≥ 0.5: first (a) against first (b)",
        repr(found).splitlines()[1],
    ]
    assert "<right>     1    3  +2 (" in repr(found)
    html = found._repr_html_()
    assert "&lt;right&gt;" in html
    assert "<right>" not in html
    frame = found.to_frame()
    assert frame.kind.tolist() == ["total", "category", "category", "concept", "concept", "concept"]
    assert frame[frame.what == "left"].difference.tolist() == [-1]
