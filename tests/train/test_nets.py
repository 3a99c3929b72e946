import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.train import nets


def test_the_public_name_gives_the_networks():
    assert gw.nets is nets


def test_the_generator_has_the_layers_that_everything_else_counts_on():
    G = nets.DCGANGenerator()
    kinds = [type(module).__name__ for module in G.net]
    assert kinds == [
        "Unflatten",
        *("ConvTranspose2d", "BatchNorm2d", "ReLU"),
        *("ConvTranspose2d", "BatchNorm2d", "ReLU"),
        *("ConvTranspose2d", "BatchNorm2d", "ReLU"),
        *("ConvTranspose2d", "Tanh"),
    ]
    sizes = {}
    z = torch.zeros(3, 64)
    for name, module in G.net.named_children():
        z = module(z)
        sizes[name] = tuple(z.shape[1:])
    assert sizes["3"] == (128, 4, 4)
    assert sizes["6"] == (128, 7, 7)
    assert sizes["9"] == (64, 14, 14)
    assert sizes["11"] == (1, 28, 28)


def test_the_generator_takes_another_width_of_noise():
    G = nets.DCGANGenerator(noise=5)
    assert G.noise == 5
    assert G(torch.zeros(3, 5)).shape == (3, 1, 28, 28)


def test_the_discriminator_gives_one_logit_per_image():
    assert nets.DCGANDiscriminator()(torch.zeros(3, 1, 28, 28)).shape == (3, 1)


def test_the_logit_of_real_is_the_log_sum_exp_of_the_logits_of_the_digits():
    D = nets.DCGANDiscriminator().eval()
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    real, digits = D.classify(images)
    assert (real.shape, digits.shape) == ((3, 1), (3, 10))
    assert real.equal(D(images))
    torch.testing.assert_close(real, digits.exp().sum(1, keepdim=True).log())


def test_pixels_stay_between_minus_one_and_one():
    images = nets.DCGANGenerator()(torch.randn(4, 64, generator=torch.Generator().manual_seed(0)) * 100)
    assert images.abs().max() <= 1


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d, nn.Linear])
def test_weights_start_as_in_the_paper(kind):
    weights = [m.weight for net in nets.dcgan() for m in net.modules() if isinstance(m, kind)]
    assert weights
    for weight in weights:
        assert float(weight.detach().std()) == pytest.approx(0.02, rel=0.12)


def test_a_seed_names_the_weights_and_the_global_random_state_stays():
    before = torch.get_rng_state()
    first, again, other = nets.dcgan(seed=5), nets.dcgan(seed=5), nets.dcgan(seed=6)
    assert torch.get_rng_state().equal(before)
    for a, b, c in zip(first, again, other, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))
        assert not torch.equal(next(a.parameters()), next(c.parameters()))


def test_a_network_made_by_hand_follows_torch_manual_seed():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = nets.DCGANGenerator().net[1].weight
        torch.manual_seed(1)
        assert nets.DCGANGenerator().net[1].weight.equal(first)
