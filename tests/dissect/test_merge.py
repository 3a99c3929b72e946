"""Parts of one dissection add up to the whole."""

import pytest

from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect.result import Dissection
from tests.dissect.running import run
from tests.dissect.tabled import Marks, random_tables, tabled


@pytest.mark.parametrize("keywords", [{}, {"threshold": "iqr", "levels": 5}, {"null": "untrained"}])
def test_saved_parts_add_up_to_the_whole_in_any_order(small, tmp_path, keywords):
    whole = run(*small, **keywords)
    parts = []
    for k in range(3):
        part = run(*small, part=(k, 3), **keywords)
        assert not part.complete
        part.save(tmp_path / f"{k}.safetensors")
        parts.append(Dissection.load(tmp_path / f"{k}.safetensors"))
    copies = [Dissection.load(tmp_path / f"{k}.safetensors") for k in range(3)]
    for order in ((0, 1, 2), (2, 0, 1)):
        a, b, c = (parts[k] for k in order)
        assert a.merge(b).merge(c) == a.merge(b.merge(c)) == whole
    assert parts == copies
    assert a.merge(b).merge(c).complete


def test_a_part_goes_on_to_be_the_whole(small):
    assert run(*small, resume=run(*small, part=(1, 2))) == run(*small)


def test_fully_connected_layers_add_up_with_all_their_levels():
    maps, masks = random_tables(units=6, size=(1, 1), scale=3)
    three = tabled(maps[:, :, 0, 0], masks)
    whole = run(*three)
    halves = [run(*three, part=(k, 2)) for k in range(2)]
    assert halves[0].merge(halves[1]) == whole
    assert whole.auc is not None


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({}, "both have seen some of the same images"),
        ({"start": 96}, r"their levels differ(.|\n)*threshold=<the first>"),
        ({"share": 0.1}, "they differ in share"),
        ({"top": 3, "part": (1, 2)}, "they have different tops"),
        ({"null": None}, "they differ in null"),
    ],
)
def test_what_does_not_add_up_is_refused(other, message):
    maps, masks = random_tables(192)
    three = tabled(maps, masks)
    first = run(*three, part=(0, 2))
    before = first.provenance
    with pytest.raises(DissectionError, match=message):
        first.merge(run(*three, **other))
    assert first.provenance == before


def test_other_layers_weights_and_concepts_do_not_add_up(small):
    model, latents, segmenter = small
    first = run(*small, part=(0, 2))
    maps, masks = random_tables(seed=5)
    with pytest.raises(DissectionError, match="they differ in weights"):
        first.merge(run(*tabled(maps, masks), part=(1, 2)))
    with pytest.raises(DissectionError, match="they differ in concepts"):
        first.merge(run(model, latents, Marks(segmenter.masks, names=("a", "b", "c")), part=(1, 2)))
    two = tabled({"first": segmenter.masks[:, :1].float(), "second": model.first.table}, segmenter.masks)
    with pytest.raises(DissectionError, match="they differ in layer"):
        first.merge(run(*two, "second", part=(1, 2)))


def test_masks_on_another_grid_do_not_add_up(small):
    model, latents, segmenter = small
    first = run(*small, part=(0, 2))
    with pytest.raises(DissectionError, match="they have different grid of masks"):
        first.merge(run(model, latents, Marks(segmenter.masks[:, :, ::2]), part=(1, 2)))


def test_a_run_that_has_its_levels_does_not_add_to_one_that_has_not(small):
    asked = iter([False, True])
    unfinished = run(*small, part=(0, 2), batch=8, cancel=lambda: next(asked, True))
    with pytest.raises(DissectionError, match="one of them has no levels yet"):
        run(*small, part=(1, 2)).merge(unfinished)


@pytest.mark.parametrize("other", [3, None, "found.safetensors", {"first": 3}])
def test_what_is_no_dissection_does_not_add_up(small, other):
    with pytest.raises(DissectionError, match=r"only dissections add up(.|\n)*got: (.|\n)*next: Of several"):
        run(*small, part=(0, 2)).merge(other)
