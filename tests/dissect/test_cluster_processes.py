"""Dissection on worker processes: some of them are killed, some chunks kill."""

import importlib
import os
import signal
import time

import distributed
import pytest

from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect import cluster, deal
from gan_widgets.dissect.run import dissect
from tests.dissect.tabled import LATENTS, Marks, Tabled, random_tables, tabled


@pytest.fixture(scope="module")
def client():
    with cluster.local(2) as client:
        yield client


def run(model, latents, segmenter, **keywords):
    keywords = {"images": 96, "share": 0.05, "batch": 4, "progress": False, **keywords}
    return dissect(model, "first", latents=latents, segmenter=segmenter, **keywords)


def processes(client):
    """The ids of the workers' processes; both are there."""
    client.wait_for_workers(2, timeout=60)
    return sorted(client.run(os.getpid).values())


class Slow(Marks):
    """Takes a twentieth of a second for a batch."""

    def __call__(self, images):
        time.sleep(0.05)
        return super().__call__(images)


def killing(client, how_many, at):
    """A callback that kills workers once so many images are done, and what was killed."""
    killed = []

    def tell(progress):
        if progress.done >= at and not killed:
            killed.extend(processes(client)[:how_many])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    return tell, killed


@pytest.mark.parametrize(("how_many", "at"), [(1, 4), (1, 40), (2, 60)])
def test_killed_workers_change_nothing_in_the_table(client, how_many, at):
    maps, masks = random_tables()
    model, latents, _ = tabled(maps, masks)
    whole = run(model, latents, Slow(masks))
    tell, killed = killing(client, how_many, at)
    assert run(model, latents, Slow(masks), on_progress=tell, client=client) == whole
    assert len(killed) == how_many
    assert not set(killed) & set(processes(client))


class Deadly(Marks):
    """Ends the process that looks at one seed."""

    def __init__(self, masks, seed):
        super().__init__(masks)
        self.seed = seed

    def __call__(self, images):
        if self.seed in images[:, 0, 0, 0].tolist():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(images)


def test_a_chunk_that_kills_its_workers_is_named_and_loses_nothing(client):
    maps, masks = random_tables()
    model, latents, _ = tabled(maps, masks)
    deadly = Deadly(masks, -1)
    whole = run(model, latents, deadly)
    deadly.seed = 57
    begun = time.monotonic()
    with pytest.raises(DissectionError) as caught:
        run(model, latents, deadly, client=client)
    # the bar is 30 s on a machine with nothing else to do
    assert time.monotonic() - begun < 30 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    lines = str(caught.value).splitlines()
    assert lines[0] == "seeds 56 to 59 for report cannot be looked at: workers end when they try."
    assert lines[1].startswith(
        "  got: 2 workers ended with nothing else to do, the last one tcp://127.0.0.1:"
    )
    assert len(lines) == 4
    partial = caught.value.partial
    assert 24 <= partial.images < 96
    deadly.seed = -1
    assert run(model, latents, deadly, resume=partial, client=client) == whole


class Travelling(Tabled):
    """Leaves a file for each time that it is unpacked."""

    def __setstate__(self, state):
        super().__setstate__(state)
        (self.folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()


def test_the_model_travels_once_to_each_worker_and_again_to_one_that_starts_anew(client, tmp_path):
    maps, masks = random_tables()
    model = Travelling({"first": maps}, tuple(masks.shape[2:]))
    model.folder = tmp_path
    before = processes(client)
    run(model, LATENTS, Slow(masks), client=client)
    assert sorted(int(path.name.split("-")[0]) for path in tmp_path.iterdir()) == before
    tell, (*_,) = killing(client, 1, 30)
    run(model, LATENTS, Slow(masks), on_progress=tell, client=client)
    again = sorted(int(path.name.split("-")[0]) for path in tmp_path.iterdir())
    assert [pid for pid in again if pid in before] == sorted(before * 2)
    assert set(again) <= {*before, *processes(client)}


def test_a_worker_that_pauses_is_not_waited_for(client):
    maps, masks = random_tables()
    model, latents, _ = tabled(maps, masks)
    whole = run(model, latents, Slow(masks))
    processes(client)
    address = next(iter(client.scheduler_info()["workers"]))

    def become(dask_worker, name):
        dask_worker.status = type(dask_worker.status)[name]

    def tell(progress):
        if progress.done == 40:
            client.run(become, name="paused", workers=[address])

    assert run(model, latents, Slow(masks), on_progress=tell, client=client) == whole
    client.run(become, name="running", workers=[address])


class Wrapped(Tabled):
    """A model with a part of a class that only this process can import."""

    def __init__(self, part):
        maps, masks = random_tables()
        super().__init__({"first": maps}, tuple(masks.shape[2:]))
        self.part = part


def test_workers_that_cannot_import_the_model_say_so(client, tmp_path, monkeypatch):
    (tmp_path / "elsewhere_only.py").write_text("class Part:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    model = Wrapped(importlib.import_module("elsewhere_only").Part())
    with pytest.raises(DissectionError) as caught:
        run(model, LATENTS, Marks(random_tables()[1]), client=client)
    assert "the model cannot be unpacked on this worker.\n  got: ModuleNotFoundError" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 4


def test_a_cluster_that_all_workers_leave_is_an_error_and_no_wait_for_ever(monkeypatch):
    monkeypatch.setattr(deal, "PATIENCE", 0.2)
    maps, masks = random_tables()
    model, latents, _ = tabled(maps, masks)
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as workers,
        distributed.Client(workers) as client,
    ):

        def tell(progress):
            if progress.done == 40:
                workers.scale(0)

        with pytest.raises(DissectionError, match=r"the cluster has no workers that run.\n  got: ") as caught:
            run(model, latents, Slow(masks), on_progress=tell, client=client)
        assert 40 <= caught.value.partial.images < 96
        assert "; the last ones ended with seeds" in str(caught.value)
        with pytest.raises(DissectionError, match=r"got: none for 0 seconds\n"):
            run(model, latents, Slow(masks), client=client)


def test_workers_keep_freed_memory_and_the_environment_stays_as_it_was(monkeypatch):
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    before = os.environ.copy()
    with cluster.local(1) as client:
        assert list(client.run(os.getenv, "MALLOC_TRIM_THRESHOLD_").values()) == [str(1 << 30)]
        assert os.environ != before
    assert os.environ == before
