"""Malformed messages, as hypothesis makes them: wrong types and sizes, NaN, names that no page may write."""

import numpy as np
from hypothesis import strategies as st

import gan_widgets as gw

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["selection", "zero"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["units", "strength", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(
    [
        *gw.AblationSliders.writable,
        *gw.ActivationGrid.writable,
        "layer",
        "_esm",
        "_css",
        "before",
        "info",
        "layout",
        "q",
    ]
)
buffers = st.binary(max_size=40) | st.lists(st.floats(0, 1, width=32), min_size=8, max_size=8).map(
    lambda values: np.array(values, "<f4").tobytes()
)
updates = st.fixed_dictionaries(
    {"method": st.just("update"), "state": st.dictionaries(names, plain, max_size=3)},
    optional={"buffer_paths": st.lists(st.lists(names | st.integers(0, 2), max_size=2), max_size=2)},
)
named = st.sampled_from(["commit", "become", "undo", "redo", "reset", "new samples"])
whole = st.fixed_dictionaries(
    {"id": st.integers(0, 9), "act": named | plain},
    optional={
        "units": st.lists(st.integers(0, 9), max_size=3) | plain,
        "strength": st.floats(0, 1) | plain,
        "value": st.sampled_from(["zero", "mean", "resample"]) | plain,
    },
)
acted = st.fixed_dictionaries(
    {
        "method": st.just("update"),
        "state": st.fixed_dictionaries({"_asked": st.lists(whole | plain, max_size=3)}),
    }
)
customs = st.fixed_dictionaries(
    {"method": st.just("custom")},
    optional={"content": plain | st.fixed_dictionaries({"intent": named | plain})},
)
messages = updates | acted | customs | st.fixed_dictionaries({"method": st.text(max_size=8) | plain}) | plain
