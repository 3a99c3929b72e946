"""Equal bits, rounding, or something else altogether."""

from math import inf, nan

import pytest
import torch

from gan_widgets.core.agree import apart, bound, leaves

A = torch.tensor([[1.0, nan, inf], [-inf, 0.0, 2.0]])


@pytest.mark.parametrize(
    ("a", "b", "gap"),
    [
        (A, A.clone(), 0.0),
        (torch.zeros(2), torch.tensor([0.0, -0.25]), 0.25),
        (torch.tensor([nan, 1.0]), torch.tensor([0.0, 1.0]), inf),
        (torch.tensor([inf, 1.0]), torch.tensor([-inf, 1.0]), inf),
        (torch.zeros(2), torch.zeros(3), inf),
        (torch.zeros(2), torch.zeros(2).half(), inf),
        (torch.tensor([1, 2]), torch.tensor([1, 3]), inf),
        ((torch.ones(2), 3), (torch.ones(2), 3), 0.0),
        ((torch.ones(2), 3), (torch.ones(2), 4), inf),
        ((torch.ones(2), nan), (torch.ones(2), nan), 0.0),
        ((torch.ones(2),), [torch.ones(2)], inf),
        ([], [], 0.0),
        ({"a": object()}, {"a": object()}, 0.0),
    ],
)
def test_outputs_are_this_far_apart(a, b, gap):
    assert apart(a, b) == gap
    assert apart(b, a) == gap


def test_rounding_is_bounded_by_the_peak_and_the_precision():
    assert bound(A) == 8 * 2 * torch.finfo(torch.float32).eps
    assert bound({"a": torch.tensor([100.0]).half(), "b": 3}) == 8 * 100 * torch.finfo(torch.float16).eps
    assert bound((torch.arange(3), "text")) == 0.0


def test_leaves_keep_their_order():
    assert leaves([1, (), {"a": (2, 3)}, None]) == [1, 2, 3, None]
