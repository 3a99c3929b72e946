"""Edits of every kind for property tests, on a layer of 5 units at 3 × 4."""

from hypothesis import strategies as st

from gan_widgets.core.edits import Ablate, Insert, Scale

UNITS, H, W = 5, 3, 4
number = st.floats(-8, 8, width=32)
unit_interval = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1, width=32))


@st.composite
def edits(draw, size=(H, W), measured=False):
    units = tuple(draw(st.lists(st.integers(0, UNITS - 1), unique=True, max_size=UNITS)))

    def one_or_each(numbers):
        return draw(st.one_of(numbers, st.tuples(*[numbers] * len(units))))

    rows = st.tuples(*[st.tuples(*[unit_interval] * (size or (1, 1))[1])] * (size or (1, 1))[0])
    common = {
        "layer": draw(st.sampled_from(["net.6", 'a "b"', "it's#1", "größe\n", "\\"])),
        "units": units,
        "strength": one_or_each(unit_interval),
        "mask": draw(st.one_of(st.none(), rows)) if size else None,
    }
    kind = draw(st.sampled_from([Ablate, Insert, Scale]))
    if kind is Ablate:
        names = ["zero", "mean", "resample"] if measured else ["zero"]
        return Ablate(**common, value=draw(st.sampled_from([*names, one_or_each(number)])))
    return kind(**common, **{"value" if kind is Insert else "factor": one_or_each(number)})
