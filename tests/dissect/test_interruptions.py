"""A run that is cut short loses nothing: cancel, Ctrl-C, errors and memory that runs out."""

import numpy as np
import pytest
import torch

from gan_widgets.core.errors import DissectionError, LatentsError
from gan_widgets.dissect.progress import Progress
from gan_widgets.dissect.result import Dissection
from tests.dissect.running import after, run
from tests.dissect.tabled import random_tables, tabled


@pytest.mark.parametrize("threshold", ["quantile", "iqr"])
@pytest.mark.parametrize("asked", [0, 1, 3, 5, 9])
def test_a_cancelled_run_goes_on_to_the_very_result_of_an_uninterrupted_one(
    small, tmp_path, threshold, asked
):
    whole = run(*small, threshold=threshold, levels=5)
    partial = run(*small, threshold=threshold, levels=5, batch=8, cancel=after(asked))
    assert not partial.complete
    assert partial.images == 8 * asked
    assert partial.planned == 96
    partial.save(tmp_path / "partial.safetensors")
    again = Dissection.load(tmp_path / "partial.safetensors")
    assert again == partial
    before = again.provenance
    assert run(*small, threshold=threshold, levels=5, batch=5, resume=again) == whole
    assert again.provenance == before


def test_a_partial_result_is_a_valid_one(small):
    early = run(*small, batch=8, cancel=after(2))
    assert np.isnan(early.iou).all()
    assert np.isnan(early.thresholds).all()
    assert early.labels.tolist() == [-1] * 5
    assert early.levels.shape == (5, 0)
    assert early.best() == []
    assert early.ci.shape == (5, 3, 2)
    assert np.isnan(early.ci).all()
    assert len(early.to_frame()) == 15
    assert early.states == ("ok",) * 5
    assert repr(early).startswith("Dissection('first': 5 units at 3×5, 3 concepts, 16 images of 96; 0 units")
    later = run(*small, batch=8, cancel=after(8))
    assert later.counts.total().pixels > 0
    assert later.label_counts.total().pixels > 0
    assert not np.isnan(later.iou).any()
    assert len(later.to_frame()) == 15
    low = later.ci[..., 0]
    assert (low <= later.iou)[~np.isnan(low)].all()


class Once:
    """A segmenter that raises an error the first time that it sees a seed."""

    def __init__(self, inner, seed, error):
        self.inner, self.seed, self.error = inner, seed, error
        self.names, self.categories = inner.names, inner.categories

    def __call__(self, images):
        if self.error is not None and self.seed in images[:, 0, 0, 0].tolist():
            error, self.error = self.error, None
            raise error
        return self.inner(images)


def test_an_interrupt_from_the_keyboard_gives_what_was_counted(small):
    model, latents, segmenter = small
    whole = run(model, latents, Once(segmenter, -1, None))
    partial = run(model, latents, Once(segmenter, 70, KeyboardInterrupt()), batch=4)
    assert 24 < partial.images < 96
    assert run(model, latents, Once(segmenter, -1, None), resume=partial) == whole


def test_an_error_of_the_segmenter_is_named_and_keeps_what_was_counted(small):
    model, latents, segmenter = small
    whole = run(model, latents, Once(segmenter, -1, None))
    broken = Once(segmenter, 70, ZeroDivisionError("no ink"))
    with pytest.raises(
        DissectionError, match=r"the segmenter failed on seeds 68 to 71.\n  got: ZeroDivisionError: no ink"
    ) as caught:
        run(model, latents, broken, batch=4)
    partial = caught.value.partial
    assert 24 < partial.images < 96
    assert run(model, latents, broken, resume=partial) == whole


def test_an_error_of_the_model_of_latents_or_of_a_callback_keeps_it_too(small):
    model, latents, segmenter = small
    whole = run(model, latents, segmenter)
    handle = model.first.register_forward_hook(lambda _, rows, __: 1 / 0 if 80 in rows[0] else None)
    with pytest.raises(DissectionError, match=r"the model failed on seeds 80 to 83") as caught:
        run(model, latents, segmenter, batch=4)
    handle.remove()
    assert run(model, latents, segmenter, resume=caught.value.partial) == whole

    def tell(progress):
        if progress.done > 40:
            raise RuntimeError("the view is gone")

    with pytest.raises(
        DissectionError, match=r"ended early.\n  got: RuntimeError: the view is gone"
    ) as caught:
        run(model, latents, segmenter, on_progress=tell)
    assert caught.value.partial.images > 40
    assert isinstance(caught.value.__cause__, RuntimeError)
    with pytest.raises(LatentsError):
        run(model, lambda seed: torch.zeros(seed % 2 + 1), segmenter)


def test_masks_that_change_in_size_are_refused(small):
    model, latents, segmenter = small
    masks = segmenter.masks

    class Shrinking(type(segmenter)):
        def __call__(self, images):
            return (
                super().__call__(images)[:, :, :8] if 60 in images[:, 0, 0, 0] else super().__call__(images)
            )

    with pytest.raises(DissectionError, match=r"change in size.\n  got: 8×20\n  allowed: 12×20") as caught:
        run(model, latents, Shrinking(masks), batch=4)
    assert caught.value.partial.grid == (12, 20)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=["MemoryError", "CUDA", "CPU"],
)
@pytest.mark.parametrize("where", ["model", "segmenter"])
def test_where_memory_ends_the_batch_halves_and_goes_on(small, error, where):
    model, latents, segmenter = small
    whole = run(model, latents, segmenter)
    sizes = []

    def full(rows):
        sizes.append(len(rows))
        if len(rows) > 3:
            raise error

    if where == "model":
        model.first.register_forward_pre_hook(lambda _, rows: full(rows[0]))
        found = run(model, latents, segmenter)
    else:

        class Hungry(type(segmenter)):
            def __call__(self, images):
                full(images)
                return super().__call__(images)

        Hungry.__qualname__ = "Marks"
        found = run(model, latents, Hungry(segmenter.masks))
    assert found == whole
    assert {16, 8, 4, 2} <= set(sizes)
    assert set(sizes[-20:]) == {2}


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory.")])
def test_where_two_images_do_not_fit_one_at_a_time_does(small, error):
    model, latents, segmenter = small
    whole, room, sizes = run(model, latents, segmenter), [1], []

    def full(_, rows):
        sizes.append(len(rows[0]))
        if len(rows[0]) > room[0]:
            raise error

    model.first.register_forward_pre_hook(full)
    assert run(model, latents, segmenter) == whole
    assert set(sizes[-20:]) == {1}
    room[0] = 0
    with pytest.raises(LatentsError, match="There is not enough memory to run") as caught:
        run(model, latents, segmenter)
    assert "(1, " in str(caught.value)
    assert caught.value.__cause__ is error


def test_memory_that_ends_at_a_batch_of_one_is_a_clear_error(small):
    model, latents, segmenter = small

    def full(_module, rows):
        if 50 in rows[0]:
            raise MemoryError

    model.first.register_forward_pre_hook(full)
    with pytest.raises(DissectionError, match=r"not enough memory(.|\n)*got: batch=1: MemoryError") as caught:
        run(model, latents, segmenter)
    assert caught.value.partial.images >= 24


def test_a_failure_that_is_not_about_memory_is_not_tried_again(small):
    model, latents, segmenter = small
    calls = []

    def fail(_module, rows):
        if len(rows[0]) > 2:  # no look at what the model is like, but a batch
            calls.append(len(rows[0]))
        if len(calls) > 1:
            raise RuntimeError("shapes do not fit")

    model.first.register_forward_pre_hook(fail)
    with pytest.raises(DissectionError, match="RuntimeError: shapes do not fit"):
        run(model, latents, segmenter)
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"share": 0.1}, "they differ in share"),
        ({"threshold": "iqr"}, "they differ in threshold"),
        ({"images": 60}, "it was planned otherwise"),
        ({"start": 4}, "it was planned otherwise"),
        ({"null": None}, "they differ in null"),
    ],
)
def test_what_does_not_go_on_from_there_is_refused(small, changed, message):
    partial = run(*small, cancel=after(3))
    with pytest.raises(DissectionError, match=message):
        run(*small, resume=partial, **changed)


def test_other_weights_and_other_layers_do_not_go_on(small):
    partial = run(*small, cancel=after(3))
    maps, masks = random_tables(seed=9)
    with pytest.raises(DissectionError, match="they differ in weights"):
        run(*tabled(maps, masks), resume=partial)
    with pytest.raises(DissectionError, match="resume is no dissection of these layers"):
        run(*small, ["first"], resume={"second": partial})


def test_several_layers_go_on_together():
    maps, masks = random_tables()
    three = tabled({"first": maps, "second": maps.flip(1)}, masks)
    whole = run(*three, ["first", "second"])
    partial = run(*three, ["first", "second"], cancel=after(3))
    assert run(*three, ["first", "second"], resume=partial) == whole
    beside = run(*three, "first", cancel=after(1), batch=4)
    with pytest.raises(DissectionError, match="they have seen different images"):
        run(*three, ["first", "second"], resume={"first": beside, "second": partial["second"]})


def test_progress_rises_to_the_end_and_goes_on_from_where_it_was(small, capsys):
    told = []
    partial = run(*small, batch=8, on_progress=told.append, cancel=after(5))
    assert [progress.done for progress in told][-1] == partial.images
    assert told[0] == Progress(8, 96, told[0].seconds_left, "thresholds", ("first",))
    run(*small, resume=partial, on_progress=told.append, progress=True)
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert done[-1] == told[-1].total == 96
    assert told[-1].what == "labels and report"
    assert told[-1].seconds_left == 0
    assert all(progress.seconds_left >= 0 for progress in told)
    assert "96/96" in capsys.readouterr().err
