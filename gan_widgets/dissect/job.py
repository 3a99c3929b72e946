"""One dissection as work to be done: which seeds are left, and the state of each layer so far."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

import gan_widgets
from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.layers import LayerInfo
from gan_widgets.core.store import weight_hash
from gan_widgets.dissect.concepts.protocol import described, description, image_level
from gan_widgets.dissect.plan import ROLES, SHIFTS, Chunk, Plan, Role, interleaved
from gan_widgets.dissect.result import Dissection
from gan_widgets.dissect.scale import Scale
from gan_widgets.dissect.settings import Settings
from gan_widgets.dissect.spans import Spans, common, size
from gan_widgets.dissect.state import State, refuse_others
from gan_widgets.dissect.subject import Subject

Found = Mapping[str, Dissection]
"""Dissections by layer."""


@dataclass(eq=False)
class Job:
    """What is planned, what of it is this part's share, and each layer's facts and state.

    All states have seen the same seeds.
    """

    plan: Plan
    planned: dict[Role, Spans]
    wanted: dict[Role, Spans]
    facts: dict[str, dict[str, Any]]
    states: dict[str, State]

    @property
    def images(self) -> int:
        """How many images this part has."""
        return sum(map(size, self.wanted.values()))

    @property
    def done(self) -> int:
        """How many of them were looked at."""
        done = next(iter(self.states.values())).done
        return sum(size(common(self.wanted[role], done[role])) for role in ROLES)

    def chunks(self, batch: int) -> list[Chunk]:
        """Cut what is left into chunks of a batch, or of as many groups as hold one.

        The thresholds come first. Labels and report take turns, so that a run cut short has some of both.
        """
        group = self.plan.group
        step = -(-batch // group) * group
        done = next(iter(self.states.values())).done
        first, labels, report = (
            self.plan.chunks(role, step, self.wanted[role], done[role]) for role in ROLES
        )
        return first + interleaved(labels, report)

    def fix(self) -> None:
        """Find the levels once the range for thresholds is done."""
        for state in self.states.values():
            if state.done["thresholds"] == self.planned["thresholds"]:
                state.fix()

    def results(self, untrained: Found) -> dict[str, Dissection]:
        """Give what was found so far, by layer."""
        return {
            name: Dissection(self.facts[name], self.planned, state, untrained.get(name))
            for name, state in self.states.items()
        }


def prepared(
    subject: Subject, infos: Mapping[str, LayerInfo], settings: Settings, known: Found, resume: Found
) -> Job:
    """Plan a dissection, at the levels of `known` where they are given, and go on from `resume`.

    Raises `DissectionError` when either is of something else.
    """
    plan = Plan.of(
        settings.start,
        settings.images,
        levels_known=bool(known),
        batch=subject.batch if subject.fixed else None,
    )
    if settings.null == "permutation" and plan.group % SHIFTS:
        raise _odd_batch(subject.batch)
    planned = {role: plan.span(role) for role in ROLES}
    wanted = {role: plan.span(role, settings.part) for role in ROLES}
    common_facts = _facts(subject, settings)
    facts, states = {}, {}
    for name, info in infos.items():
        facts[name] = {"layer": name, "units": info.units, "size": list(info.size), **common_facts}
        scale = _scale(info, settings, plan, len(common_facts["concepts"]))
        if name in known:
            states[name] = _at_levels_of(known[name], facts[name], scale, settings.top, planned)
        else:
            states[name] = State.new(scale, settings.top)
    if known:
        spans = next(iter(known.values()))._state.done["thresholds"]
        planned, wanted = planned | {"thresholds": spans}, wanted | {"thresholds": spans}
    for name in infos:
        if name in resume:
            states[name] = _continued(resume[name], facts[name], states[name].scale, planned)
    if len({json.dumps(state.done) for state in states.values()}) > 1:
        raise _unlike("they have seen different images", "other seeds", "layers of one run")
    return Job(plan, planned, wanted, facts, states)


def _facts(subject: Subject, settings: Settings) -> dict[str, Any]:
    """Say, as JSON values, all that must be equal for two dissections to add up."""
    names, categories = described(subject.segmenter)
    latents = {k: v for k, v in subject.latents.describe().items() if k != "device"}
    said = {
        "model": type(subject.root).__name__,
        "weights": weight_hash(subject.root),
        "latents": latents,
        "mode": settings.mode,
        "batch": subject.batch if subject.fixed else None,
        "threshold": settings.threshold,
        "share": settings.share if settings.threshold == "quantile" else None,
        "beside": list(settings.beside) if settings.threshold == "quantile" else None,
        "agreement": settings.agreement if settings.threshold == "iqr" else None,
        "null": settings.null,
        "concepts": list(names),
        "categories": list(categories),
        "image_level": list(image_level(subject.segmenter)),
        "segmenter": description(subject.segmenter),
        "versions": {
            "gan_widgets": gan_widgets.__version__,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
        },
    }
    facts: dict[str, Any] = json.loads(json.dumps(said, default=repr))
    return facts


def _scale(info: LayerInfo, settings: Settings, plan: Plan, concepts: int) -> Scale:
    return Scale(
        info.units,
        info.size,
        concepts,
        settings.threshold,
        settings.share,
        tuple(settings.beside),
        settings.levels,
        plan.thresholds,
        SHIFTS if settings.null == "permutation" else 1,
    )


def _at_levels_of(
    known: Dissection, facts: dict[str, Any], scale: Scale, top: int, planned: Mapping[Role, Spans]
) -> State:
    state = known._state
    if state.levels is None or state.tied is None:
        raise _unlike("the levels of the other are not known yet", "a partial result", "one that has levels")
    like = replace(state.scale, concepts=scale.concepts, shifts=scale.shifts)
    if (known.layer, like.units, like.size) != (facts["layer"], scale.units, scale.size):
        raise _unlike(
            "its levels are of another layer",
            f"{known.layer!r}: {known.units} units at {known.size}",
            f"{facts['layer']!r}: {scale.units} units at {scale.size}",
        )
    spans = state.done["thresholds"]
    twice = [common(spans, span) for span in planned.values() if common(spans, span)]
    if twice:
        raise _unlike(
            "its levels were found on seeds that are to be counted",
            f"seeds {twice[0]}",
            "other seeds: start=",
        )
    made = State.new(like, top, (state.levels, state.tied))
    made.done["thresholds"] = spans
    return made


def _continued(
    found: Dissection, facts: dict[str, Any], scale: Scale, planned: Mapping[Role, Spans]
) -> State:
    refuse_others(facts, found._facts)
    if found._planned != dict(planned) or found._state.scale != scale:
        raise _unlike("it was planned otherwise", found._planned, dict(planned))
    return found._state.copy()


def _odd_batch(batch: int) -> DissectionError:
    return DissectionError(
        problem(
            "images depend on their batch here, and batches of this size cannot be cut into groups of four.",
            got=f"batch={batch}",
            allowed="a multiple of 4, since masks are permuted within groups",
            next="Pass for instance batch=32, or null=None.",
        )
    )


def _unlike(what: str, got: object, allowed: object) -> DissectionError:
    return DissectionError(
        problem(
            f"this dissection cannot go on from that one: {what}.",
            got=got,
            allowed=allowed,
            next="Pass the same arguments as before, or leave out resume= and threshold=.",
        )
    )
