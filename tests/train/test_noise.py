import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import LatentsError


def test_noise_is_float32_of_the_shape_asked_for():
    noise = gw.sample_noise(7, 96, seed=0)
    assert noise.shape == (7, 96)
    assert noise.dtype == torch.float32


def test_noise_is_uniform_from_minus_one_to_one():
    noise = gw.sample_noise(500, 200, seed=0).double()
    assert -1 <= noise.min() < -0.9999
    assert 0.9999 < noise.max() < 1
    # within five standard errors of the moments of a uniform variable
    n = noise.numel()
    assert abs(noise.mean().item()) < 5 * (1 / 3 / n) ** 0.5
    assert noise.square().mean().item() == pytest.approx(1 / 3, abs=5 * (4 / 45 / n) ** 0.5)
    counts = torch.histc(noise, 10, -1, 1)
    assert ((counts - n / 10).abs() < 5 * (n * 0.09) ** 0.5).all()


def test_a_seed_names_the_noise_and_the_global_random_state_stays():
    before = torch.get_rng_state()
    assert gw.sample_noise(3, 4, seed=5).equal(gw.sample_noise(3, 4, seed=5))
    assert not gw.sample_noise(3, 4, seed=5).equal(gw.sample_noise(3, 4, seed=6))
    assert torch.get_rng_state().equal(before)


def test_without_a_seed_it_follows_torch_manual_seed():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first, second = gw.sample_noise(3, 4), gw.sample_noise(3, 4)
        torch.manual_seed(1)
        assert gw.sample_noise(3, 4).equal(first)
        assert not first.equal(second)


def test_a_changed_default_dtype_does_not_change_it():
    torch.set_default_dtype(torch.float64)
    try:
        assert gw.sample_noise(3, 4, seed=5).dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("n", "dim"), [(0, 4), (3, 0), (-1, 4), (2.5, 4), (3, "4")])
def test_sizes_that_are_none_are_refused(n, dim):
    with pytest.raises(LatentsError, match="at least one row and one column"):
        gw.sample_noise(n, dim)


@pytest.mark.parametrize("seed", [-1, 1.5, True, 2**32])
def test_seeds_that_are_none_are_refused(seed):
    with pytest.raises(LatentsError, match="whole numbers"):
        gw.sample_noise(3, 4, seed=seed)
