"""Chunks of seeds dealt out to the workers of a cluster, and taken back from those that end."""

from asyncio import CancelledError
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any

from gan_widgets.core.errors import DissectionError, GanWidgetsError, problem
from gan_widgets.dissect.job import Job
from gan_widgets.dissect.plan import Chunk
from gan_widgets.dissect.progress import Tell
from gan_widgets.dissect.remote import Looked, add, look

if TYPE_CHECKING:
    from distributed import Client, Future

_AT_ONCE = 2  # chunks that a worker has: one that it looks at, and the next
_DEATHS = 2  # of workers that had nothing but this chunk, until it is blamed
PATIENCE = 20.0  # seconds without any worker, or in which none can be told
_ROLL_CALL = 0.5  # seconds


class Deal:
    """Chunks dealt out to workers one by one, so that it is known which of them a worker had when it ended.

    `dealt` has each worker's chunks by its address, `suspects` are those that a worker had when it ended:
    they are done again alone.
    """

    def __init__(self, client: "Client", cargo: str, levels: str | None, chunks: Iterable[Chunk]) -> None:
        self._client: Any = client  # most of its methods are not typed
        self._cargo, self._levels = cargo, levels
        self._waiting = deque(chunks)
        self._dealt: dict[str, dict[Chunk, Future[Looked]]] = {}
        self._arrived: SimpleQueue[tuple[str, Chunk, Future[Looked], Any]] = SimpleQueue()
        self._suspects: set[Chunk] = set()
        self._deaths: Counter[Chunk] = Counter()
        self._present: set[str] | None = None
        self._running: set[str] = set()
        self._alive = monotonic()

    def finished(self, job: Job, tell: Tell, cancel: Callable[[], bool]) -> bool:
        """Do all chunks and add them to the job; False when `cancel()` ended it before."""
        called = -_ROLL_CALL
        try:
            while self._waiting or any(self._dealt.values()):
                if cancel():
                    return False
                if monotonic() - called >= _ROLL_CALL:
                    self._roll_call()
                    called = monotonic()
                self._deal()
                with suppress(Empty):
                    looked = self._taken(*self._arrived.get(timeout=_ROLL_CALL))
                    if looked is not None:
                        add(job, looked, tell)
        finally:
            self._drop([future for hand in self._dealt.values() for future in hand.values()])
        return True

    def _roll_call(self) -> None:
        """See which workers run, and take back what others have."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        present = {address for address, said in workers.items() if said["status"] == "running"}
        # Dask does not start a worker again that ends as soon as it has begun
        self._running = present if self._present is None else present & self._present
        self._present = present
        for address in self._dealt.keys() - self._running:
            self._lost(address, deaths=int(address not in workers))
        if self._running:
            self._alive = monotonic()
        elif monotonic() - self._alive > PATIENCE:
            raise self._deserted()

    def _deal(self) -> None:
        for have in range(_AT_ONCE):
            for address in self._running:
                hand = self._dealt.setdefault(address, {})
                if self._waiting and len(hand) == have:
                    chunk = self._waiting[0]
                    if hand and not self._suspects.isdisjoint({chunk, *hand}):
                        return
                    self._give(address, hand, self._waiting.popleft())

    def _give(self, address: str, hand: "dict[Chunk, Future[Looked]]", chunk: Chunk) -> None:
        future = self._client.submit(_look, self._cargo, self._levels, chunk, workers=[address], pure=False)
        hand[chunk] = future
        self._client.loop.add_callback(self._bring, address, chunk, future)

    async def _bring(self, address: str, chunk: Chunk, future: "Future[Looked]") -> None:
        found: Any
        try:
            found = await self._client.gather(future, asynchronous=True)
        except (Exception, CancelledError) as error:  # noqa: BLE001  (raised in the thread that waits for it)
            found = error
        self._arrived.put((address, chunk, future, found))

    def _taken(self, address: str, chunk: Chunk, future: "Future[Looked]", found: Any) -> Looked | None:  # noqa: ANN401
        """Give what a worker found; None when that came too late, or nothing came and others must do it."""
        hand = self._dealt.get(address, {})
        if hand.get(chunk) is not future:
            return None
        raised = future.status == "error"
        future.release()  # type: ignore[no-untyped-call]  # (an error's traceback would keep it)
        if isinstance(found, Looked):
            del hand[chunk]
            self._suspects.discard(chunk)
            return found
        from distributed import KilledWorker

        if isinstance(found, KilledWorker):  # restarted at the same address, and ended again
            self._lost(address, deaths=found.allowed_failures + 1)
            return None
        if not raised and isinstance(found, CancelledError | OSError):
            self._waiting.appendleft(chunk)
            del hand[chunk]
            return None
        raise _failed(chunk, address, found) from found

    def _lost(self, address: str, *, deaths: int) -> None:
        """Take back what a worker has; its end speaks against these chunks."""
        hand = self._dealt.pop(address)
        self._drop(list(hand.values()))
        self._waiting.extendleft(reversed(hand))
        if deaths:
            self._suspects |= hand.keys()
        if deaths and len(hand) == 1:
            (chunk,) = hand
            self._deaths[chunk] += deaths
            if self._deaths[chunk] >= _DEATHS:
                raise _deadly(chunk, self._deaths[chunk], address)

    def _drop(self, futures: "list[Future[Looked]]") -> None:
        with suppress(Exception):  # without a scheduler there is nothing to cancel
            self._client.cancel(futures, force=True)

    def _deserted(self) -> DissectionError:
        guilty = sorted(self._suspects, key=lambda chunk: (-self._deaths[chunk], chunk.low))
        had = f"; the last ones ended with {' and '.join(map(_named, guilty))}" if guilty else ""
        return DissectionError(
            problem(
                "the cluster has no workers that run.",
                got=f"none for {PATIENCE:.0f} seconds{had}",
                allowed="one or more",
                next="Start workers (client.wait_for_workers(1)); their logs say why they ended. "
                "What was counted is in this error's `partial`: pass it as resume=.",
            )
        )


def _look(cargo: str, levels: str | None, chunk: Chunk) -> Looked:
    from distributed import get_worker

    plugins: Any = get_worker().plugins
    return look(plugins[cargo].held, {} if levels is None else plugins[levels].held, chunk)


def _named(chunk: Chunk) -> str:
    return f"seeds {chunk.low} to {chunk.high - 1} for {chunk.role}"


def _failed(chunk: Chunk, address: str, error: Exception) -> DissectionError:
    where = f"{_named(chunk)} failed on the worker {address}"
    if isinstance(error, GanWidgetsError):  # it has its four parts
        return DissectionError(f"{where}: {error}")
    return DissectionError(
        problem(
            f"{where}.",
            got=f"{type(error).__name__}: {error}",
            allowed="a run through",
            next="The cause is above. What was counted is in this error's `partial`: pass it as resume=.",
        )
    )


def _deadly(chunk: Chunk, deaths: int, address: str) -> DissectionError:
    return DissectionError(
        problem(
            f"{_named(chunk)} cannot be looked at: workers end when they try.",
            got=f"{deaths} workers ended with nothing else to do, the last one {address}",
            allowed="a run through",
            next="The logs of the workers say why, or a run of these seeds without client=. "
            "What was counted is in this error's `partial`: pass it as resume=.",
        )
    )
