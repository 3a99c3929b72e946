"""What a worker of a cluster does for a dissection: it holds model and segmenter, and looks at chunks.

A chunk is pure: it gives the same counts on whichever worker, as often as it is done.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import gan_widgets
from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.locks import lock_of
from gan_widgets.core.words import said
from gan_widgets.dissect.counting import check_grid, count
from gan_widgets.dissect.job import Job
from gan_widgets.dissect.overlap import Overlap
from gan_widgets.dissect.plan import Chunk, Plan, Role
from gan_widgets.dissect.progress import Tell, uninterrupted
from gan_widgets.dissect.scale import Scale
from gan_widgets.dissect.spans import union
from gan_widgets.dissect.state import Seen, State
from gan_widgets.dissect.statistics import Counts, Health, Top
from gan_widgets.dissect.subject import Subject
from gan_widgets.dissect.thresholds import Tail

Levels: TypeAlias = dict[str, tuple[Tensor, Tensor]]
"""Each layer's levels and who is tied, as in `State`."""

# global random states, the model's hooks and the number of threads are one per process
_alone = threading.Lock()


@dataclass(eq=False)
class Cargo:
    """What travels to each worker once: model, latents and segmenter, pickled, and how to count."""

    pickled: dict[str, bytes]
    subject: Subject
    """The subject without them."""
    plan: Plan
    scales: dict[str, Scale]
    several: dict[str, bool]
    """Which layers are counted at several levels beside their own."""
    versions: dict[str, str]
    unpacked: Subject | None = None

    @classmethod
    def of(cls, subject: Subject, job: Job) -> "Cargo":
        """Pack a subject; raises `DissectionError` naming what cannot be pickled."""
        with lock_of(subject.root):  # no hooks of others are in it now
            pickled = {part: _pickled(part, getattr(subject, part)) for part in _PARTS}
        empty: Any = dict.fromkeys(_PARTS)
        return cls(
            pickled,
            replace(subject, **empty),
            job.plan,
            {name: state.scale for name, state in job.states.items()},
            {name: state.ladder is not None for name, state in job.states.items()},
            _versions(),
        )

    def open(self) -> Subject:
        """Give the subject, unpacked the first time; raises `DissectionError` when this worker cannot."""
        if self.unpacked is None:
            if self.versions != _versions():
                raise DissectionError(
                    problem(
                        "this worker has other versions, which may count otherwise.",
                        got=_versions(),
                        allowed=self.versions,
                        next="Start the workers in the same environment as the client.",
                    )
                )
            parts: Any = {part: _unpickled(part, held) for part, held in self.pickled.items()}
            self.unpacked, self.pickled = replace(self.subject, **parts), {}
        return self.unpacked


@dataclass(frozen=True)
class Looked:
    """What one chunk adds, in arrays, as small as they can be."""

    chunk: Chunk
    grid: tuple[int, int] | None
    tails: dict[str, tuple[NDArray[np.float32], int, NDArray[np.float32], NDArray[np.float32]]]
    """By layer, of a chunk for thresholds: largest values, positions, smallest and largest of each unit."""
    groups: list[tuple[int, tuple[int, int], dict[str, tuple[Any, ...]]]]
    """Of other chunks: each group's number, its seeds and what was seen by layer."""


def look(cargo: Cargo, levels: Levels, chunk: Chunk) -> Looked:
    """Look at a chunk with one thread; other chunks of this process wait."""
    with _alone, _one_thread():
        subject = cargo.open()
        states = {
            name: _Apart.begun(scale, levels.get(name), several=cargo.several[name])
            for name, scale in cargo.scales.items()
        }
        count(subject, cargo.plan, states, chunk, lambda *_: None)
    grid = next(iter(states.values())).grid
    if chunk.role == "thresholds":
        return Looked(chunk, grid, {name: state.sent_tail() for name, state in states.items()}, [])
    # all layers have seen the same groups
    rows = zip(*(state.taken for state in states.values()), strict=True)
    groups = [
        (*row[0][:2], {name: _sent(seen) for name, (_, _, seen) in zip(states, row, strict=True)})
        for row in rows
    ]
    return Looked(chunk, grid, {}, groups)


def add(job: Job, looked: Looked, tell: Tell) -> None:
    """Add what a worker saw to a job's states: the same sums as if the chunk had been looked at here."""
    chunk = looked.chunk
    if looked.grid is not None:
        for state in job.states.values():
            check_grid(state, looked.grid)
    if looked.tails:
        with uninterrupted():
            for name, state in job.states.items():
                _add_tail(state, *looked.tails[name])
                state.done[chunk.role] = union(state.done[chunk.role], ((chunk.low, chunk.high),))
        tell(chunk.high - chunk.low, "thresholds")
    for number, span, sent in looked.groups:
        with uninterrupted():
            for name, state in job.states.items():
                state.take(chunk.role, number, span, _seen(sent[name]))
        tell(span[1] - span[0], "labels and report")


@dataclass(eq=False)
class _Apart(State):
    """The state of one chunk: groups stay apart, so that nothing as large as a whole run's counts is made."""

    taken: list[tuple[int, tuple[int, int], Seen]] = field(default_factory=list)

    @classmethod
    def begun(cls, scale: Scale, levels: tuple[Tensor, Tensor] | None, *, several: bool) -> "_Apart":
        none = Counts.zeros(1, 1, 1, blocks=1)
        tail = scale.tail() if levels is None else None
        health, top = Health.none(scale.units), Top.none(scale.units, 0)
        known, tied = levels or (None, None)
        return cls(scale, tail, health, top, none, none, none if several else None, known, tied)

    def take(self, role: Role, group: int, span: tuple[int, int], seen: Seen) -> None:
        self.taken.append((group, span, seen))
        self.done[role] = union(self.done[role], (span,))

    def sent_tail(self) -> tuple[NDArray[np.float32], int, NDArray[np.float32], NDArray[np.float32]]:
        assert self.tail is not None  # noqa: S101  (a chunk for thresholds comes before levels)
        values, positions = self.tail.values.cpu()[:, : self.tail.positions], self.tail.positions
        return values.numpy(), positions, self.health.low.numpy(), self.health.high.numpy()


def _add_tail(
    state: State,
    values: NDArray[np.float32],
    positions: int,
    low: NDArray[np.float32],
    high: NDArray[np.float32],
) -> None:
    state.health.merge(Health(_tensor(low), _tensor(high)))
    if state.tail is not None:
        other = Tail(*state.tail.values.shape)
        other.values[:, : values.shape[1]] = _tensor(values)
        other.positions = positions
        state.tail.merge(other)


def _sent(seen: Seen) -> tuple[Any, ...]:
    fine = None if seen.fine is None else _sent_overlap(seen.fine)
    return _sent_overlap(seen.overlap), fine, seen.low.numpy(), seen.high.numpy()


def _seen(sent: tuple[Any, ...]) -> Seen:
    overlap, fine, low, high = sent
    return Seen(_overlap(overlap), None if fine is None else _overlap(fine), _tensor(low), _tensor(high))


def _sent_overlap(overlap: Overlap) -> tuple[Any, ...]:
    # no count is larger than that of all pixels
    kind = next(kind for kind in _WHOLE if overlap.pixels <= torch.iinfo(kind).max)
    counts = (overlap.both, overlap.active, overlap.marked)
    return *(tensor.to(kind).cpu().numpy() for tensor in counts), overlap.pixels


def _overlap(sent: tuple[Any, ...]) -> Overlap:
    both, active, marked, pixels = sent
    return Overlap(_tensor(both).long(), _tensor(active).long(), _tensor(marked).long(), pixels)


def _tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(array if array.flags.writeable else array.copy())


_WHOLE = (torch.int16, torch.int32, torch.int64)
_PARTS = {"root": "the model", "latents": "the latents", "segmenter": "the segmenter"}


def _pickled(part: str, value: object) -> bytes:
    import cloudpickle  # type: ignore[import-untyped]  # (it comes with Dask)

    try:
        held: bytes = cloudpickle.dumps(value)
    except Exception as error:  # what is being pickled may raise anything
        raise DissectionError(
            problem(
                f"{_PARTS[part]} cannot be sent to workers.",
                got=said(error),
                allowed="what cloudpickle can pickle: no open files, locks or parametrized modules",
                next="Leave out what cannot travel (torch.nn.utils.parametrize.remove_parametrizations takes "
                "norms away), or dissect without client=.",
            )
        ) from error
    return held


def _unpickled(part: str, held: bytes) -> Any:  # noqa: ANN401
    import pickle

    try:
        return pickle.loads(held)  # noqa: S301  (sent by the client, who may run any code here)
    except Exception as error:
        raise DissectionError(
            problem(
                f"{_PARTS[part]} cannot be unpacked on this worker.",
                got=said(error),
                allowed="code that workers can import, and devices that they have",
                next="Install your module on the workers, or define it in the notebook itself.",
            )
        ) from error


def _versions() -> dict[str, str]:
    # of a build for other hardware only the part before the + is the same
    versions = {"gan_widgets": gan_widgets.__version__, "torch": torch.__version__, "numpy": np.__version__}
    return {name: str(version).partition("+")[0] for name, version in versions.items()}


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
