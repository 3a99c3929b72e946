import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan_widgets.train.streams import Chance
from tests.train.small import SmallG

ONES = torch.ones(3, 5, 4, 4)
DRAWS = {
    "dropout": lambda: F.dropout(ONES, 0.3),
    "dropout2d": lambda: F.dropout2d(ONES, 0.3),
    "alpha_dropout": lambda: F.alpha_dropout(ONES, 0.3, training=True),
    "feature_alpha_dropout": lambda: F.feature_alpha_dropout(ONES, 0.3, training=True),
    "rrelu": lambda: F.rrelu(-ONES, training=True),
    "gumbel_softmax": lambda: F.gumbel_softmax(torch.ones(4, 5)),
    "attention": lambda: F.scaled_dot_product_attention(*[torch.ones(1, 1, 8, 8)] * 3, dropout_p=0.5),
    "fractional_max_pool": lambda: nn.FractionalMaxPool2d(2, 2)(torch.arange(100.0).view(1, 1, 10, 10)),
    "rand": lambda: torch.rand(30),
    "randn": lambda: torch.randn(3, 7),
    "randint": lambda: torch.randint(9, (40,)),
    "randint_low": lambda: torch.randint(-4, 9, (40,)),
    "randperm": lambda: torch.randperm(40),
    "rand_like": lambda: torch.rand_like(ONES),
    "randn_like": lambda: torch.randn_like(ONES),
    "randint_like": lambda: torch.randint_like(ONES, 5),
    "randint_like_low": lambda: torch.randint_like(ONES, 2, 50),
    "normal": lambda: torch.normal(torch.zeros(20), torch.ones(20)),
    "normal_of_numbers": lambda: torch.normal(0.0, 1.0, (30,)),
    "multinomial": lambda: torch.multinomial(torch.ones(9), 5),
    "bernoulli": lambda: torch.bernoulli(torch.full((50,), 0.4)),
    "poisson": lambda: torch.poisson(torch.ones(40)),
    "uniform_": lambda: torch.empty(40).uniform_(),
    "normal_": lambda: torch.empty(40).normal_(),
    "exponential_": lambda: torch.empty(40).exponential_(),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_numbers_are_those_of_the_global_generator_which_is_left_alone(name):
    draw = DRAWS[name]
    with torch.random.fork_rng():
        torch.manual_seed(7)
        wanted = draw(), draw()
        torch.manual_seed(9)
        before = torch.get_rng_state()
        with Chance(7):
            got = draw(), draw()
        assert torch.get_rng_state().equal(before)
    assert all(map(torch.equal, wanted, got))


def test_another_generator_that_was_passed_keeps_its_numbers():
    own = torch.Generator().manual_seed(3)
    with Chance(7):
        got = torch.rand(4, generator=own)
    assert got.equal(torch.rand(4, generator=torch.Generator().manual_seed(3)))


def test_what_takes_no_generator_is_drawn_from_the_seed_too_and_puts_the_global_one_back():
    func = torch.ops.aten._fused_dropout.default  # without one, and not on the CPU
    chance = Chance(5)
    before = torch.get_rng_state()
    with pytest.raises(NotImplementedError):
        chance._borrowed(chance.generator(), func, (ONES, 0.5), {})
    assert torch.get_rng_state().equal(before)
    drawn = [Chance(5), Chance(5)]
    same = [c._borrowed(c.generator(), torch.ops.aten.rand.default, ([4],), {}) for c in drawn]
    assert same[0].equal(same[1])


def test_dropout_as_cuda_does_it_scales_what_it_keeps_and_has_a_gradient():
    x = torch.full((1000,), 2.0)
    with Chance(1):
        y, mask = torch.ops.aten.native_dropout.default(x, 0.25, True)
    assert mask.dtype == torch.bool
    assert y.equal(torch.where(mask, 2.0 / 0.75, 0.0))
    assert 0.7 < mask.float().mean() < 0.8
    with Chance(1):
        assert torch.ops.aten.native_dropout.default(x, 0.25, False)[0].equal(x)


def test_only_nets_that_may_draw_are_run_inside():
    chance = Chance(0)
    calm = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU())
    assert chance.inside(calm) is not chance
    for drawing in (nn.Dropout(0.1), nn.RReLU(), nn.LSTM(2, 2), SmallG()):
        assert chance.inside(nn.Sequential(calm, drawing)) is chance
