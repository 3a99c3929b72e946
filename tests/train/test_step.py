"""What a step is made of: losses, penalties, clipping, norms."""

from copy import deepcopy

import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import TrainingError
from gan_widgets.core.latents import normal
from gan_widgets.train.losses import losses
from gan_widgets.train.trainer import Trainer
from tests.train.small import SmallG, same, small_pair, weights


def test_readers_may_pass_their_own_losses(make):
    def d_loss(logits_real, logits_fake):
        return losses["lsgan"].discriminator(logits_real, logits_fake)

    def g_loss(logits_fake):
        return losses["lsgan"].generator(logits_fake)

    own, named = make(loss=(d_loss, g_loss)), make(loss="lsgan")
    assert list(own.steps(3)) == list(named.steps(3))
    assert same(weights(own), weights(named))
    assert own.settings()["loss"] == "d_loss, g_loss"


@pytest.mark.parametrize("whose", ["discriminator", "generator"])
def test_a_loss_that_is_no_scalar_is_named(make, whose):
    good = losses["gan"]
    pair = {"discriminator": good.discriminator, "generator": good.generator}
    pair[whose] = lambda *logits: logits[0]
    with pytest.raises(TrainingError) as caught:
        make(loss=(pair["discriminator"], pair["generator"])).advance()
    assert str(caught.value) == (
        f"the {whose}'s loss must be one number.\n  got: shape (8, 1)\n"
        "  allowed: a tensor with one element\n  next: Take the mean over the batch: loss.mean()."
    )


def test_flat_images_are_seen_by_d_in_the_form_of_the_real_ones(few):
    seen = []

    class Looking(nn.Linear):
        def forward(self, images):
            seen.append(images.shape)
            return super().forward(images.flatten(1))

    G = nn.Sequential(nn.Linear(5, 784), nn.Tanh())
    trainer = Trainer(G, Looking(784, 1), few, latents=normal(5), batch=8, shift=1)
    list(trainer.steps(50))  # the fiftieth measures diversity too
    assert set(seen) == {(8, 1, 28, 28)}
    assert trainer.diversity[0][0] == 50


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x: {"img": x},
        lambda x: (x, "note"),
        lambda x: [torch.zeros(8, 7), {"images": x}],
        lambda x: {"flat": x.flatten(1)},
    ],
)
def test_images_in_a_tuple_or_dict_are_trained_like_those_alone(few, wrap):
    class Wrapping(SmallG):
        def forward(self, z):
            return wrap(super().forward(z))

    G, D = small_pair()
    wrapping = Wrapping()
    wrapping.load_state_dict(G.state_dict())
    trainers = [Trainer(net, deepcopy(D), few, batch=8) for net in (G, wrapping)]
    for trainer in trainers:
        list(trainer.steps(50))  # the fiftieth measures diversity too
    assert same(*map(weights, trainers))
    assert trainers[0].diversity == trainers[1].diversity != ()


@pytest.mark.parametrize(
    "output", [None, {"note": "none"}, torch.zeros(8, dtype=torch.int64), torch.tensor(1.0)]
)
def test_a_generator_without_images_is_refused(few, output):
    class Empty(SmallG):
        def forward(self, z):
            del z
            return output

    with pytest.raises(TrainingError, match=r"(?s)^the generator gives no images.*got: .*allowed: .*next: "):
        Trainer(Empty(), small_pair()[1], few, batch=8).advance()


def test_images_of_another_size_are_refused(few):
    trainer = Trainer(nn.Linear(5, 100), nn.Linear(784, 1), few, latents=normal(5), batch=8)
    with pytest.raises(TrainingError, match="as many pixels"):
        trainer.advance()


def test_a_penalty_is_added_but_not_reported_and_draws_from_its_own_stream(make):
    draws = []

    def penalty(D, real, fake, generator):
        draws.append(torch.rand(2, generator=generator).tolist())
        assert real.shape == fake.shape
        return 3.0 * D[1].weight.square().sum()

    def watched(**options):
        trainer = make(**options)
        descend, taught = trainer._descend, []

        def spy(name, loss):
            taught.append(loss.item())
            descend(name, loss)

        trainer._descend = spy
        return trainer, taught

    (plain, without), (penalised, taught) = watched(), watched(penalty=penalty)
    added = 3.0 * plain.D[1].weight.detach().square().sum().item()
    first, second = plain.advance(), penalised.advance()
    assert first.d_loss == second.d_loss
    assert taught[0] - without[0] == pytest.approx(added, rel=1e-4)
    penalised.advance()
    assert draws[0] != draws[1]
    again = make(penalty=penalty)
    list(again.steps(2))
    assert draws[2:] == draws[:2]
    assert same(weights(again), weights(penalised))
    assert again.settings()["penalty"] == "penalty"


def test_the_penalty_of_a_loss_is_used_unless_another_is_passed(make):
    assert make(loss="wgan_gp").advance().d_loss == make(loss="wgan").advance().d_loss
    with_gp, without = make(loss="wgan_gp"), make(loss="wgan")
    list(with_gp.steps(2)), list(without.steps(2))
    assert not same(weights(with_gp), weights(without))


def test_weights_of_d_are_clipped_after_each_of_its_steps(make):
    trainer = make(loss="wgan", clip=0.01)
    list(trainer.steps(2))
    assert max(p.abs().max().item() for p in trainer.D.parameters()) <= 0.01
    assert trainer.settings()["clip"] == 0.01


def test_spectral_normalisation_is_trained_frozen_and_named_by_its_layer(few):
    G, D = small_pair()
    trainer = Trainer(G, gw.nets.spectral(D, seed=0), few, batch=8)
    record = trainer.advance()
    assert {"D.1", "D.3"} == {key for key in record.weights if key[0] == "D"}
    before = [t.clone() for t in trainer.D.state_dict().values()]
    trainer.once("G")
    assert same(before, trainer.D.state_dict().values())


def test_norms_are_those_of_each_layer_by_hand(few):
    trainer = Trainer(*small_pair(), few, batch=8)
    record = trainer.advance()
    for side, net in (("G", trainer.G), ("D", trainer.D)):
        layers = {name: m for name, m in net.named_modules() if list(m.parameters(recurse=False))}
        assert {f"{side}.{name}" for name in layers} == {k for k in record.weights if k[0] == side}
        for name, module in layers.items():
            whole = torch.cat([p.detach().flatten() for p in module.parameters(recurse=False)])
            slope = torch.cat([p.grad.flatten() for p in module.parameters(recurse=False)])
            assert record.weights[f"{side}.{name}"] == pytest.approx(whole.double().norm().item(), rel=1e-5)
            assert record.gradients[f"{side}.{name}"] == pytest.approx(slope.double().norm().item(), rel=1e-5)
    assert record.seconds > 0
