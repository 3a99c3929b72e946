"""Each alarm on steps made by hand and on a run made to fail; none on a good one."""

from math import inf, log, nan

import pytest
import torch
from torch import nn

from gan_widgets.core.latents import normal
from gan_widgets.train.alarms import Alarm, alarms, least
from gan_widgets.train.diversity import mean_distance, relative_spread
from gan_widgets.train.losses import Loss, losses
from gan_widgets.train.step import Step
from gan_widgets.train.trainer import Trainer
from tests.train.small import SmallG, random_states, small_pair


def step(number, *, d_loss=1.3, g_loss=0.7, gap=0.1, G=1.0, D=1.0):
    gradients = {key: norm for key, norm in (("G.0", G), ("D.0", D)) if norm is not None}
    return Step(number, d_loss, g_loss, gap, 0.0, gradients, {"G.0": 1.0, "D.0": 1.0})


def run(n, first=1, **values):
    return [step(number, **values) for number in range(first, first + n)]


def kinds(history, diversity=(), floor=0.0):
    return [alarm.kind for alarm in alarms(history, diversity, floor)]


def test_nothing_is_wrong_before_the_first_step_and_in_a_plain_run():
    assert alarms([], []) == ()
    assert alarms(run(200), [(50 * k, 0.04 * k) for k in range(1, 10)]) == ()


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_nan_is_dated_to_its_first_step_and_hides_the_rest(value):
    history = run(5) + run(3, 6, g_loss=value, G=value)
    assert alarms(history, []) == (
        Alarm(
            "nan",
            6,
            "Not a number since step 6, in g_loss, G.0: restart the run, or go back to a checkpoint.",
        ),
    )
    assert kinds(history + run(5, 9)) == []


def test_many_broken_names_are_counted():
    broken = Step(4, nan, nan, nan, 0.0, {"G.0": nan, "D.0": nan}, {"G.0": 1.0})
    assert "in d_loss, d_real, g_loss and 2 more" in alarms([broken], [])[0].sentence


def test_the_nan_of_a_network_that_did_not_learn_is_no_alarm():
    skipped_d = Step(1, nan, 0.7, nan, 0.0, {"G.0": 1.0}, {"G.0": 1.0, "D.0": 1.0})
    skipped_g = Step(2, 1.3, nan, 0.1, 0.0, {"D.0": 1.0}, {"G.0": 1.0, "D.0": 1.0})
    assert kinds([skipped_d]) == kinds([skipped_d, skipped_g]) == []
    assert kinds([Step(1, nan, 0.7, nan, 0.0, {"G.0": 1.0}, {"D.0": nan})]) == ["nan"]


def test_exploding_by_loss_by_size_and_by_what_was_usual():
    assert kinds(run(5, d_loss=2e4)) == kinds(run(5, g_loss=-2e4)) == ["exploding"]
    assert kinds(run(5, D=2e3)) == kinds(run(40) + run(5, 41, G=2e3)) == ["exploding"]
    # a network whose gradients have always been large
    assert kinds(run(45, D=2e3)) == []
    assert kinds(run(44) + run(1, 45, G=1e9)) == []
    found = alarms(run(40, D=1.5) + run(5, 41, D=2e3), [])
    assert found[0].step == 41
    assert found[0].sentence.startswith("D's gradient has norm 2e+03, usually 1.5: lower the learning rate")


def test_vanishing_needs_a_while_and_names_the_network():
    assert kinds(run(29, G=1e-6)) == []
    (alarm,) = alarms(run(10) + run(30, 11, G=1e-6), [])
    assert (alarm.kind, alarm.step) == ("vanishing", 11)
    assert alarm.sentence == (
        "G's gradient has norm 1e-06: it hardly learns any more; D is too sure for this loss; use the "
        "non-saturating one, or let D learn less."
    )
    assert alarms(run(30, D=0.0), [])[0].sentence == "D's gradient has norm 0: it hardly learns any more."
    # only steps in which it learned count
    assert kinds(run(20, G=1e-6) + run(30, 21, G=None) + run(10, 51, G=1e-6)) == ["vanishing"]


def test_saturated_is_measured_from_the_least_that_the_loss_can_be():
    assert kinds(run(30, d_loss=0.01, gap=9.0)) == ["saturated"]
    assert kinds(run(29, d_loss=0.01, gap=9.0)) == []
    assert kinds(run(30, d_loss=0.33, gap=9.0)) == []
    assert kinds(run(30, d_loss=0.33, gap=9.0), floor=0.325) == ["saturated"]
    # a critic whose loss passes through 0 is not sure of anything
    assert kinds(run(30, d_loss=0.01, gap=-0.01)) == []


def test_the_least_loss_of_d():
    for name in ("gan", "minimax", "lsgan", "hinge", "wgan"):
        assert least(losses[name]) == pytest.approx(0.0, abs=1e-6)
    entropy = -(0.9 * log(0.9) + 0.1 * log(0.1))
    assert least(losses["gan-smooth"]) == pytest.approx(entropy, abs=1e-3)
    assert least(losses["lsgan"].smoothed(0.8)) == pytest.approx(0.0, abs=0.005)

    def never(*_):
        raise AssertionError("a reader's own loss is not to be tried out")

    assert least(Loss("own", never, never)) == 0.0

    class Penalty:
        __hash__ = None

    assert least(Loss("own", never, never, penalty=Penalty())) == 0.0


def test_collapse_at_once_for_good_or_after_having_been_better():
    def ratios(*values):
        return [(50 * at, value) for at, value in enumerate(values, 1)]

    assert kinds([], ratios(0.0, 0.0, 0.0)) == []
    assert alarms([], ratios(0.3, 0.01, 0.01, 0.01, 0.01))[0].step == 100
    assert kinds([], ratios(*[0.1] * 19)) == []
    assert kinds([], ratios(*[0.1] * 20)) == ["collapse"]
    assert kinds([], ratios(0.9, 0.9, 0.2, 0.2, 0.2, 0.2)) == ["collapse"]
    assert kinds([], ratios(0.9, 0.9, 0.2, 0.2, 0.2, 0.5)) == []
    assert kinds([], ratios(0.4, 0.2, 0.2, 0.2, 0.2)) == []
    assert kinds([], ratios(nan, nan, nan, nan)) == []


def test_distances_of_pairs_by_hand():
    square = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [0.0, 4.0]])
    assert mean_distance(square) == pytest.approx((3 + 4 + 5) / 3)
    assert relative_spread(nn.Identity(), 2 * square, square) == pytest.approx(2.0)
    assert mean_distance(square[:1]) != mean_distance(square[:1])


def test_measuring_diversity_leaves_the_generator_and_all_streams_alone():
    G = SmallG().train()
    G.net.append(nn.Dropout(0.5))
    before, states = [t.clone() for t in G.state_dict().values()], random_states()
    z, real = normal(5)(range(16)), normal(784)(range(16))
    assert relative_spread(G, z, real) == relative_spread(G, z, real) > 0
    assert all(map(torch.equal, before, G.state_dict().values()))
    assert random_states() == states
    assert G.training


def test_a_generator_that_wants_batches_of_its_own_size_is_trained_all_the_same(few):
    class Picky(SmallG):
        def forward(self, z):
            assert len(z) == 8, "eight at a time"
            return super().forward(z)

    trainer = Trainer(Picky(), small_pair()[1], few, batch=8)
    list(trainer.steps(51))
    assert trainer.diversity == ()
    assert trainer.trouble == (
        "The diversity of generated images could not be measured: AssertionError: eight at a time"
    )


# runs made to fail


def test_a_run_with_a_learning_rate_of_ten_explodes(few):
    trainer = Trainer(*small_pair(), few, batch=8, lr=10.0)
    list(trainer.steps(40))
    assert {alarm.kind for alarm in trainer.alarms} & {"nan", "exploding"}


def test_a_run_whose_loss_becomes_nan_says_so(make):
    gan = losses["gan"]
    trainer = make(
        loss=(gan.discriminator, lambda fake: gan.generator(fake) * (nan if trainer.step > 4 else 1))
    )
    list(trainer.steps(5))
    assert trainer.alarms == ()
    list(trainer.steps(3))
    assert [(alarm.kind, alarm.step) for alarm in trainer.alarms] == [("nan", 6)]


def test_a_discriminator_against_a_frozen_generator_saturates(few):
    trainer = Trainer(*small_pair(), few, batch=8, lr=(2e-4, 1e-2))
    trainer.change(frozen=("G",))
    list(trainer.steps(80))
    assert "saturated" in [alarm.kind for alarm in trainer.alarms]


def test_minimax_against_a_perfect_discriminator_vanishes_and_the_other_loss_does_not(few):
    found = {}
    for loss in ("minimax", "gan"):
        trainer = Trainer(*small_pair(), few, batch=8, loss=loss, lr=(1e-7, 1e-2))
        trainer.change(frozen=("G",))
        list(trainer.steps(60))
        with torch.no_grad():
            trainer.D[3].weight *= 6  # what it has learnt, and surer of it
        trainer.change(frozen=("D",))
        list(trainer.steps(30))
        found[loss] = [alarm.kind for alarm in trainer.alarms]
    assert "vanishing" in found["minimax"]
    assert "vanishing" not in found["gan"]


def test_a_generator_that_ignores_its_latents_has_collapsed(few):
    class Deaf(SmallG):
        def forward(self, z):
            return super().forward(torch.zeros_like(z) + z.mean() * 1e-3)

    trainer = Trainer(Deaf(), small_pair()[1], few, batch=8)
    list(trainer.steps(200))
    assert [alarm.kind for alarm in trainer.alarms] == ["collapse"]


@pytest.mark.parametrize("loss", ["gan", "lsgan", "hinge", "gan-smooth"])
def test_a_good_run_raises_no_alarm(make, loss):
    trainer = make(loss=loss)
    for record in trainer.steps(120):
        if record.step % 10 == 0:
            assert trainer.alarms == ()
