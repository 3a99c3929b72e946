"""The law of edits: against a slow loop, to the bit where nothing is edited, in every dtype."""

import itertools
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_widgets.core.edits import Ablate, Insert, Scale, apply
from gan_widgets.core.errors import EditError
from tests.core.some_edits import UNITS, H, W, edits

DEVICES = ["cpu", *["cuda"] * torch.cuda.is_available()]


def slow(edit, h):
    """The law, one number at a time in Python's own floats, into a new nested list."""
    out = h.double().tolist()
    for n, sample in enumerate(out):
        for k, unit in enumerate(edit.units):
            alpha = edit.strength[k] if isinstance(edit.strength, tuple) else edit.strength
            value = edit.factor if isinstance(edit, Scale) else 0.0 if edit.value == "zero" else edit.value
            value = value[k] if isinstance(value, tuple) else value
            cells = sample[unit] if h.ndim == 4 else [[sample[unit]]]
            for i, row in enumerate(cells):
                for j, x in enumerate(row):
                    m = 1.0 if edit.mask is None else edit.mask[i][j]
                    v = value * x if isinstance(edit, Scale) else value
                    row[j] = x * (1 - alpha * m) + v * alpha * m
            if h.ndim != 4:
                sample[unit] = cells[0][0]
        out[n] = sample
    return torch.tensor(out, dtype=torch.float64)


@given(edit=edits(), seed=st.integers(0, 9))
def test_maps_follow_the_law(edit, seed):
    h = torch.randn(2, UNITS, H, W, generator=torch.Generator().manual_seed(seed)).double()
    torch.testing.assert_close(apply([edit], h), slow(edit, h), rtol=1e-12, atol=1e-12)


@given(edit=edits(size=None), seed=st.integers(0, 9))
def test_fully_connected_units_follow_the_law(edit, seed):
    h = torch.randn(2, UNITS, generator=torch.Generator().manual_seed(seed)).double()
    torch.testing.assert_close(apply([edit], h), slow(edit, h), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "within"), [(torch.float32, 1e-5), (torch.float16, 0.02), (torch.bfloat16, 0.15)]
)
@given(edit=edits())
@settings(max_examples=30)
def test_the_result_stays_in_the_layers_own_dtype(dtype, within, edit):
    h = torch.linspace(-2, 2, 2 * UNITS * H * W).reshape(2, UNITS, H, W).to(dtype)
    result = apply([edit], h)
    assert result.dtype == dtype
    torch.testing.assert_close(result.double(), slow(edit, h), rtol=within, atol=within)


@given(edit=edits(), data=st.data())
def test_what_is_not_edited_keeps_its_bits(edit, data):
    odd = torch.tensor([-0.0, torch.nan, torch.inf, -torch.inf, 1e-45, 3.0])
    h = odd[
        torch.randint(
            6, (2, UNITS, H, W), generator=torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
        )
    ]
    before = h.clone().view(torch.int32)
    result = apply([edit], h)
    assert torch.equal(h.view(torch.int32), before)
    touched = torch.zeros(UNITS, H, W, dtype=torch.bool)
    strength = torch.tensor(edit.strength, dtype=torch.float64).expand(len(edit.units))
    mask = torch.ones(H, W) if edit.mask is None else torch.tensor(edit.mask, dtype=torch.float64)
    touched[list(edit.units)] = (strength[:, None, None] * mask) > 0
    same = result.view(torch.int32) == before
    assert same[:, ~touched].all()


@pytest.mark.parametrize("strength", [1.0, (1.0, 0.5)])
@pytest.mark.parametrize("mask", [None, [[1.0, 0.0]]])
def test_a_unit_turned_off_is_off_whatever_it_was(strength, mask):
    h = torch.tensor([torch.nan, torch.inf]).repeat(1, 2, 1)[:, :, None]
    result = apply([Ablate("a", units=[0, 1], strength=strength, mask=mask)], h)
    assert result[0, 0, 0, 0] == 0
    assert result[0, 0, 0, 1].item() == (0 if mask is None else torch.inf)


def test_edits_act_from_left_to_right():
    h = torch.tensor([[2.0, 4.0]])
    half, eight = Scale("a", units=[0], factor=0.5), Insert("a", units=[0, 1], value=(8.0, 6.0), strength=0.5)
    assert apply([half, eight], h).tolist() == [[4.5, 5.0]]
    assert apply([eight, half], h).tolist() == [[2.5, 5.0]]


@given(first=edits(), second=edits())
def test_two_edits_are_one_after_the_other(first, second):
    h = torch.linspace(-2, 2, 2 * UNITS * H * W).reshape(2, UNITS, H, W)
    assert torch.equal(apply([first, second], h), apply([second], apply([first], h)))


def test_no_edits_give_the_tensor_itself_and_no_units_its_equal():
    h = torch.randn(2, UNITS)
    assert apply([], h) is h
    assert torch.equal(apply([Ablate("a", units=[])], h), h)


def test_channels_last_and_expanded_tensors_are_edited_like_others():
    h = torch.randn(2, UNITS, H, W)
    edit = Insert("a", units=[1, 3], value=2.0, strength=0.25, mask=torch.rand(H, W))
    assert torch.equal(apply([edit], h.contiguous(memory_format=torch.channels_last)), apply([edit], h))
    wide = torch.randn(1, UNITS, 1, 1).expand(2, UNITS, H, W)
    assert torch.equal(apply([edit], wide), apply([edit], wide.contiguous()))


def test_one_edit_serves_layers_of_several_devices_dtypes_and_dimensions():
    edit = Insert("a", units=[1], value=2.0, strength=0.5)
    for shape in ((2, UNITS), (2, UNITS, 7), (2, UNITS, H, W), (2, UNITS, 2, H, W)):
        for dtype, device in itertools.product((torch.float32, torch.float16), DEVICES):
            result = apply([edit], torch.zeros(shape, dtype=dtype, device=device))
            assert (result.dtype, result.device.type) == (dtype, device)
            assert (result[:, 1] == 1).all()


def test_gradients_pass_through_what_remains():
    h = torch.ones(1, 3, requires_grad=True)
    apply(
        [Ablate("a", [0]), Scale("a", [1], 3.0, strength=0.5), Ablate("a", [2], strength=0.25)], h
    ).sum().backward()
    assert h.grad.tolist() == [[0.0, 2.0, 0.75]]


def test_measured_values_replace_units_by_unit_or_by_sample():
    h = torch.zeros(2, UNITS, H, W)
    edit = Ablate("a", units=[3, 1, 0], value="mean", strength=(0.5, 0.0, 1.0))
    per_unit = apply([edit], h, {edit: torch.tensor([2.0, 9.0, 4.0])})
    assert per_unit[:, :, 1, 2].tolist() == [[4.0, 0.0, 0.0, 1.0, 0.0]] * 2
    maps = torch.arange(2 * 3 * H * W, dtype=torch.float32).reshape(2, 3, H, W)
    per_sample = apply([edit], h, {edit: maps})
    assert torch.equal(per_sample[:, [3, 1, 0]], maps * torch.tensor([0.5, 0.0, 1.0])[:, None, None])


@pytest.mark.parametrize("values", [None, {}, "wrong shape"])
def test_a_measured_value_that_is_missing_is_refused(values):
    edit = Ablate("a", units=[0, 1], value="resample")
    given = {edit: torch.zeros(3, 2)} if values == "wrong shape" else values
    with pytest.raises(
        EditError, match=r"needs a measured value(.|\n)*allowed: \(2,\) or \(4, 2, 3, 4\)\n  next: Pass"
    ):
        apply([edit], torch.zeros(4, UNITS, H, W), given)


@pytest.mark.parametrize(
    ("edit", "slope"),
    [(Insert("a", [1], 7.0, strength=0.5), 1.0), (Scale("a", [1], 3.0), 6.0), (Ablate("a", [1]), 0.0)],
)
def test_an_edit_first_used_in_inference_mode_can_be_trained_through_later(edit, slope):
    with torch.inference_mode():
        apply([edit], torch.ones(2, 3, 4, 5))
    h = torch.ones(2, 3, 4, 5, requires_grad=True)
    apply([edit], h * h).sum().backward()
    assert h.grad[:, [0, 2]].unique().tolist() == [2.0]
    assert h.grad[:, 1].unique().tolist() == [slope]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@given(edit=edits(measured=True), seed=st.integers(0, 9))
@settings(max_examples=50)
def test_one_number_for_all_gives_the_bits_of_the_same_number_for_each(dtype, edit, seed):
    def each(number):
        return (number,) * len(edit.units) if isinstance(number, float) else number

    ones = torch.ones(H, W) if edit.mask is None else edit.mask
    name = "factor" if isinstance(edit, Scale) else "value"
    spread = replace(edit, strength=each(edit.strength), **{name: each(getattr(edit, name))})
    h = torch.randn(2, UNITS, H, W, generator=torch.Generator().manual_seed(seed)).to(dtype)
    for v in (h[0, : len(edit.units), 1, 2], h[:, : len(edit.units)] * 0.5):
        result = apply([edit], h, {edit: v})
        for other in (spread, replace(edit, mask=ones), replace(spread, mask=ones)):
            assert torch.equal(apply([other], h, {other: v}), result)


def test_an_edit_of_one_unit_reaches_that_unit_alone_in_any_layout():
    h = torch.randn(2, UNITS, H, W)
    for laid in (h, h.contiguous(memory_format=torch.channels_last), h[:, :, :1, :1].expand(2, UNITS, H, W)):
        for edit in (Ablate("a", [3]), Ablate("a", [3], 0.25), Scale("a", [3], 3.0), Insert("a", [3], 2.0)):
            result = apply([edit], laid)
            others = [0, 1, 2, 4]
            assert torch.equal(result[:, others], laid[:, others])
            assert torch.equal(result[:, 3], slow(edit, laid)[:, 3].float())


BEYOND = {torch.float16: 7e4, torch.bfloat16: 1e39, torch.float32: 1e39}


@pytest.mark.parametrize("dtype", BEYOND, ids=str)
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_numbers_that_are_not_finite_in_the_layers_dtype_are_refused(dtype, strength):
    h, most, beyond = torch.ones(2, 3, dtype=dtype), torch.finfo(dtype).max, BEYOND[dtype]
    for make in (Insert, Scale, lambda *given: Ablate(*given[:2], value=given[2], strength=given[3])):
        for number in (beyond, -beyond, (1.0, beyond)):
            with pytest.raises(EditError, match=f"is not finite in the numbers of layer 'a', {dtype}"):
                apply([make("a", [0, 2], number, strength)], h)
            assert apply([make("a", [0, 2], number, strength)], h.double()).isfinite().all()
    assert apply([Insert("a", [0, 1], (most, -most))], h)[:, :2].tolist() == [[most, -most]] * 2
