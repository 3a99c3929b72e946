from math import sqrt

import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.pixels import as_images

GENERATORS = ["fc_generator", "dc_generator", "mlp_generator"]
DISCRIMINATORS = ["fc_discriminator", "dc_discriminator", "mlp_discriminator"]
WIDE = {"fc_generator": 96, "dc_generator": 96, "mlp_generator": 100}
WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def count(net):
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize(
    ("made", "parameters"),
    [
        (gw.nets.fc_generator, 1_952_528),
        (lambda: gw.nets.fc_generator(96), 1_952_528),
        (lambda: gw.nets.fc_generator(noise_dim=4), 1_858_320),
        (gw.nets.fc_discriminator, 267_009),
        (gw.nets.dc_generator, 6_675_009),
        (lambda: gw.nets.dc_generator(noise_dim=96), 6_675_009),
        (lambda: gw.nets.dc_generator(noise_dim=4), 6_580_801),
        (gw.nets.dc_discriminator, 1_102_721),
        (gw.nets.mlp_generator, 1_486_352),
        (lambda: gw.nets.mlp_generator(noise_dim=100), 1_486_352),
        (gw.nets.mlp_discriminator, 1_460_225),
    ],
)
def test_the_numbers_of_parameters_are_those_of_the_courses(made, parameters):
    assert count(made()) == parameters


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("noise", [4, 96])
def test_generators_give_pixels_from_minus_one_to_one(name, noise):
    G = getattr(gw.nets, name)(noise_dim=noise, seed=0)
    images = G(100 * gw.sample_noise(5, noise, seed=0))
    assert images.shape == ((5, 1, 28, 28) if name == "dc_generator" else (5, 784))
    assert images.dtype == torch.float32
    assert 0.5 < images.abs().max() <= 1


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_discriminators_give_a_logit_for_flat_images_and_for_square_ones(name):
    D = getattr(gw.nets, name)(seed=0).eval()
    images = 2 * torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0)) - 1
    assert D(images).shape == (5, 1)
    assert D(images).equal(D(images.flatten(1)))
    assert isinstance(D[-1], nn.Linear)  # a logit, no probability


KINDS = {
    "fc_generator": "Linear ReLU Linear ReLU Linear Tanh",
    "fc_discriminator": "Flatten Linear LeakyReLU Linear LeakyReLU Linear",
    "dc_generator": "Linear ReLU BatchNorm1d Linear ReLU BatchNorm1d Unflatten "
    "ConvTranspose2d ReLU BatchNorm2d ConvTranspose2d Tanh",
    "dc_discriminator": "Flatten Unflatten Conv2d LeakyReLU MaxPool2d Conv2d LeakyReLU MaxPool2d "
    "Flatten Linear LeakyReLU Linear",
    "mlp_generator": "Linear ReLU Linear ReLU Linear ReLU Linear Tanh",
    "mlp_discriminator": "Flatten Linear LeakyReLU Dropout Linear LeakyReLU Dropout Linear LeakyReLU Dropout "
    "Linear",
}


@pytest.mark.parametrize("name", KINDS)
def test_they_are_plain_sequentials_in_the_order_of_the_sheet(name):
    net = getattr(gw.nets, name)()
    assert type(net) is nn.Sequential
    assert " ".join(type(layer).__name__ for layer in net) == KINDS[name]
    assert not any(key.isdigit() for key, _ in net.named_children())
    assert net.training


def test_slopes_dropout_and_strides_are_those_of_the_sheets():
    slopes = {
        name: {layer.negative_slope for layer in getattr(gw.nets, name)() if isinstance(layer, nn.LeakyReLU)}
        for name in DISCRIMINATORS
    }
    assert slopes == {"fc_discriminator": {0.01}, "dc_discriminator": {0.01}, "mlp_discriminator": {0.2}}
    assert {d.p for d in gw.nets.mlp_discriminator() if isinstance(d, nn.Dropout)} == {0.3}
    assert all(relu.inplace for relu in gw.nets.mlp_generator() if isinstance(relu, nn.ReLU))
    up = gw.nets.dc_generator().up1
    assert (up.kernel_size, up.stride, up.padding) == ((4, 4), (2, 2), (1, 1))


def test_the_maps_of_the_convolutional_generator_grow_from_seven_to_twenty_eight():
    G = gw.nets.dc_generator(seed=0)
    sizes = {info.name: (info.units, info.size) for info in gw.layers(G, gw.uniform(96))}
    assert sizes["bn2"] == (6272, ())
    assert sizes["maps"] == (128, (7, 7))
    assert sizes["relu3"] == sizes["bn3"] == (64, (14, 14))
    assert sizes["tanh"] == (1, (28, 28))


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_attach_with_their_layers_listed_by_name(name):
    G = getattr(gw.nets, name)(seed=0)
    lab = gw.attach(G, latents=gw.uniform(WIDE[name]))
    lab.seeds = (0, 1, 2)
    assert lab.layers.names == tuple(key for key, _ in G.named_children())
    lab.layer = "fc2"
    assert lab.images.shape == (3, 1, 28, 28)
    before = lab.images.clone()
    lab.edits = (gw.Ablate("fc2", units=list(range(200))),)
    assert not lab.images.equal(before)
    lab.close()


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_attaches_beside_either_generator(name):
    D = getattr(gw.nets, name)(seed=0)
    for G in (gw.nets.fc_generator(seed=0), gw.nets.dc_generator(seed=0)):
        assert D.eval()(as_images(G.eval()(gw.sample_noise(2, 96, seed=0)))).shape == (2, 1)
        lab = gw.attach(G, latents=gw.uniform(96), discriminator=D)
        lab.close()


def fans(layer):
    area = layer.weight[0, 0].numel() if layer.weight.dim() == 4 else 1
    return area * layer.weight.shape[0], area * layer.weight.shape[1]


@pytest.mark.parametrize("name", ["dc_generator", "dc_discriminator"])
def test_the_weights_of_the_convolutional_pair_fill_the_bounds_of_xavier(name):
    layers = [layer for layer in getattr(gw.nets, name)(seed=0) if isinstance(layer, WEIGHTED)]
    assert len(layers) == 4
    for layer in layers:
        weight, bound = layer.weight.detach(), sqrt(6 / sum(fans(layer)))
        assert weight.abs().max() <= bound
        assert weight.abs().max() > 0.98 * bound
        assert weight.std().item() == pytest.approx(bound / sqrt(3), rel=0.05)


@pytest.mark.parametrize("name", ["fc_generator", "fc_discriminator", "mlp_generator", "mlp_discriminator"])
def test_the_weights_of_the_other_pairs_start_as_those_of_pytorch(name):
    for layer in getattr(gw.nets, name)(seed=0):
        if isinstance(layer, nn.Linear):
            bound = 1 / sqrt(layer.in_features)
            assert 0.98 * bound < layer.weight.abs().max() <= bound


@pytest.mark.parametrize("name", KINDS)
def test_a_seed_names_the_weights_and_the_global_random_state_stays(name):
    make = getattr(gw.nets, name)
    before = torch.get_rng_state()
    first, again, other = make(seed=5), make(seed=5), make(seed=6)
    assert torch.get_rng_state().equal(before)
    for a, b in zip(first.parameters(), again.parameters(), strict=True):
        assert a.equal(b)
    assert not next(first.parameters()).equal(next(other.parameters()))


def test_without_a_seed_the_weights_are_those_of_layers_made_by_hand():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        D = gw.nets.fc_discriminator()
        torch.manual_seed(1)
        by_hand = nn.Sequential(
            *(nn.Flatten(), nn.Linear(784, 256), nn.LeakyReLU(0.01)),
            *(nn.Linear(256, 256), nn.LeakyReLU(0.01), nn.Linear(256, 1)),
        )
    for a, b in zip(D.parameters(), by_hand.parameters(), strict=True):
        assert a.equal(b)


@pytest.mark.parametrize("loss", list(gw.losses))
@pytest.mark.parametrize("kind", ["fc", "dc", "mlp"])
def test_every_loss_sends_a_gradient_to_every_layer_of_both(kind, loss):
    G, D = getattr(gw.nets, f"{kind}_generator")(seed=0), getattr(gw.nets, f"{kind}_discriminator")(seed=0)
    real = 2 * torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0)) - 1
    noise = gw.sample_noise(4, WIDE[f"{kind}_generator"], seed=0)
    gw.losses[loss].generator(D(G(noise))).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in G.parameters())
    assert all(layer.weight.grad.any() for layer in G if isinstance(layer, WEIGHTED))
    D.zero_grad()
    gw.losses[loss].discriminator(D(real), D(G(noise).detach())).backward()
    assert all(layer.weight.grad.any() for layer in D if isinstance(layer, WEIGHTED))
