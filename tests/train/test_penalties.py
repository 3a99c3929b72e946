import pytest
import torch
from torch import nn

from gan_widgets.train import penalties
from gan_widgets.train.losses import LossError
from gan_widgets.train.penalties import R1, GradientPenalty, clip_weights_, gradient_penalty, r1
from tests.train.small import small_pair


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=5, seed=0, dtype=torch.float64):
    return 2 * torch.rand(n, 1, 3, 4, generator=generator(seed), dtype=dtype) - 1


def linear(seed=3):
    """A critic ⟨w, x⟩ + b: its slope is w, wherever it is asked."""
    D = nn.Sequential(nn.Flatten(), nn.Linear(12, 1)).double()
    with torch.no_grad():
        D[1].weight.copy_(torch.randn(1, 12, generator=generator(seed), dtype=torch.float64))
    return D


class Bowl(nn.Module):
    """½·a·‖x‖²: the slope at x is a·x, and so says where it was asked."""

    def __init__(self, a=1.0):
        super().__init__()
        self.a = nn.Parameter(torch.tensor(a, dtype=torch.float64))

    def forward(self, x):
        return 0.5 * self.a * x.flatten(1).square().sum(1, keepdim=True)


def curved():
    torch_net = nn.Sequential(nn.Flatten(), nn.Linear(12, 7), nn.Tanh(), nn.Linear(7, 1)).double()
    with torch.no_grad():
        for k, parameter in enumerate(torch_net.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator(k), dtype=torch.float64))
    return torch_net


def test_gradient_penalty_of_a_linear_critic_is_its_closed_form():
    D, mix = linear(), torch.rand(5, generator=generator())
    w = D[1].weight.detach()
    penalty = gradient_penalty(D, images(seed=1), images(seed=2), mix)
    assert penalty.item() == pytest.approx((w.norm().item() - 1) ** 2, rel=1e-12)
    # and its gradient: 2(‖w‖ − 1)·w/‖w‖, none for the bias
    penalty.backward()
    torch.testing.assert_close(D[1].weight.grad, 2 * (w.norm() - 1) * w / w.norm())
    assert D[1].bias.grad is None or not D[1].bias.grad.any()


@pytest.mark.parametrize("weight", [0.0, 0.5, 10.0])
def test_the_weight_multiplies_the_closed_form(weight):
    D = linear()
    size = D[1].weight.detach().norm().item()
    real, fake = images(seed=1), images(seed=2)
    gp, on_real = penalties.named("gp", weight), penalties.named("r1", weight)
    assert gp(D, real, fake, generator()).item() == pytest.approx(weight * (size - 1) ** 2, rel=1e-12)
    assert on_real(D, real, fake, generator()).item() == pytest.approx(weight * size**2 / 2, rel=1e-12)


def test_r1_of_a_linear_critic_is_half_its_squared_slope():
    D = linear()
    w = D[1].weight.detach()
    penalty = r1(D, images())
    assert penalty.item() == pytest.approx(0.5 * w.square().sum().item(), rel=1e-12)
    penalty.backward()
    torch.testing.assert_close(D[1].weight.grad, w)


def test_a_slope_of_one_costs_nothing():
    D = linear()
    with torch.no_grad():
        D[1].weight.div_(D[1].weight.norm())
    assert gradient_penalty(D, images(seed=1), images(seed=2), torch.rand(5)).item() < 1e-28


def test_the_slope_is_taken_between_real_and_fake_as_the_mix_says():
    real, fake = images(seed=1), images(seed=2)
    for share in (1.0, 0.0, 0.3):  # 1 is the real image
        at = share * real + (1 - share) * fake
        expected = (at.flatten(1).norm(dim=1) - 1).square().mean()
        found = gradient_penalty(Bowl(), real, fake, torch.full((5,), share, dtype=torch.float64))
        torch.testing.assert_close(found, expected)
    torch.testing.assert_close(r1(Bowl(3.0), real), 0.5 * 9 * real.flatten(1).square().sum(1).mean())


def test_every_image_has_its_own_mix():
    real, fake = torch.zeros(2, 1, 1, 4).double(), torch.ones(2, 1, 1, 4).double()
    found = gradient_penalty(Bowl(), real, fake, torch.tensor([1.0, 0.5]))  # slopes 0 and ½·‖1‖ = 1
    assert found.item() == ((0 - 1) ** 2 + (1 - 1) ** 2) / 2


@pytest.mark.parametrize("kind", ["gp", "r1"])
def test_gradients_for_d_are_finite_differences(kind):
    D, real, fake = curved(), images(seed=1), images(seed=2)

    def penalty():
        return penalties.named(kind, 2.0)(D, real, fake, generator(7))

    found = torch.autograd.grad(penalty(), list(D.parameters()), allow_unused=True)
    step = 1e-6
    for parameter, gradient in zip(D.parameters(), found, strict=True):
        for k in range(0, parameter.numel(), 5):
            flat = parameter.detach().view(-1)
            ends = []
            for move in (step, -2 * step):
                flat[k] += move
                ends.append(penalty().item())
            flat[k] += step
            slope = 0.0 if gradient is None else gradient.reshape(-1)[k].item()
            assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-7)


def test_a_flat_critic_gives_finite_gradients():
    D = linear()
    nn.init.zeros_(D[1].weight)
    penalty = gradient_penalty(D, images(seed=1), images(seed=2), torch.rand(5))
    penalty.backward()
    assert penalty.item() == 1
    assert torch.isfinite(D[1].weight.grad).all()


@pytest.mark.parametrize("kind", ["gp", "r1"])
def test_no_gradient_reaches_the_images(kind):
    real, fake = images(seed=1).requires_grad_(), images(seed=2).requires_grad_()
    penalties.named(kind)(curved(), real, fake, generator()).backward()
    assert real.grad is None
    assert fake.grad is None


@pytest.mark.parametrize("kind", ["gp", "r1"])
def test_a_penalty_can_be_looked_at_without_training(kind):
    D, real, fake = curved(), images(seed=1), images(seed=2)
    expected = penalties.named(kind)(D, real, fake, generator()).item()
    with torch.no_grad():
        assert penalties.named(kind)(D, real, fake, generator()).item() == expected
    D.requires_grad_(False)
    assert penalties.named(kind)(D, real, fake, generator()).item() == expected
    assert not any(parameter.requires_grad for parameter in D.parameters())


def test_what_is_drawn_comes_from_the_generator_alone():
    D, real, fake = curved(), images(seed=1), images(seed=2)
    before = torch.get_rng_state()
    first, again, other = (GradientPenalty(1.0)(D, real, fake, generator(seed)).item() for seed in (1, 1, 2))
    assert torch.get_rng_state().equal(before)
    assert first == again != other


def test_flat_fakes_are_read_as_the_real_images_are():
    D, mix = curved(), torch.rand(5, generator=generator())
    real, fake = images(seed=1), images(seed=2)
    assert gradient_penalty(D, real, fake.flatten(1), mix).equal(gradient_penalty(D, real, fake, mix))


@pytest.mark.parametrize(
    ("fakes", "mix"),
    [((4, 1, 3, 4), (5,)), ((5, 1, 3, 5), (5,)), ((5, 1, 3, 4), (5, 1)), ((5, 1, 3, 4), (4,))],
)
def test_batches_that_do_not_belong_together_are_refused(fakes, mix):
    with pytest.raises(LossError, match="must belong together, one to one") as caught:
        gradient_penalty(curved(), images(), torch.zeros(fakes).double(), torch.zeros(mix))
    assert f"fake {fakes}, mix {mix}" in str(caught.value)


def test_a_critic_with_more_than_one_logit_is_refused():
    with pytest.raises(LossError, match="one logit for each penalised image"):
        r1(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).double(), images())


@pytest.mark.parametrize("kind", ["gp", "r1"])
def test_networks_with_dropout_can_be_penalised(kind):
    _, D = small_pair()
    real = torch.zeros(3, 1, 28, 28)
    penalties.named(kind)(D, real, real.flatten(1), generator()).backward()
    assert D[1].weight.grad.abs().sum() > 0


def test_descending_the_penalty_leads_to_a_slope_of_one():
    D = linear()
    optimizer = torch.optim.SGD(D.parameters(), lr=0.1)
    for k in range(60):
        optimizer.zero_grad()
        penalties.named("gp", 1.0)(D, images(seed=1), images(seed=2), generator(k)).backward()
        optimizer.step()
    assert D[1].weight.detach().norm().item() == pytest.approx(1, abs=1e-4)


def test_clipping_brings_every_parameter_into_the_limit_and_leaves_the_others():
    D = nn.Linear(3, 1)
    with torch.no_grad():
        D.weight.copy_(torch.tensor([[-5.0, 0.005, 0.02]]))
        D.bias.fill_(-0.01)
    weight = D.weight
    clip_weights_(D, 0.01)
    assert D.weight is weight
    assert weight.requires_grad
    assert weight.is_leaf
    torch.testing.assert_close(weight.detach(), torch.tensor([[-0.01, 0.005, 0.01]]), rtol=0, atol=0)
    assert D.bias.item() == pytest.approx(-0.01)


def test_clipping_does_not_hide_nan():
    D = nn.Linear(2, 1)
    nn.init.constant_(D.weight, float("nan"))
    clip_weights_(D, 0.01)
    assert D.weight.isnan().all()


@pytest.mark.parametrize("limit", [0, -0.1, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(limit):
    D = linear()
    before = D[1].weight.detach().clone()
    with pytest.raises(LossError, match="clipped to a positive limit"):
        clip_weights_(D, limit)
    assert D[1].weight.equal(before)


def test_names_give_penalties_as_values():
    assert penalties.named("gp", 3) == GradientPenalty(3.0)
    assert penalties.named("r1", 3) == R1(3.0)
    assert repr(penalties.named("r1")) == "R1(weight=10.0)"


def test_an_unknown_penalty_says_which_there_are():
    with pytest.raises(penalties.UnknownPenaltyError) as caught:
        penalties.named("r2")
    assert str(caught.value) == (
        "there is no penalty of this name.\n"
        "  got: 'r2'\n"
        "  allowed: 'gp', 'r1'\n"
        "  next: Pass one of these names, or a function (D, real, fake, generator) -> scalar."
    )


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_a_weight_below_nothing_is_refused(weight):
    with pytest.raises(LossError, match="a number from 0 up"):
        penalties.named("gp", weight)
