from copy import deepcopy

import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import RefusedModelError

DISCRIMINATORS = ["fc_discriminator", "dc_discriminator", "mlp_discriminator"]


def weights(D):
    """Each normalised weight as the matrix that it is normalised as."""
    found = []
    for module in D.modules():
        if hasattr(module, "parametrizations"):
            weight = module.weight.detach()
            found.append(
                (weight.transpose(0, 1) if isinstance(module, nn.ConvTranspose2d) else weight).flatten(1)
            )
    return found


def settled(D, forwards=60):
    D.train()
    for _ in range(forwards):
        weights(D)  # one round of the power iteration for each look at a weight
    return D.eval()


def small():
    D = nn.Sequential(
        *(nn.Conv2d(1, 5, 3), nn.LeakyReLU(0.2), nn.ConvTranspose2d(5, 3, 4), nn.LeakyReLU(0.2)),
        *(nn.Flatten(), nn.Linear(3 * 81, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1)),
    )
    return gw.nets.spectral(D, seed=0)


def largest(D):
    return [torch.linalg.matrix_norm(matrix, 2).item() for matrix in weights(D)]


def test_the_largest_singular_value_of_every_layer_becomes_one():
    assert largest(settled(small(), forwards=300)) == pytest.approx([1] * 4, abs=1e-4)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_the_discriminators_of_the_courses_come_near_one_from_above(name):
    D = gw.nets.spectral(getattr(gw.nets, name)(seed=0), seed=0)
    found = largest(settled(D, forwards=30))
    assert len(found) == sum(isinstance(m, (nn.Linear, nn.Conv2d)) for m in D.modules())
    # a power iteration never gives more than the largest singular value
    assert all(1 - 1e-5 < value < 1.03 for value in found)


def test_a_network_of_linear_layers_stretches_no_distance():
    D = settled(gw.nets.spectral(gw.nets.fc_discriminator(seed=0), seed=0), forwards=300)
    stream = torch.Generator().manual_seed(0)
    a, b = (torch.randn(200, 784, generator=stream) for _ in range(2))
    with torch.no_grad():
        change = (D(a) - D(b)).abs()[:, 0]
    assert (change <= (a - b).norm(dim=1) * 1.001).all()


def test_it_gives_back_the_network_and_its_parameters_are_the_same_objects():
    D = gw.nets.fc_discriminator(seed=0)
    before = set(D.parameters())
    assert gw.nets.spectral(D) is D
    assert set(D.parameters()) == before
    assert sum(p.numel() for p in D.parameters()) == 267_009


def test_an_optimizer_made_before_still_trains_it():
    D = gw.nets.fc_discriminator(seed=0)
    optimizer = torch.optim.Adam(D.parameters(), lr=1e-2)
    gw.nets.spectral(D, seed=0)
    before = D.fc1.weight.detach().clone()
    D(torch.ones(2, 784)).sum().backward()
    optimizer.step()
    assert not D.eval().fc1.weight.allclose(before, atol=1e-4)


def test_normalising_twice_changes_nothing():
    D = gw.nets.spectral(gw.nets.fc_discriminator(seed=0), seed=0)
    kept = list(D.state_dict())
    assert list(gw.nets.spectral(D).state_dict()) == kept


def test_a_seed_names_where_the_iteration_starts_and_the_global_random_state_stays():
    before = torch.get_rng_state()
    first, again, other = (
        gw.nets.spectral(gw.nets.fc_discriminator(seed=0), seed=seed) for seed in (1, 1, 2)
    )
    assert torch.get_rng_state().equal(before)
    a, b, c = (net.state_dict()["fc1.parametrizations.weight.0._u"] for net in (first, again, other))
    assert a.equal(b)
    assert not a.equal(c)


def test_looking_in_eval_mode_leaves_the_estimate_alone():
    D = small().eval()
    kept = deepcopy(D.state_dict())
    D(torch.zeros(2, 1, 8, 8))
    assert all(torch.equal(kept[name], tensor) for name, tensor in D.state_dict().items())


def test_its_state_survives_a_copy_and_a_checkpoint():
    D = settled(gw.nets.spectral(gw.nets.fc_discriminator(seed=0), seed=0), forwards=3)
    other = gw.nets.spectral(gw.nets.fc_discriminator(seed=1), seed=1).eval()
    other.load_state_dict(D.state_dict())
    x = torch.ones(2, 784)
    assert other(x).equal(D(x))
    assert deepcopy(D)(x).equal(D(x))


def test_its_layers_are_listed_by_their_own_kinds():
    D = small()
    seen = gw.layers(D, lambda seed: torch.full((1, 8, 8), float(seed)))
    assert [info.kind for info in seen][:3] == ["Conv2d", "LeakyReLU", "ConvTranspose2d"]


def test_a_network_without_weights_is_refused():
    with pytest.raises(RefusedModelError) as caught:
        gw.nets.spectral(nn.Sequential(nn.Flatten(), nn.ReLU()))
    assert str(caught.value) == (
        "there is nothing to normalise in this network.\n"
        "  got: Sequential\n"
        "  allowed: a network with linear or convolutional layers\n"
        "  next: Pass for instance gw.nets.fc_discriminator()."
    )
