"""Noise and networks that students get wrong, and what they are told."""

import numpy as np
import pytest
import torch
from torch import nn

from gan_widgets.train import checks, course_nets
from gan_widgets.train.checks import CheckError
from gan_widgets.train.seeded import seeded


def words(check, *arguments):
    with pytest.raises(CheckError) as caught:
        check(*arguments)
    return str(caught.value)


def drawn(n, dim, seed=None):
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    return 2 * torch.rand(n, dim, generator=generator) - 1


NOISES = {
    "it returns nothing": lambda n, dim: None,
    "it does not return a tensor": lambda n, dim: np.zeros((n, dim)),
    "rows and columns are swapped": lambda n, dim: drawn(dim, n),
    "the shape is wrong": lambda n, dim: drawn(n, dim)[:, :, None],
    "the dtype is wrong": lambda n, dim: drawn(n, dim).double(),
    "the noise wants a gradient": lambda n, dim: drawn(n, dim).requires_grad_(),
    "it is uniform on [0, 1)": torch.rand,
    "it is uniform on [−½, ½)": lambda n, dim: torch.rand(n, dim) - 0.5,
    "it is uniform on [−1, 0)": lambda n, dim: torch.rand(n, dim) - 1,
    "it is uniform on [0, 2)": lambda n, dim: 2 * torch.rand(n, dim),
    "it is uniform on [−2, 2)": lambda n, dim: 4 * torch.rand(n, dim) - 2,
    "it is normal, not uniform": torch.randn,
    "it is not uniform: some values": lambda n, dim: torch.randn(n, dim).tanh(),
    "its range is wrong": lambda n, dim: 3 * torch.randn(n, dim),
    "not every number is finite": lambda n, dim: drawn(n, dim) / 0,
    "all rows are equal": lambda n, dim: drawn(1, dim).expand(n, dim),
    "each row is one number, repeated": lambda n, dim: drawn(n, 1).expand(n, dim),
    "two calls give the same noise": lambda n, dim: drawn(n, dim, 0),
    "the seed is not used": lambda n, dim, seed=None: drawn(n, dim),
    "every seed gives the same noise": lambda n, dim, seed=None: drawn(n, dim, None if seed is None else 5),
}


@pytest.mark.parametrize("fault", NOISES)
def test_wrong_noise_is_called_by_its_fault(fault):
    torch.manual_seed(0)
    assert fault in words(checks.noise, NOISES[fault]).splitlines()[0]


def test_right_noise_passes_with_and_without_a_seed(capsys):
    checks.noise(drawn)
    checks.noise(lambda n, dim: torch.empty(n, dim).uniform_(-1, 1))
    assert capsys.readouterr().out.count("✓") == 2


def test_noise_that_is_not_written_yet():
    def sample_noise(n, dim, seed=None):
        raise NotImplementedError

    assert words(checks.noise, sample_noise).startswith("sample_noise is not written yet.")


class TestParameters:
    def test_the_course_s_nets_pass(self, capsys):
        checks.parameters(course_nets.fc_discriminator(), 267_009)
        checks.parameters(course_nets.fc_generator(4), 1_858_320)
        assert (
            capsys.readouterr().out
            == "✓ Sequential: 267,009 parameters\n✓ Sequential: 1,858,320 parameters\n"
        )

    @pytest.mark.parametrize(
        ("layers", "advice"),
        [
            (
                [nn.Linear(784, 128), nn.Linear(128, 256), nn.Linear(256, 1)],
                "Give layer 0 256 outputs (it has 128).",
            ),
            (
                [nn.Linear(784, 256), nn.Linear(256, 128), nn.Linear(128, 1)],
                "Give layer 1 256 outputs (it has 128).",
            ),
            (
                [nn.Linear(28, 256), nn.Linear(256, 256), nn.Linear(256, 1)],
                "Give layer 0 784 inputs (it has 28).",
            ),
            (
                [
                    nn.Linear(784, 256, bias=False),
                    nn.Linear(256, 256, bias=False),
                    nn.Linear(256, 1, bias=False),
                ],
                "Give the linear layers their biases (bias=True).",
            ),
            ([nn.Conv2d(1, 3, 3)], "Compare each layer in the list with the description."),
        ],
    )
    def test_a_wrong_count_is_traced_to_a_layer(self, layers, advice):
        said = words(checks.parameters, nn.Sequential(*layers), 267_009)
        assert "parameters too few." in said
        assert advice in said.splitlines()[-1]

    def test_too_many_are_counted_layer_by_layer(self):
        net = nn.Sequential(nn.Linear(784, 256), nn.LeakyReLU(), nn.Linear(256, 1))
        said = words(checks.parameters, net, 201_000)
        assert said.splitlines()[:2] == [
            "the network has 217 parameters too many.",
            "  got: 201,217 parameters: 0 200,960, 2 257",
        ]

    def test_what_is_no_network_is_said_to_be_none(self):
        assert "the function that makes it returns nothing" in words(checks.parameters, None, 5)
        assert "the function that makes it returns nothing" in words(checks.parameters, lambda: None, 5)

    def test_a_function_that_makes_the_network_will_do(self, capsys):
        def discriminator():
            return nn.Linear(3, 1)

        checks.parameters(discriminator, 4)
        assert capsys.readouterr().out == "✓ discriminator: 4 parameters\n"

    def test_a_function_that_is_not_written_yet(self):
        def discriminator():
            raise NotImplementedError

        assert words(checks.parameters, discriminator, 4).startswith("discriminator is not written yet.")


class Counting(nn.Module):
    """A generator that counts its calls, keeps its last noise, and draws from a stream of its own."""

    def __init__(self, width=784):
        super().__init__()
        self.linear, self.calls = nn.Linear(96, width), 0
        self.stream = torch.Generator().manual_seed(1)

    def forward(self, noise):
        self.calls, self.last = self.calls + 1, noise
        images = (self.linear(noise) + torch.rand(1, generator=self.stream)).tanh()
        return images.reshape(-1, 784)


class TestGenerator:
    def test_flat_and_image_generators_pass_and_stay_as_they_were(self, capsys):
        G = course_nets.dc_generator(seed=0)
        before = {name: tensor.clone() for name, tensor in G.state_dict().items()}
        checks.generator(G)
        checks.generator(course_nets.fc_generator(seed=0))
        assert capsys.readouterr().out.count("✓") == 2
        assert all(tensor.equal(before[name]) for name, tensor in G.state_dict().items())

    @pytest.mark.parametrize(
        ("last", "fault"),
        [
            ([nn.Linear(32, 784)], "the images leave the range [−1, 1]"),
            ([nn.Linear(32, 784), nn.Sigmoid()], "no pixel is below 0"),
            ([nn.Linear(32, 28), nn.Tanh()], "the images have the wrong shape"),
            ([nn.Linear(64, 784), nn.Tanh()], "generator(noise of shape (5, 96)) stops with an error"),
        ],
    )
    def test_a_wrong_end_is_named(self, last, fault):
        assert words(checks.generator, nn.Sequential(nn.Linear(96, 32), nn.ReLU(), *last)).startswith(fault)

    def test_another_width_of_the_noise_is_explained(self):
        said = words(checks.generator, course_nets.fc_generator(64), 96)
        assert "Compare the width of the input with in_features of the first layer." in said

    def test_what_a_forward_counts_and_draws_is_put_back(self):
        G = Counting()
        place = G.stream.get_state()
        checks.generator(G)
        assert (G.calls, hasattr(G, "last")) == (0, False)
        assert G.stream.get_state().equal(place)

    def test_what_a_forward_that_fails_counts_is_put_back_too(self):
        G = Counting(28)
        words(checks.generator, G)
        assert (G.calls, hasattr(G, "last")) == (0, False)


with seeded(0):
    BENT = nn.Flatten(), nn.Linear(784, 32), nn.LeakyReLU(0.01), nn.Linear(32, 1)


class TestDiscriminator:
    def test_one_whose_last_weights_begin_as_zeros_is_accused_of_nothing(self, capsys):
        D = course_nets.fc_discriminator(seed=0)
        for parameter in D[-1].parameters():
            nn.init.zeros_(parameter)
        checks.discriminator(D)
        assert "✓" in capsys.readouterr().out

    def test_the_course_s_pass(self, capsys):
        checks.discriminator(course_nets.fc_discriminator(seed=0))
        checks.discriminator(course_nets.dc_discriminator(seed=0))
        assert capsys.readouterr().out.count("✓") == 2

    @pytest.mark.parametrize(
        ("layers", "fault"),
        [
            ([nn.Flatten(), nn.Linear(784, 1), nn.Sigmoid()], "it gives probabilities, not logits"),
            ([nn.Flatten(), nn.Linear(784, 1), nn.Flatten(0)], "it does not give one logit per image"),
            ([nn.Flatten(), nn.Linear(784, 2)], "it does not give one logit per image"),
            ([nn.Linear(784, 1)], "discriminator(images of shape (5, 1, 28, 28)) stops with an error"),
            ([*BENT, nn.Tanh()], "its logits have an end"),
            ([*BENT, nn.Hardtanh()], "its logits have an end"),
            ([*BENT, nn.ReLU()], "no logit is below 0"),
            ([*BENT, nn.LogSigmoid()], "no logit is above 0"),
            ([*BENT, nn.LeakyReLU(0.01)], "something comes after the last layer"),
            ([*BENT, nn.Dropout(0.3), nn.Flatten()], "something comes after the last layer"),
            ([nn.Flatten(), nn.Linear(784, 9), nn.Linear(9, 1)], "it is a linear function of the image"),
        ],
    )
    def test_a_wrong_end_or_beginning_is_named(self, layers, fault):
        assert words(checks.discriminator, nn.Sequential(*layers)).startswith(fault)
