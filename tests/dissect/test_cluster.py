"""Dissection on a cluster whose workers are threads of this process: the same results, and clear errors."""

import sys
import threading
import time

import distributed
import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError
from gan_widgets.core.latents import normal
from gan_widgets.dissect import cluster, remote
from gan_widgets.dissect.run import dissect
from tests.dissect.running import after, run
from tests.dissect.tabled import Marks, random_tables, tabled

HIDDEN = "127.0.0.1:0"  # with None, Dask's dashboard takes port 8787


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=False, dashboard_address=HIDDEN, memory_limit=0
        ) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"threshold": "iqr", "levels": 5},
        {"beside": (0.1, 0.2), "null": None},
        {"null": "untrained", "batch": 7},
        {"part": (1, 2), "top": 0},
        {"start": 12, "images": 60, "batch": 1},
    ],
    ids=str,
)
def test_workers_find_what_one_process_finds(client, small, keywords):
    assert run(*small, client=client, **keywords) == run(*small, **keywords)


def test_several_layers_also_fully_connected_ones_are_read_together(client):
    maps, masks = random_tables()
    flat, _ = random_tables(units=4, size=(1, 1), seed=3)
    three = tabled({"first": maps, "second": flat[:, :, 0, 0]}, masks)
    for threshold in ("quantile", "iqr"):
        serial = run(*three, ["first", "second"], threshold=threshold)
        assert run(*three, ["first", "second"], threshold=threshold, client=client) == serial


def test_the_shipped_generator_gives_the_same_bits(client):
    G, _, latents = gw.pretrained("dcgan-mnist")
    keywords = {"latents": latents, "segmenter": gw.concepts.strokes(), "images": 128, "progress": False}
    serial = dissect(G, ["net.6", "net.9"], **keywords)
    assert dissect(G, ["net.6", "net.9"], client=client, **keywords) == serial


class Noisy(nn.Module):
    """Images depend on their batch in two ways."""

    def __init__(self):
        super().__init__()
        self.first = nn.ConvTranspose2d(6, 5, (3, 4))
        self.norm, self.drop = nn.BatchNorm2d(5), nn.Dropout(0.3)

    def forward(self, z):
        maps = self.drop(self.norm(self.first(z[:, :, None, None])))
        return (maps + torch.randn(1)).repeat_interleave(3, 2).repeat_interleave(3, 3)[:, :1]


def test_images_that_depend_on_their_batch_come_out_the_same(client):
    torch.manual_seed(0)
    segmenter = gw.concepts.from_function(lambda images: images > 0, names=["lit"])
    subject = Noisy(), normal(6), segmenter
    for mode in ("eval", "train"):
        serial = run(*subject, mode=mode, batch=8)
        before = torch.get_rng_state()
        assert run(*subject, mode=mode, batch=8, client=client) == serial
        assert torch.get_rng_state().equal(before)


def test_levels_that_are_known_are_taken_along(client, small):
    known = run(*small)
    serial = run(*small, images=48, start=48, threshold=run(*small, images=48))
    assert run(*small, images=48, start=48, threshold=run(*small, images=48), client=client) == serial
    assert run(*small, resume=known, client=client) == known


@pytest.mark.parametrize("threshold", ["quantile", "iqr"])
@pytest.mark.parametrize("asked", [0, 2, 5, 12])
def test_a_cancelled_run_goes_on_with_workers_or_without(client, small, tmp_path, threshold, asked):
    keywords = {"threshold": threshold, "levels": 5}
    whole = run(*small, **keywords)
    partial = run(*small, **keywords, batch=4, cancel=after(asked), client=client)
    assert partial.images <= 4 * asked
    assert not partial.complete
    partial.save(tmp_path / "partial.safetensors")
    again = gw.Dissection.load(tmp_path / "partial.safetensors")
    assert run(*small, **keywords, batch=16, resume=again) == whole
    assert run(*small, **keywords, batch=16, resume=again, client=client) == whole
    begun = run(*small, **keywords, batch=8, cancel=after(5))
    assert run(*small, **keywords, resume=begun, client=client) == whole


def test_values_for_levels_are_collected_once_though_chunks_come_in_any_order(client, small):
    whole = run(*small)
    partial = run(*small, batch=4, cancel=after(3), client=client)
    state = partial._state
    gap = run(*small, batch=4, cancel=after(1))._state  # seeds 0 to 3
    late = run(*small, batch=4, cancel=after(4))._state  # seeds 0 to 15
    assert gap.done["thresholds"] == ((0, 4),)
    hollow = state.new(state.scale, 8)
    maps = small[0].first.table
    for low in (0, 8, 20):
        hollow.collect(maps[low : low + 4], low, low + 4, 0)
    assert hollow.done["thresholds"] == ((0, 4), (8, 12), (20, 24))
    assert late.done["thresholds"] == ((0, 16),)
    hollow = gw.Dissection(partial._facts, partial._planned, hollow)
    assert run(*small, resume=hollow, batch=32) == whole
    assert run(*small, resume=hollow, batch=32, client=client) == whole


def test_progress_rises_to_the_end_and_an_interrupt_gives_what_was_counted(client, small, capsys):
    told = []
    whole = run(*small, batch=8, on_progress=told.append, progress=True, client=client)
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert done[-1] == told[-1].total == 96
    assert {progress.what for progress in told} == {"thresholds", "labels and report"}
    assert "96/96" in capsys.readouterr().err

    def interrupt(progress):
        if progress.done >= 48:
            raise KeyboardInterrupt

    partial = run(*small, batch=8, on_progress=interrupt, client=client)
    assert 48 <= partial.images < 96
    assert run(*small, resume=partial, client=client) == whole


class Broken(Marks):
    """Masks of one seed cannot be made."""

    def __init__(self, masks, seed, error):
        super().__init__(masks)
        self.seed, self.error = seed, error

    def __call__(self, images):
        if self.seed in images[:, 0, 0, 0].tolist():
            raise self.error
        return super().__call__(images)


def test_a_chunk_that_raises_is_named_and_loses_nothing(client, small):
    model, latents, segmenter = small
    broken = Broken(segmenter.masks, -1, ZeroDivisionError("no ink"))
    whole = run(model, latents, broken)
    broken.seed = 70
    with pytest.raises(DissectionError) as caught:
        run(model, latents, broken, batch=4, client=client)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("seeds 68 to 71 for report failed on the worker inproc://")
    assert lines[0].endswith(": the segmenter failed on seeds 68 to 71.")
    assert lines[1] == "  got: ZeroDivisionError: no ink"
    assert len(lines) == 4
    partial = caught.value.partial
    assert 24 <= partial.images < 96
    broken.seed = -1
    assert run(model, latents, broken, resume=partial, client=client) == whole


def test_memory_that_ends_on_a_worker_halves_its_batch(client, small):
    model, latents, segmenter = small

    def full(_module, rows):
        if len(rows[0]) > 3:
            raise MemoryError

    whole = run(model, latents, segmenter)
    model.first.register_forward_pre_hook(full)
    assert run(model, latents, segmenter, client=client) == whole


def test_masks_that_change_in_size_are_refused(client, small):
    model, latents, segmenter = small

    class Shrinking(Marks):
        def __call__(self, images):
            masks = super().__call__(images)
            return masks[:, :, :8] if images[0, 0, 0, 0] > 60 else masks

    with pytest.raises(DissectionError, match=r"the masks of the segmenter change in size"):
        run(model, latents, Shrinking(segmenter.masks), batch=4, client=client)


class Watching(Marks):
    """Notes how it is called, in a list that its copies share."""

    noted = []  # noqa: RUF012
    busy = threading.Lock()

    def __call__(self, images):
        assert self.busy.acquire(blocking=False)
        try:
            self.noted.append((torch.get_num_threads(), threading.current_thread()))
            return super().__call__(images)
        finally:
            self.busy.release()


def test_a_process_looks_at_one_chunk_at_a_time_with_one_thread(client, small):
    model, latents, segmenter = small
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        run(model, latents, Watching(segmenter.masks), batch=4, client=client)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    assert {count for count, _ in Watching.noted} == {1}
    assert threading.current_thread() not in {thread for _, thread in Watching.noted}


def test_what_cannot_be_pickled_is_named(client, small):
    model, latents, segmenter = small
    segmenter.lock = threading.Lock()
    with pytest.raises(DissectionError, match=r"the segmenter cannot be sent to workers.\n  got: TypeError"):
        run(model, latents, segmenter, client=client)
    del segmenter.lock
    model.file = threading.Lock()
    with pytest.raises(DissectionError, match=r"the model cannot be sent to workers") as caught:
        run(model, latents, segmenter, client=client)
    assert caught.value.partial.images == 0


def test_workers_with_other_versions_are_refused(client, small, monkeypatch):
    packed = remote.Cargo.of

    def other(subject, job):
        cargo = packed(subject, job)
        cargo.versions = {**cargo.versions, "torch": "1.0"}
        return cargo

    monkeypatch.setattr(cluster.Cargo, "of", other)
    with pytest.raises(DissectionError, match=r"this worker has other versions(.|\n)*'torch': '1.0'"):
        run(*small, client=client)


def test_nothing_is_left_on_the_workers(client, small):
    run(*small, client=client)
    left = client.run(lambda dask_worker: [name for name in dask_worker.plugins if "gan-widgets" in name])
    assert list(left.values()) == [[], []]
    while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
        time.sleep(0.01)  # they are forgotten soon


@pytest.mark.parametrize("wrong", [True, "tcp://127.0.0.1:8786", np.zeros(3)])
def test_what_is_no_client_is_refused(small, wrong):
    with pytest.raises(DissectionError, match="this is no client of a cluster"):
        run(*small, client=wrong)


def test_without_dask_the_error_says_what_to_install(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DissectionError, match=r'next: Run: pip install "gan_widgets\[cluster\]"'):
        run(*small, client=object())
