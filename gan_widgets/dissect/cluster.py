"""Dissection on the workers of a Dask cluster: chunks of seeds are dealt out, and their counts added here.

Dask is loaded when it is first needed.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.deal import PATIENCE, Deal
from gan_widgets.dissect.job import Job
from gan_widgets.dissect.progress import Tell
from gan_widgets.dissect.remote import Cargo, Levels
from gan_widgets.dissect.subject import Subject

if TYPE_CHECKING:
    from distributed import Client

Finish: TypeAlias = Callable[[Subject, Job, Tell, Callable[[], bool]], bool]
"""What `counting.finished` is."""

# Dask has workers give memory back at once, which makes each batch's maps and images slower by half
_KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


def on(client: "Client") -> Finish:
    """Give what does `counting.finished` on a client's workers, to the same counts.

    Model, latents and segmenter are sent to each worker once, the levels once more; a worker that joins later
    or starts again gets them when it joins. Each worker process looks at one chunk at a time, with one
    thread: have as many processes as cores. Chunks of a worker that ends, pauses or leaves are done by
    others. A `DissectionError` names a chunk that raises, and one that ends workers: one that was on a worker
    when it ended, and then twice alone on others. Another one says that there was no worker for 20 seconds.

    Raises `DissectionError` unless `client` is a `distributed.Client` that is not asynchronous.
    """
    if not isinstance(client, distributed().Client) or client.asynchronous:
        raise DissectionError(
            problem(
                "this is no client of a cluster.",
                got=repr(client)[:200],
                allowed="a dask.distributed.Client, not asynchronous",
                next="Pass for instance client=Client(n_workers=2, threads_per_worker=1).",
            )
        )

    def finish(subject: Subject, job: Job, tell: Tell, cancel: Callable[[], bool]) -> bool:
        chunks = job.chunks(subject.batch)
        if chunks:
            first = [chunk for chunk in chunks if chunk.role == "thresholds"]
            with _sent(client, Cargo.of(subject, job)) as cargo:
                if not Deal(client, cargo, None, first).finished(job, tell, cancel):
                    return False
                job.fix()
                with _sent(client, _levels(job)) as levels:
                    return Deal(client, cargo, levels, chunks[len(first) :]).finished(job, tell, cancel)
        job.fix()
        return True

    return finish


@contextmanager
def local(workers: int) -> "Iterator[Client]":
    """Run so many worker processes of one thread each on this machine, and give their client.

    They listen on loopback only, and end with the block; an interrupt from the keyboard is left to this
    process. They keep freed memory, with which a chunk takes a third less time than on workers as Dask starts
    them (`MALLOC_TRIM_THRESHOLD_`). A script that calls this needs the usual `if __name__ == "__main__":`.
    """
    dask = distributed()
    from dask import config

    before = dict(os.environ)  # Dask sets here what workers are to begin with
    begin, give_up = "distributed.nanny.pre-spawn-environ", "distributed.deploy.lost-worker-timeout"
    # a worker that ends twice is still started again
    settings = {begin: {**config.get(begin), **_KEEP_MEMORY}, give_up: "1 day"}
    try:
        with (
            config.set(settings),
            dask.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # None would take port 8787
                scheduler_kwargs={"dashboard": False},
                memory_limit=0,
                silence_logs="CRITICAL",
            ) as cluster,
            dask.Client(cluster) as client,
        ):
            client.register_plugin(_deaf(), name="gan-widgets-deaf")
            yield client
    finally:
        os.environ.update(before)
        for name in os.environ.keys() - before.keys():
            del os.environ[name]


def distributed() -> Any:  # noqa: ANN401  (a module)
    """Import `distributed`; raises `DissectionError` where it is not installed."""
    try:
        import distributed
    except ImportError as error:
        raise DissectionError(
            problem(
                "a cluster needs Dask, which is not installed.",
                got=f"{type(error).__name__}: {error}",
                allowed="distributed 2025.1 or newer",
                next='Run: pip install "gan_widgets[cluster]"',
            )
        ) from error
    return distributed


@contextmanager
def _sent(client: "Client", held: Cargo | Levels) -> Iterator[str]:
    """Have all workers hold a value, also those that join later; give the name that they hold it under."""
    name, plugin, began = f"gan-widgets-{uuid4().hex}", _plugin(held), monotonic()
    try:
        while True:
            try:
                client.register_plugin(plugin, name=name)
                break
            except OSError:  # a worker ended just now
                if monotonic() - began > PATIENCE:
                    raise
        yield name
    finally:
        with suppress(Exception):  # the result stands, whatever becomes of the copies
            client.unregister_worker_plugin(name)  # type: ignore[no-untyped-call]


def _levels(job: Job) -> Levels:
    return {
        name: (state.levels, state.tied)
        for name, state in job.states.items()
        if state.levels is not None and state.tied is not None
    }


def _plugin(held: object) -> Any:  # noqa: ANN401  (its class is made here, since Dask is not loaded before)
    class Held(distributed().WorkerPlugin):  # type: ignore[misc]
        def __init__(self) -> None:
            self.held = held

    return Held()


def _deaf() -> Any:  # noqa: ANN401
    import signal

    class Deaf(distributed().WorkerPlugin):  # type: ignore[misc]
        def setup(self, worker: object) -> None:
            del worker
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    return Deaf()
