"""What changes while a run goes on, against a plain loop that does the same."""

from math import isnan, nan

import numpy as np
import pytest
import torch
from torch import nn

from gan_widgets.core.errors import TrainingError
from gan_widgets.core.latents import normal
from gan_widgets.train.controls import Change, Controls, changed, differences, learners
from gan_widgets.train.losses import LossError, losses
from gan_widgets.train.trainer import Trainer
from tests.train.small import SmallG, same, small_pair, weights


class Plain:
    """The same training as a plain loop: no average, no penalty, nothing frozen but by not being stepped."""

    def __init__(self, few, seed=0, lr=2e-4):
        self.G, self.D = small_pair()
        self.few, self.seed, self.batches = few, seed, 0
        self.step = 0
        self.of = {
            name: torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.999), fused=True)
            for name, net in (("G", self.G), ("D", self.D))
        }

    def seeds(self, kind, turn):
        return np.random.SeedSequence([self.seed, self.step, kind, turn])

    def fake(self, turn):
        return self.G(normal(5)(self.seeds(1, turn).generate_state(8).tolist()))

    def advance(self, d_turns=1, g_turn=True, loss=losses["gan"]):
        self.G.train(), self.D.train()
        with torch.random.fork_rng():
            torch.manual_seed(int(self.seeds(2, 0).generate_state(1)[0]))
            fake = None
            for turn in range(d_turns):
                epoch, at = divmod(self.batches, len(self.few) // 8)
                chosen = self.few.order(self.seed, epoch)[at * 8 : at * 8 + 8]
                fake = self.fake(turn)
                d_loss = loss.discriminator(self.D(self.few.scaled(chosen)), self.D(fake.detach()))
                self.descend("D", d_loss)
                self.batches += 1
            if g_turn:
                fake = self.fake(0) if fake is None else fake
                self.descend("G", loss.generator(self.D(fake)))
        self.step += 1

    def descend(self, name, loss):
        for net in (self.G, self.D):
            net.zero_grad()
        loss.backward()
        self.of[name].step()

    def weights(self):
        return [t for net in (self.G, self.D) for t in net.state_dict().values()]


@pytest.fixture
def both(few):
    return Trainer(*small_pair(), few, batch=8, ema=None), Plain(few)


def equal(trainer, plain):
    ours = [t for net in (trainer.G, trainer.D) for t in net.state_dict().values()]
    return same(ours, plain.weights())


def test_an_ordinary_run_has_the_bits_of_a_plain_loop(both):
    trainer, plain = both
    for _ in trainer.steps(10):
        plain.advance()
    assert equal(trainer, plain)


def test_several_steps_of_d_see_new_images_and_new_fakes_each(both):
    trainer, plain = both
    trainer.change(d_steps=3)
    for _ in trainer.steps(6):
        plain.advance(d_turns=3)
    assert equal(trainer, plain)
    assert (trainer.step, trainer.batches, trainer.epoch) == (6, 18, 2)


def test_the_number_of_d_steps_can_be_given_at_the_start(few, both):
    _, plain = both
    trainer = Trainer(*small_pair(), few, batch=8, ema=None, d_steps=2)
    for _ in trainer.steps(3):
        plain.advance(d_turns=2)
    assert equal(trainer, plain)
    assert trainer.controls.d_steps == 2


def test_changed_rates_hold_from_the_next_step(both):
    trainer, plain = both
    for step in trainer.steps(6):
        plain.advance()
        if step.step == 3:
            trainer.change(lr_G=1e-2, lr_D=0.0)
            plain.of["G"].param_groups[0]["lr"] = 1e-2
            plain.of["D"].param_groups[0]["lr"] = 0.0
    assert equal(trainer, plain)


def test_smoothing_is_that_of_the_loss(both):
    trainer, plain = both
    trainer.change(smoothing=0.1)
    for _ in trainer.steps(3):
        plain.advance(loss=losses["gan"].smoothed(0.9))
    trainer.change(smoothing=0.0)
    for _ in trainer.steps(2):
        plain.advance()
    assert equal(trainer, plain)


def with_norm():
    """A pair in which both networks remember running statistics."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        D = nn.Sequential(nn.Flatten(), nn.Linear(784, 6), nn.BatchNorm1d(6), nn.Linear(6, 1))
        return SmallG(), D


@pytest.mark.parametrize("side", ["G", "D"])
@pytest.mark.parametrize("how", ["frozen", "skipped"])
def test_a_network_that_does_not_learn_stays_as_it_is_to_the_bit(few, side, how):
    trainer = Trainer(*with_norm(), few, batch=8, ema=None)
    trainer.advance()
    nets = {"G": trainer.G, "D": trainer.D}
    before = {name: [t.clone() for t in net.state_dict().values()] for name, net in nets.items()}
    other = "D" if side == "G" else "G"
    if how == "frozen":
        trainer.change(frozen=(side,))
        records = list(trainer.steps(3))
    else:
        records = [trainer.once(other) for _ in range(3)]
    assert same(nets[side].state_dict().values(), before[side])
    assert not same(nets[other].state_dict().values(), before[other])
    for record in records:
        assert {key[0] for key in record.gradients} == {other}
        assert {key[0] for key in record.weights} == {"G", "D"}
        assert isnan(record.d_loss if side == "D" else record.g_loss)
        assert isnan(record.d_real) == (side == "D")
        assert not isnan(record.d_fake)
    assert trainer.batches == (1 if side == "D" else 4)


def test_a_skipped_d_waits_for_its_images_and_a_thawed_one_goes_on_with_them(both):
    trainer, plain = both
    for which in ("both", "G", "D", "G", "both", "D"):
        trainer.once(which)
        plain.advance(d_turns=which != "G", g_turn=which != "D")
    # neither G nor D remembers statistics of a step that is not its own
    plain_G, plain_D = (dict(net.named_parameters()) for net in (plain.G, plain.D))
    assert all(p.equal(plain_D[name]) for name, p in trainer.D.named_parameters())
    assert all(p.equal(plain_G[name]) for name, p in trainer.G.named_parameters())
    assert trainer.batches == plain.batches == 4


def test_frozen_and_skipped_are_the_same_thing(make):
    frozen, skipped = make(), make()
    frozen.change(frozen=("D",))
    list(frozen.steps(3))
    for _ in range(3):
        skipped.once("G")
    assert same(weights(frozen), weights(skipped))


def test_a_step_in_which_nobody_learns_is_refused_and_nothing_happens(make):
    trainer = make()
    trainer.change(frozen=("D",))
    before = weights(trainer)
    with pytest.raises(TrainingError, match="nobody would learn"):
        trainer.once("D")
    with pytest.raises(TrainingError, match="a step cannot be this"):
        trainer.once("E")
    assert same(before, weights(trainer))
    assert (trainer.step, len(trainer.history)) == (0, 0)


def test_changes_are_recorded_with_the_first_step_they_hold_for(make):
    trainer = make()
    trainer.change(lr_G=1e-3, d_steps=2)
    list(trainer.steps(4))
    trainer.change(frozen=("G",), lr_G=1e-3)
    trainer.change(frozen=())
    assert trainer.changes == (
        Change(1, "lr_G", 2e-4, 1e-3),
        Change(1, "d_steps", 1, 2),
        Change(5, "frozen", (), ("G",)),
        Change(5, "frozen", ("G",), ()),
    )
    assert trainer.controls == Controls(1e-3, 2e-4, (), 0.0, 2)


def test_a_change_during_a_step_holds_for_the_one_after(make):
    trainer = make()
    descend = trainer._descend

    def spy(name, loss):
        if trainer.step == 1 and name == "D":
            trainer.change(lr_D=0.5)
        rates.append((name, trainer.optimizers[name].param_groups[0]["lr"]))
        descend(name, loss)

    rates = []
    trainer._descend = spy
    list(trainer.steps(3))
    assert [rate for name, rate in rates if name == "D"] == [2e-4, 2e-4, 0.5]
    assert trainer.changes[0].step == 3


def test_two_rates_may_be_given(few):
    trainer = Trainer(*small_pair(), few, batch=8, lr=(1e-4, 4e-4))
    assert (trainer.controls.lr_G, trainer.controls.lr_D) == (1e-4, 4e-4)
    trainer.advance()
    assert [trainer.optimizers[name].param_groups[0]["lr"] for name in "GD"] == [1e-4, 4e-4]
    assert trainer.settings()["lr"] == [1e-4, 4e-4]


@pytest.mark.parametrize(
    "wish",
    [
        {"lr_G": -1e-3},
        {"lr_D": nan},
        {"lr_D": "fast"},
        {"lr_G": True},
        {"frozen": ("G", "D")},
        {"frozen": ("H",)},
        {"smoothing": 1.0},
        {"smoothing": -0.1},
        {"d_steps": 0},
        {"d_steps": 1.5},
        {"d_steps": np.float64(2)},
        {"lr_G": np.bool_(True)},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(make, wish):
    trainer = make()
    before = trainer.controls
    with pytest.raises(TrainingError) as caught:
        trainer.change(lr_G=0.1, **{"d_steps": 4} | wish) if "lr_G" not in wish else trainer.change(**wish)
    assert str(caught.value).splitlines()[0] == f"{next(iter(wish))} cannot be this."
    assert (trainer.controls, trainer.changes) == (before, ())


@pytest.mark.parametrize("until", ["9", 2.5, -1, True])
def test_an_end_that_is_no_step_is_refused_and_nothing_plays(make, until):
    trainer = make()
    with pytest.raises(TrainingError, match="until cannot be this"):
        trainer.play(until=until)
    assert not trainer.running


def test_a_loss_without_labels_cannot_be_smoothed(make):
    trainer = make(loss="hinge")
    with pytest.raises(LossError, match="no labels to smooth"):
        trainer.change(smoothing=0.1)
    assert trainer.changes == ()


def test_changes_come_back_from_json():
    after = changed(Controls(0.1, 0.2), frozen=["D"], d_steps=3, lr_G=0.3)
    changes = differences(7, Controls(0.1, 0.2), after)
    assert [Change.of(change.facts()) for change in changes] == list(changes)
    assert changed(Controls(1.0, 1.0), **after.facts()) == after


def test_who_learns():
    assert learners("both", ()) == ("D", "G")
    assert learners("G", ("D",)) == ("G",)
