"""Everything that one layer's dissection has counted: a monoid made of monoids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gan_widgets.core.custom import alike
from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.codes import Marks
from gan_widgets.dissect.overlap import Overlap, overlap
from gan_widgets.dissect.plan import ROLES, Role, shifts
from gan_widgets.dissect.scale import Scale
from gan_widgets.dissect.spans import Spans, common, union
from gan_widgets.dissect.statistics import Counts, Health, Top, extremes
from gan_widgets.dissect.thresholds import Tail


@dataclass(frozen=True)
class Seen:
    """What one group of images adds to a layer's state, worked out before anything is changed."""

    overlap: Overlap
    fine: Overlap | None
    low: Tensor
    high: Tensor


@dataclass(eq=False)
class State:
    """What was counted of one layer, over the seeds in `done`.

    First values are collected in `tail`; `fix` turns them into `levels`, and from then on `labels`, `report`
    and (where several levels are counted beside the one of `"quantile"`) `ladder` count pixels.
    """

    scale: Scale
    tail: Tail | None
    health: Health
    top: Top
    labels: Counts
    report: Counts
    ladder: Counts | None
    levels: Tensor | None = None
    tied: Tensor | None = None
    grid: tuple[int, int] | None = None
    done: dict[Role, Spans] = field(default_factory=lambda: dict.fromkeys(ROLES, ()))

    @classmethod
    def new(cls, scale: Scale, top: int, levels: tuple[Tensor, Tensor] | None = None) -> "State":
        """Start from nothing, or from `levels` and who is tied, found before."""
        count = len(scale.shares) if scale.threshold == "quantile" else 1
        ladder = Counts.zeros(scale.units, count, scale.concepts, blocks=1) if count > 1 else None
        tail = scale.tail() if levels is None else None
        known, tied = levels or (None, None)
        return cls(
            scale,
            tail,
            Health.none(scale.units),
            Top.none(scale.units, top),
            scale.counts(labels=True),
            scale.counts(),
            ladder,
            known,
            tied,
        )

    def collect(self, maps: Tensor, low: int, high: int, begin: int) -> None:
        """Add maps `(n, units, …)` of seeds [low, high) of the range for thresholds, from `begin` on."""
        limit = begin + self.scale.tail_images
        self.health.add(maps)
        if low < limit and self.tail is not None:
            self.tail.add(maps[: limit - low])
        self.done["thresholds"] = union(self.done["thresholds"], ((low, high),))

    def fix(self) -> None:
        """Find the levels; the collected values are not needed after that."""
        if self.levels is None and self.tail is not None:
            levels, self.tied = self.scale.levels(self.tail)
            self.levels, self.tied = levels.cpu(), self.tied.cpu()
            self.tail = None

    def look(self, maps: Tensor, masks: Marks) -> Seen:
        """Count one group of images: maps `(n, units, h, w)`, masks of `(n, concepts, H, W)`.

        Units without a usable level are left at 0.
        """
        main, turns = self.scale.main, shifts(len(maps), self.scale.shifts)
        fine = None if self.ladder is None else self._count(maps, slice(None), masks, (0,))
        own = slice(main, main + 1) if self.scale.threshold == "quantile" else slice(None)
        low, high = extremes(maps)
        return Seen(self._count(maps, own, masks, turns), fine, low.cpu(), high.cpu())

    def _count(self, maps: Tensor, which: slice, marks: Marks, turns: tuple[int, ...]) -> Overlap:
        if self.levels is None:
            raise DissectionError(
                problem(
                    "levels are not known yet.",
                    got=f"seeds {self.done['thresholds']} of the range for thresholds",
                    allowed="the whole range",
                    next="Look at the rest of it first.",
                )
            )
        levels, usable = self.levels[:, which].to(maps.device), self.usable().to(maps.device)
        if usable.all():
            return overlap(maps, levels, marks, turns)
        masks = marks.masks
        both = torch.zeros(len(turns), *levels.shape, masks.shape[1], dtype=torch.int64, device=maps.device)
        active = torch.zeros(levels.shape, dtype=torch.int64, device=maps.device)
        if usable.any():
            some = overlap(maps[:, usable], levels[usable], marks, turns)
            both[:, usable], active[usable] = some.both, some.active
        return Overlap(both, active, masks.flatten(2).sum((0, 2)), masks[:, 0].numel())

    def take(self, role: Role, group: int, span: tuple[int, int], seen: Seen) -> None:
        """Add what `look` found for group number `group` of a range, of the seeds in `span`."""
        self.health.add_extremes(seen.low, seen.high)
        if role == "labels":
            self.labels.add(group, seen.overlap)
        else:
            self.report.add(group, seen.overlap)
            self.top.add(seen.high, range(*span))
            if self.ladder is not None and seen.fine is not None:
                self.ladder.add(0, seen.fine)
        self.done[role] = union(self.done[role], (span,))

    def usable(self) -> Tensor:
        """Tell which units have a level to be counted at: bool `(units,)`."""
        if self.levels is None or self.tied is None:
            return torch.zeros(self.scale.units, dtype=torch.bool)
        return ~self.tied & self.levels[:, self.scale.main].isfinite()

    def merge(self, other: "State") -> None:
        """Take in what was counted of other seeds; raises `DissectionError` for what does not fit.

        Both may have seen the same range for thresholds, in whole: then their levels are equal.
        """
        _refuse(self, other)
        if self.tail is not None and other.tail is not None:
            self.tail.merge(other.tail)
        self.health.merge(other.health)
        self.top.merge(other.top)
        self.labels.merge(other.labels)
        self.report.merge(other.report)
        if self.ladder is not None and other.ladder is not None:
            self.ladder.merge(other.ladder)
        self.grid = self.grid or other.grid
        self.done = {role: union(self.done[role], other.done[role]) for role in ROLES}

    def copy(self) -> "State":
        """Give a state that changes by itself."""
        return State.from_state_dict(self.scale, self.state_dict(), self.done, self.grid)

    def state_dict(self) -> dict[str, Tensor]:
        """Give all tensors by name; `scale`, `done` and `grid` go beside them."""
        parts: dict[str, Mapping[str, Tensor]] = {
            "health": self.health.state_dict(),
            "top": self.top.state_dict(),
            "labels": self.labels.state_dict(),
            "report": self.report.state_dict(),
        }
        if self.ladder is not None:
            parts["ladder"] = self.ladder.state_dict()
        if self.tail is not None:
            tail = self.tail.state_dict()
            parts["tail"] = {"values": tail["values"], "positions": torch.tensor(tail["positions"])}
        if self.levels is not None and self.tied is not None:
            parts["level"] = {"values": self.levels, "tied": self.tied}
        return {f"{part}.{name}": tensor for part, held in parts.items() for name, tensor in held.items()}

    @classmethod
    def from_state_dict(
        cls,
        scale: Scale,
        state: Mapping[str, Tensor],
        done: Mapping[Role, Spans],
        grid: tuple[int, int] | None,
    ) -> "State":
        """Make a state from copies of what `state_dict` gave."""

        def part(name: str) -> dict[str, Tensor]:
            return {k.partition(".")[2]: t for k, t in state.items() if k.startswith(f"{name}.")}

        tail, level = part("tail"), part("level")
        if tail:
            known = Tail.from_state_dict({"values": tail["values"], "positions": int(tail["positions"])})
        return cls(
            scale,
            known if tail else None,
            Health.from_state_dict(part("health")),
            Top.from_state_dict(part("top")),
            Counts.from_state_dict(part("labels")),
            Counts.from_state_dict(part("report")),
            Counts.from_state_dict(part("ladder")) if part("ladder") else None,
            level["values"].clone() if level else None,
            level["tied"].clone() if level else None,
            grid,
            dict(done),
        )


def as_maps(acts: Tensor) -> Tensor:
    """Give activations as float32 maps `(n, units, h, w)`; features `(n, units)` as maps of 1×1.

    >>> as_maps(torch.zeros(5, 7, dtype=torch.float16)).shape
    torch.Size([5, 7, 1, 1])
    """
    return acts.detach().float().reshape(*acts.shape[:2], *(acts.shape[2:] or (1, 1)))


def presence(masks: Tensor) -> Tensor:
    """Tell which concepts are anywhere in each image: masks `(n, concepts, H, W)` to `(n, concepts, 1, 1)`.

    >>> presence(torch.eye(4).bool().reshape(2, 2, 2, 2)).flatten().tolist()
    [True, True, True, True]
    """
    return masks.flatten(2).any(2)[:, :, None, None]


def _refuse(mine: State, other: State) -> None:
    """Raise when two states do not add up to one."""
    pairs: list[tuple[str, object, object]] = [
        ("scale", mine.scale, other.scale),
        ("grid of masks", mine.grid or other.grid, other.grid or mine.grid),
        ("tops", mine.top.seeds.shape[1], other.top.seeds.shape[1]),
    ]
    for what, here, there in pairs:
        if here != there:
            raise _apart(f"they have different {what}", there, here, "Count both with the same arguments.")
    if (mine.levels is None) != (other.levels is None):
        raise _apart("one of them has no levels yet", "unfinished", "finished", "Finish it with resume=.")
    if mine.levels is not None and other.levels is not None and not torch.equal(mine.levels, other.levels):
        raise _apart(
            "their levels differ",
            "levels found on other images",
            "the same levels, bit for bit",
            "Run the second one with threshold=<the first>, so that both are counted at the same levels.",
        )
    for role in ROLES:
        for beside in ROLES:
            twice = common(mine.done[role], other.done[beside])
            # the same levels may come from the same images
            if twice and not (role == beside == "thresholds" and mine.levels is not None):
                raise _apart(
                    "both have seen some of the same images",
                    f"seeds {twice} for {role} and for {beside}",
                    "seeds that only one of them has seen",
                    "Give the second run other seeds, with start= or part=.",
                )


def _apart(what: str, got: object, allowed: object, then: str) -> DissectionError:
    return DissectionError(
        problem(f"these dissections do not add up: {what}.", got=got, allowed=allowed, next=then)
    )


def facts_of(found: Any) -> dict[str, Any]:  # noqa: ANN401  (anything may be passed)
    """Give what a dissection says of itself; raises `DissectionError` for anything else."""
    facts = getattr(found, "_facts", None)
    if isinstance(facts, dict):
        return facts
    raise DissectionError(
        problem(
            "only dissections add up.",
            got=repr(found)[:200],
            allowed="a Dissection of the same layer",
            next='Of several layers merge each with its own: a["net.6"].merge(b["net.6"]).',
        )
    )


def same_tensors(a: State, b: State) -> bool:
    """Whether two states hold the same bits (NaN being NaN)."""
    mine, theirs = a.state_dict(), b.state_dict()
    return mine.keys() == theirs.keys() and all(
        t.shape == theirs[name].shape
        and bool(((t == theirs[name]) | ((t != t) & (theirs[name] != theirs[name]))).all())
        for name, t in mine.items()
    )


def refuse_others(mine: dict[str, Any], other: dict[str, Any]) -> None:
    """Raise `DissectionError` when the facts of two dissections say that they are not of the same thing."""
    for name in mine | other:
        if name != "versions" and not alike(mine.get(name), other.get(name)):
            raise _apart(
                f"they differ in {name}",
                other.get(name),
                mine.get(name),
                "Count both with the same arguments.",
            )
