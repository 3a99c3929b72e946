"""One chunk of seeds, looked at and added to the states of the layers: whole groups, or nothing of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.memory import out_of_memory
from gan_widgets.dissect.codes import Marks
from gan_widgets.dissect.hands import side_by_side
from gan_widgets.dissect.job import Job
from gan_widgets.dissect.plan import Chunk, Plan, batch_of
from gan_widgets.dissect.progress import Tell, uninterrupted
from gan_widgets.dissect.state import Seen, State, presence
from gan_widgets.dissect.subject import Subject


def finished(subject: Subject, job: Job, tell: Tell, cancel: Callable[[], bool]) -> bool:
    """Do all that is left of a job; False when `cancel()` ended it before."""
    for chunk in job.chunks(subject.batch):
        if cancel():
            return False
        if chunk.role != "thresholds":
            job.fix()
        count(subject, job.plan, job.states, chunk, tell)
    job.fix()
    return True


def count(subject: Subject, plan: Plan, states: Mapping[str, State], chunk: Chunk, tell: Tell) -> None:
    """Look at a chunk and add it to the states of its layers, group by group.

    A group that was added before is left out. When memory runs out the rest is done with half the batch.
    """
    low = chunk.low
    while low < chunk.high:
        step = -(-subject.batch // plan.group) * plan.group
        piece = replace(chunk, low=low, high=min(low + step, chunk.high))
        try:
            (_collect if chunk.role == "thresholds" else _count)(subject, plan, states, piece, tell)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            failure = str(error)
        else:
            low = piece.high
            continue
        # only here are the frames of the failure gone, and what they held is free
        subject.halve(failure)


def _collect(subject: Subject, plan: Plan, states: Mapping[str, State], chunk: Chunk, tell: Tell) -> None:
    """Keep the largest values of a chunk of the range for thresholds."""
    maps = subject.maps(range(chunk.low, chunk.high))
    begin = plan.seeds("thresholds").start

    def collect(name: str) -> None:
        states[name].collect(maps[name], chunk.low, chunk.high, begin)

    with uninterrupted():
        for _ in side_by_side(collect, states, next(iter(maps.values())).device):
            pass
    tell(chunk.high - chunk.low, "thresholds")


def _count(subject: Subject, plan: Plan, states: Mapping[str, State], chunk: Chunk, tell: Tell) -> None:
    """Count the pixels of a chunk of the ranges for labels and for the report."""
    done = next(iter(states.values())).done[chunk.role]
    groups = list(plan.groups(chunk, done))
    if not groups:
        return
    seeds, low, high = plan.seeds(chunk.role), groups[0][1], groups[-1][2]
    if subject.fixed:  # whole batches, also where only a part of one is wanted
        low = batch_of(low, seeds, subject.batch).start
        high = batch_of(high - 1, seeds, subject.batch).stop
    maps, masks = subject.maps_and_masks(range(low, high))
    for state in states.values():
        check_grid(state, (masks.shape[2], masks.shape[3]))

    def look(group: tuple[int, int, int]) -> dict[str, Seen]:
        _, first, last = group
        some = slice(first - low, last - low)
        marks = cache(lambda sized: Marks.of(masks[some] if sized else presence(masks[some])))  # layers share
        return {
            name: state.look(maps[name][some], marks(bool(state.scale.size)))
            for name, state in states.items()
        }

    found = side_by_side(look, groups, masks.device)
    for (number, first, last), seen in zip(groups, found, strict=True):
        with uninterrupted():
            for name, state in states.items():
                state.take(chunk.role, number, (first, last), seen[name])
        tell(last - first, "labels and report")


def check_grid(state: State, grid: tuple[int, int]) -> None:
    """Keep `(H, W)` of the masks in a state; raises `DissectionError` when it was another before."""
    if state.grid is not None and state.grid != grid:
        raise DissectionError(
            problem(
                "the masks of the segmenter change in size.",
                got=f"{grid[0]}×{grid[1]}",
                allowed=f"{state.grid[0]}×{state.grid[1]}, as before",
                next="Give masks of one size for all images.",
            )
        )
    state.grid = grid
