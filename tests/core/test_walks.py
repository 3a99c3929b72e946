"""Laws of the walks between latents."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_widgets.core.errors import LatentsError
from gan_widgets.core.latents import lerp, normal, slerp

A, B = normal((3, 2))([1, 2]), normal((3, 2))([3, 4])


@pytest.mark.parametrize("walk", [lerp, slerp])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_the_ends_of_a_walk_are_exact(walk, dtype):
    a, b = A.to(dtype), B.to(dtype)
    assert torch.equal(walk(a, b, 0), a)
    assert torch.equal(walk(a, b, 1.0), b)
    assert walk(a, b, 0.3).dtype == dtype


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 500), st.integers(501, 999), st.floats(0, 1), st.integers(2, 40))
def test_an_arc_between_equal_norms_keeps_the_norm(one, other, t, dim):
    a, b = (normal(dim).to(dtype=torch.float64)([seed]) for seed in (one, other))
    b = b / b.norm() * a.norm()
    assert slerp(a, b, t).norm().item() == pytest.approx(a.norm().item(), rel=1e-12)


def test_an_arc_moves_at_one_speed():
    a, b = torch.tensor([2.0, 0, 0]).double(), torch.tensor([0, 0, 2.0]).double()
    steps = slerp(a, b, torch.linspace(0, 1, 7, dtype=torch.float64))
    gaps = (steps[1:] - steps[:-1]).norm(dim=1)
    assert torch.allclose(gaps, gaps[:1].expand(6), rtol=1e-12)


def test_opposite_vectors_walk_round_and_not_through_zero():
    a = torch.tensor([0.0, 3.0, 4.0])
    walked = slerp(a, -a, [0, 0.25, 0.5, 1])
    assert torch.allclose(walked.norm(dim=1), torch.full((4,), 5.0))
    assert torch.equal(walked[-1], -a)
    assert abs(float(walked[2] @ a)) < 1e-5


def test_a_zero_vector_is_walked_to_in_a_straight_line():
    a, zero = torch.tensor([2.0, 4.0]), torch.zeros(2)
    assert torch.equal(slerp(a, zero, 0.25), torch.tensor([1.5, 3.0]))
    assert torch.equal(slerp(zero, zero, 0.5), zero)


def test_nearly_equal_and_equal_vectors_stay_finite():
    a = torch.tensor([1.0, 2.0, 2.0])
    assert torch.equal(slerp(a, a, 0.4), a)
    assert torch.allclose(slerp(a, a * (1 + 1e-6), 0.5), a, rtol=1e-5)
    assert torch.equal(slerp(a[:1], -a[:1], 0.5), torch.zeros(1))


def test_every_sample_of_a_batch_walks_alone():
    together = slerp(A, B, 0.3)
    alone = torch.cat([slerp(a[None], b[None], 0.3) for a, b in zip(A, B, strict=True)])
    assert torch.equal(together, alone)
    flat = torch.stack(
        [slerp(a.flatten(), b.flatten(), 0.3).reshape(3, 2) for a, b in zip(A, B, strict=True)]
    )
    assert torch.equal(together, flat)


def test_t_may_be_one_per_sample_or_the_steps_of_one_pair():
    per_sample = lerp(A, B, torch.tensor([0.0, 1.0]))
    assert torch.equal(per_sample, torch.stack([A[0], B[1]]))
    assert lerp(A[:1], B[:1], [0, 0.5, 1]).shape == (3, 3, 2)
    assert slerp(torch.ones(5), torch.zeros(5), [0, 0.5, 1]).shape == (3, 5)


@pytest.mark.parametrize(
    ("a", "b", "t"),
    [
        (A, B[:1], 0.5),
        (A, B, [0, 0.5, 1]),
        (A.int(), B.int(), 0.5),
        (torch.tensor(1.0), torch.tensor(2.0), 0.5),
    ],
)
def test_ends_that_do_not_fit_are_refused(a, b, t):
    with pytest.raises(LatentsError, match="need one shape"):
        slerp(a, b, t)


@pytest.mark.parametrize("walk", [lerp, slerp])
@pytest.mark.parametrize(
    ("a", "b", "t", "got"),
    [
        ([0.0, 1.0], [1.0, 0.0], 0.5, "list and list"),
        (A, A.numpy(), 0.5, "Tensor and ndarray"),
        (A, B, "half", "t='half'"),
        (A, B, None, "t=None"),
        (A, B, [[0.0], [0.0, 1.0]], "t=[[0.0], [0.0, 1.0]]"),
    ],
)
def test_ends_that_are_no_tensors_and_steps_that_are_no_numbers_are_refused(walk, a, b, t, got):
    with pytest.raises(LatentsError, match="the ends of a walk") as raised:
        walk(a, b, t)
    assert f"\n  got: {got}\n  allowed: " in str(raised.value)
