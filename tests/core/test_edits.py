"""Edits as values: what may be in them, and how they are written and read."""

import ast
import copy
import json
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import gan_widgets as gw
from gan_widgets.core.edits import Ablate, Insert, Scale, apply, check, from_json, to_code, to_json
from gan_widgets.core.errors import EditError
from gan_widgets.core.layers import LayerInfo
from tests.core.some_edits import UNITS, H, W, edits


@given(edits=st.lists(edits(measured=True), max_size=3))
def test_json_gives_equal_edits_back_number_for_number(edits):
    text = to_json(edits)
    back = from_json(text)
    assert back == tuple(edits)
    assert [hash(edit) for edit in back] == [hash(edit) for edit in edits]
    assert to_json(back) == text
    for edit, other in zip(edits, back, strict=True):
        assert np.array_equal(
            np.float64(edit.strength).view(np.int64), np.float64(other.strength).view(np.int64)
        )


@given(edits=st.lists(edits(measured=True), max_size=3))
def test_code_gives_equal_edits_back(edits):
    source = to_code(edits)
    assert eval(source, {"gw": gw}) == tuple(edits)
    assert not any(isinstance(node, ast.Name) and node.id != "gw" for node in ast.walk(ast.parse(source)))


@given(edit=edits(measured=True))
def test_repr_pickle_and_copies_give_equal_edits_back(edit):
    values = {edit: torch.zeros(len(edit.units))}
    apply([edit], torch.zeros(2, UNITS, H, W), values)  # the tensors made for it must not travel
    assert b"torch" not in pickle.dumps(edit)
    assert eval(repr(edit)) == edit
    assert pickle.loads(pickle.dumps(edit)) == edit
    assert copy.deepcopy(edit) == edit
    assert copy.copy(edit).law is not edit.law


@given(layer=st.text(min_size=1))
def test_any_layer_name_survives_code_repr_and_json(layer):
    edit = Ablate(layer, units=[1])
    assert ast.literal_eval(to_code([edit]).removeprefix("(gw.Ablate(").rpartition(", units")[0]) == layer
    assert eval(repr(edit)) == edit
    assert from_json(to_json([edit])) == (edit,)


def test_code_and_repr_show_only_what_was_chosen():
    assert repr(Ablate("net.6", units=(7, 12))) == "Ablate('net.6', units=(7, 12))"
    assert repr(Insert("a", [1], 2)) == "Insert('a', units=(1,), value=2.0)"
    assert repr(Scale("a", [1], 2, strength=0.5)) == "Scale('a', units=(1,), factor=2.0, strength=0.5)"
    assert to_code([]) == "()"
    assert to_code([Ablate("a", [1, 2]), Ablate("b", [3], value="mean")]) == (
        '(gw.Ablate("a", units=(1, 2)), gw.Ablate("b", units=(3,), value="mean"))'
    )


def test_tensors_arrays_and_ranges_become_plain_numbers():
    edits = [
        Ablate("a", units, strength=strength, mask=mask)
        for units, strength, mask in [
            ([1, 2], [0.25, 1], [[0, 1], [1, 0.5]]),
            (range(1, 3), torch.tensor([0.25, 1.0]), torch.tensor([[0, 1], [1, 0.5]])),
            (np.array([1, 2]), np.array([0.25, 1], dtype=np.float32), np.array([[0, 1], [1, 0.5]])),
            (
                torch.tensor([1, 2]),
                [np.float32(0.25), torch.tensor(1.0)],
                [np.array([0, 1]), (1, np.float64(0.5))],
            ),
        ]
    ]
    assert len(set(edits)) == 1
    assert all(type(number) is float for number in edits[2].strength)
    assert Ablate("a", [1], strength=torch.tensor(0.5)) == Ablate("a", [1], strength=np.float32(0.5))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Ablate("", [1]), "An edit names its layer.\n  got: ''"),
        (lambda: Ablate(3, [1]), "An edit names its layer.\n  got: 3"),
        (lambda: Ablate("a", [1.5]), "Units must be a list of whole numbers.\n  got: [1.5]"),
        (lambda: Ablate("a", [True]), "Units must be a list of whole numbers."),
        (lambda: Ablate("a", "12"), "Units must be a list of whole numbers.\n  got: '12'"),
        (lambda: Ablate("a", 7), "Units must be a list of whole numbers.\n  got: 7"),
        (lambda: Ablate("a", [1, -1]), "Units must be distinct and not negative.\n  got: (1, -1)"),
        (lambda: Ablate("a", [1, 1]), "Units must be distinct and not negative.\n  got: (1, 1)"),
        (
            lambda: Ablate("a", [1], strength=1.5),
            "The strength must be a finite number in [0, 1].\n  got: 1.5",
        ),
        (
            lambda: Ablate("a", [1], strength=float("nan")),
            "The strength must be a finite number in [0, 1].\n  got: nan",
        ),
        (
            lambda: Ablate("a", [1], strength="1"),
            "The strength must be a finite number in [0, 1].\n  got: '1'",
        ),
        (
            lambda: Ablate("a", [1], strength=True),
            "The strength must be a finite number in [0, 1].\n  got: True",
        ),
        (
            lambda: Ablate("a", [1], strength=None),
            "The strength must be a finite number in [0, 1].\n  got: None",
        ),
        (
            lambda: Ablate("a", [1], strength=[0.5, 0.5]),
            "as many numbers as there are units.\n  got: 2 numbers for 1 units",
        ),
        (
            lambda: Ablate("a", [1, 2], strength=[0.5, np.nan]),
            "The strength must be a finite number in [0, 1].\n  got: nan",
        ),
        (lambda: Ablate("a", [1], value="max"), "The value of an ablation has no such name.\n  got: 'max'"),
        (lambda: Ablate("a", [1], value=[np.inf]), "The value must be a finite number.\n  got: inf"),
        (lambda: Insert("a", [1], 10**400), "The value must be a finite number."),
        (lambda: Insert("a", [1], torch.zeros(1, 1)), "The value must be a finite number.\n  got: [0.0]"),
        (lambda: Scale("a", [1], -np.inf), "The factor must be a finite number.\n  got: -inf"),
        (lambda: Ablate("a", [1], mask=[[0.5, 2]]), "The mask must be a finite number in [0, 1].\n  got: 2"),
        (
            lambda: Ablate("a", [1], mask=[[0.5], [1, 1]]),
            "A mask must be a table of numbers.\n  got: [[0.5], [1, 1]]",
        ),
        (
            lambda: Ablate("a", [1], mask=torch.ones(3)),
            "A mask must be a table of numbers.\n  got: shape (3,)",
        ),
        (lambda: Ablate("a", [1], mask=torch.ones(1, 2, 3)), "The mask must be a finite number in [0, 1]."),
        (lambda: Ablate("a", [1], mask=[]), "A mask must be a table of numbers.\n  got: []"),
        (lambda: Ablate("a", [1], mask=0.5), "A mask must be a table of numbers.\n  got: 0.5"),
    ],
)
def test_numbers_that_are_not_legal_are_refused_in_four_parts(make, said):
    with pytest.raises(EditError) as error:
        make()
    assert said in str(error.value)
    assert all(part in str(error.value) for part in ("\n  got: ", "\n  allowed: ", "\n  next: "))


INFO = LayerInfo("net.6", "ReLU", UNITS, (H, W), aliases=("also",), dtype=torch.float32)


@pytest.mark.parametrize(
    ("edit", "info", "said"),
    [
        (Ablate("net.7", [0]), INFO, "The edit is of another layer.\n  got: 'net.7'\n  allowed: 'net.6'"),
        (
            Ablate("net.6", [4, 5, 6]),
            INFO,
            "Layer 'net.6' has no such unit.\n  got: units [5, 6]\n  allowed: 0 to 4",
        ),
        (Ablate("net.6", [0], mask=[[1.0] * H] * W), INFO, "got: shape (4, 3)\n  allowed: (3, 4), its grid"),
        (
            Ablate("f", [0], mask=[[1.0]]),
            LayerInfo("f", "Linear", 3, ()),
            "allowed: mask=None, it has no grid",
        ),
        (
            Insert("net.6", [0], 1e300),
            INFO,
            "'net.6', torch.float32.\n  got: a value of size 1e+300\n  allowed: numbers from -3.40282e+38 to",
        ),
    ],
)
def test_an_edit_that_does_not_fit_its_layer_is_refused(edit, info, said):
    with pytest.raises(EditError) as error:
        check(edit, info)
    assert said in str(error.value)


def test_an_edit_that_fits_its_layer_passes():
    for layer in ("net.6", "also"):
        check(Ablate(layer, [0, 4], mask=torch.ones(H, W)), INFO)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "3",
        "[3]",
        "null",
        "[" * 100_000,
        '[{"kind": "Explode", "layer": "a", "units": [1]}]',
        '[{"kind": ["Ablate"], "layer": "a", "units": [1]}]',
        '[{"layer": "a", "units": [1]}]',
        '[{"kind": "Ablate", "units": [1]}]',
        '[{"kind": "Scale", "layer": "a", "units": [1]}]',
        '[{"kind": "Ablate", "layer": "a", "units": [1], "law": 3}]',
        '[{"kind": "Ablate", "layer": "a", "units": [1], "strength": NaN}]',
        '[{"kind": "Insert", "layer": "a", "units": [1], "value": -Infinity}]',
    ],
)
def test_json_of_something_else_is_refused(text):
    with pytest.raises(EditError, match=r"This is not a list of edits.\n  got: (.|\n)*allowed: JSON such as"):
        from_json(text)


@pytest.mark.parametrize(
    "field",
    [
        '"units": [1.0]',
        '"units": "1"',
        '"units": [true]',
        '"units": [1], "strength": true',
        '"units": [1], "value": 1e999',
    ],
)
def test_json_with_numbers_that_are_not_legal_is_refused(field):
    with pytest.raises(EditError, match="got: "):
        from_json(f'[{{"kind": "Ablate", "layer": "a", {field}}}]')


def test_json_is_plain_and_short():
    said = json.loads(to_json([Scale("a", [1], 0.1)]))
    assert said == [{"kind": "Scale", "layer": "a", "units": [1], "factor": 0.1}]


def test_truth_values_are_a_mask_of_ones_and_zeros():
    numbers = Ablate("a", [1], mask=[[1, 0, 0.0], [0, 1, 1]])
    assert Ablate("a", [1], mask=torch.tensor([[True, False, False], [False, True, True]])) == numbers
    assert Ablate("a", [1], mask=np.array([[1, 0, 0], [0, 1, 1]], dtype=bool)) == numbers
    assert Ablate("a", [1], mask=[[True, 0, 0.0], [0, 1.0, True]]) == numbers
