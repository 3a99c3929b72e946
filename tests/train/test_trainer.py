import random

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import DataError, LatentsError
from gan_widgets.core.latents import from_function, normal, uniform
from gan_widgets.core.live import quiet
from gan_widgets.core.locks import lock_of
from gan_widgets.train import nets
from gan_widgets.train.losses import Loss, UnknownLossError, named
from gan_widgets.train.trainer import Trainer
from tests.train.small import SmallG, random_states, same, small_pair, weights


def test_the_public_name_is_the_trainer():
    assert gw.Trainer is Trainer


@pytest.mark.parametrize("loss", ["gan", "gan-smooth", "lsgan"])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(make, loss):
    first, again = make(loss=loss), make(loss=loss)
    records = list(first.steps(12)), list(again.steps(12))
    assert records[0] == records[1]
    assert same(weights(first), weights(again))


def test_the_shipped_pair_is_deterministic_too(few):
    runs = []
    for _ in range(2):
        trainer = Trainer(*nets.dcgan(seed=1), few, seed=1, batch=6)
        list(trainer.steps(3))
        runs.append(weights(trainer))
    assert same(*runs)


def test_another_seed_gives_other_weights(make):
    first, other = make(seed=0), make(seed=1)
    list(first.steps(2)), list(other.steps(2))
    assert not same(weights(first), weights(other))


def test_the_global_random_states_neither_matter_nor_change(make):
    quiet_run, noisy_run = make(), make()
    list(quiet_run.steps(6))
    for _ in noisy_run.steps(6):
        torch.manual_seed(7), np.random.seed(7), random.seed(7)  # noqa: NPY002  (the global state is meant)
        before = random_states()
        noisy_run.latents([0])
    assert same(weights(quiet_run), weights(noisy_run))
    noisy_run.advance()
    assert random_states() == before


def test_rendering_after_every_step_changes_nothing(make):
    alone, watched = make(), make()
    list(alone.steps(20))
    for _ in watched.steps(20):
        for net in (watched.G, watched.average):
            with quiet(net, "eval"):
                net(watched.latents([0, 1]))
    assert same(weights(alone), weights(watched))


def test_steps_are_counted_and_leaving_the_loop_leaves_whole_steps(make):
    trainer, whole = make(), make()
    for record in trainer.steps(100):
        if record.step == 3:
            break
    assert trainer.step == 3
    assert [record.step for record in trainer.steps(2)] == [4, 5]
    list(whole.steps(5))
    assert same(weights(trainer), weights(whole))


def test_an_epoch_is_every_full_batch_once(make):
    trainer = make()
    assert (trainer.epoch, len(trainer.data) // trainer.batch) == (0, 7)
    list(trainer.steps(7))
    assert trainer.epoch == 1


def test_the_first_step_is_what_it_says_it_is(few):
    """One step by hand, with plain Adam and no shortcuts."""
    trainer = Trainer(*small_pair(), few, batch=8, lr=1e-2, ema=None)
    trainer.D[2].p = 0.0
    G, D = small_pair()
    D[2].p = 0.0
    loss = named("gan")
    record = trainer.advance()

    of_G, of_D = (torch.optim.Adam(net.parameters(), lr=1e-2, betas=(0.5, 0.999)) for net in (G, D))
    real = few.scaled(few.order(0, 0)[:8])
    seeds = np.random.SeedSequence([0, 0, 1]).generate_state(8).tolist()
    fake = G(normal(5)(seeds))
    d_loss = loss.discriminator(D(real), D(fake.detach()))
    d_loss.backward()
    of_D.step()
    g_loss = loss.generator(D(fake))
    g_loss.backward()
    of_G.step()
    assert (record.d_loss, record.g_loss) == pytest.approx((d_loss.item(), g_loss.item()), rel=1e-5)
    for net, ours in ((G, trainer.G), (D, trainer.D)):
        for wanted, got in zip(net.parameters(), ours.parameters(), strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-6)


def test_labels_are_taught_with_their_weight_and_leave_the_reported_loss_alone(few):
    runs = [Trainer(*nets.dcgan(noise=5), few, batch=6, labels=weight) for weight in (0.0, 2.0)]
    losses = []
    for trainer in runs:
        descend = trainer._descend

        def spy(name, loss, descend=descend):
            losses.append(loss.item())
            descend(name, loss)

        trainer._descend = spy
    without, taught = (trainer.advance() for trainer in runs)
    _, D = nets.dcgan(noise=5)
    chosen = few.order(0, 0)[:6]
    lesson = nn.functional.cross_entropy(D.classify(few.scaled(chosen))[1], few.labels[chosen])
    assert without.d_loss == taught.d_loss
    assert losses[2] - losses[0] == pytest.approx(2 * lesson.item(), rel=1e-5)


def test_the_discriminator_sees_every_image_moved_and_the_generator_learns_through_it(few):
    seen = []

    class Watching(nn.Sequential):
        def forward(self, images):
            seen.append(images)
            return super().forward(images)

    D = Watching(nn.Flatten(), nn.Linear(784, 1))
    G, _ = small_pair()
    trainer = Trainer(G, D, few, batch=8, shift=3)
    trainer.advance()
    real = few.scaled(few.order(0, 0)[:8])
    fake = G(trainer.latents(np.random.SeedSequence([0, 0, 1]).generate_state(8).tolist()))
    assert len(seen) == 3
    assert not seen[0].equal(real)
    for before, after in zip(real, seen[0], strict=True):
        assert after.sum() <= before.sum() + 1e-3
        moves = [before.roll((y, x), (1, 2)) for y in range(-3, 4) for x in range(-3, 4)]
        assert any(after[:, 3:-3, 3:-3].equal(moved[:, 3:-3, 3:-3]) for moved in moves)
    assert not seen[1].equal(seen[2])
    assert seen[2].requires_grad
    assert not seen[1].requires_grad
    assert fake.shape == seen[2].shape


def test_a_moved_run_is_deterministic_too(make):
    first, again = make(shift=2), make(shift=2)
    assert list(first.steps(5)) == list(again.steps(5))
    assert same(weights(first), weights(again))


def test_labels_need_a_discriminator_that_can_name_them(few):
    with pytest.raises(DataError) as caught:
        Trainer(*small_pair(), few, batch=8, labels=1.0)
    assert str(caught.value).splitlines()[:2] == [
        "this discriminator cannot be taught labels.",
        "  got: Sequential without classify()",
    ]


def test_the_record_holds_the_mean_logits(few):
    fixed = nn.Sequential(nn.Flatten(), nn.Linear(784, 1))
    nn.init.zeros_(fixed[1].weight)
    nn.init.constant_(fixed[1].bias, 0.25)
    record = Trainer(small_pair()[0], fixed, few, batch=8, lr=0.0).advance()
    assert (record.d_real, record.d_fake) == (0.25, 0.25)


def test_no_gradient_reaches_the_other_network(make):
    trainer = make()
    seen = {}
    original = trainer._descend

    def spy(name, loss):
        for net in (trainer.G, trainer.D):
            net.zero_grad()
        original(name, loss)
        seen[name] = {
            part: any(p.grad is not None for p in net.parameters())
            for part, net in (("G", trainer.G), ("D", trainer.D))
        }

    trainer._descend = spy
    trainer.advance()
    assert seen == {"D": {"G": False, "D": True}, "G": {"G": True, "D": False}}
    assert all(p.requires_grad for p in trainer.D.parameters())


def test_what_the_user_froze_stays_frozen(few):
    G, D = small_pair()
    D[1].weight.requires_grad_(False)
    before = D[1].weight.clone()
    trainer = Trainer(G, D, few, batch=8)
    list(trainer.steps(3))
    assert D[1].weight.equal(before)
    assert not D[1].weight.requires_grad


def test_the_discriminator_is_thawed_when_a_step_fails(make):
    def broken(_):
        raise RuntimeError("boom")

    trainer = make(loss=Loss("broken", named("gan").discriminator, broken))
    with pytest.raises(RuntimeError, match="boom"):
        trainer.advance()
    assert all(p.requires_grad for p in trainer.D.parameters())
    assert trainer.step == 0


def test_the_average_follows_the_generator_and_is_another_network(make):
    trainer = make(ema=0.5)
    start = trainer.G.net[0].weight.detach().clone()
    trainer.advance()
    # young averages forget faster: the weight of the first step is 1 − (1 + 1) / (10 + 1)
    expected = start.lerp(trainer.G.net[0].weight.detach(), 1 - 2 / 11)
    torch.testing.assert_close(trainer.average.net[0].weight, expected)
    assert not trainer.average.training
    assert not any(p.requires_grad for p in trainer.average.parameters())
    assert trainer.average.net[1].num_batches_tracked == trainer.G.net[1].num_batches_tracked


def test_without_an_average_the_generator_stands_for_it(make):
    trainer = make(ema=None)
    assert trainer.average is trainer.G


def test_the_average_does_not_change_the_training(make):
    with_average, without = make(), make(ema=None)
    list(with_average.steps(5)), list(without.steps(5))
    assert same(with_average.G.state_dict().values(), without.G.state_dict().values())


def test_any_prior_can_be_trained_on(make):
    for latents in (uniform(5), from_function(lambda seed: torch.full((5,), seed / 2**32))):
        assert make(latents=latents).advance().step == 1


def test_a_generator_may_take_a_tuple(few):
    class Conditional(SmallG):
        def forward(self, z, digit):
            return super().forward(z + digit[:, None])

    latents = from_function(lambda seed: (normal(5)([seed])[0], torch.tensor(seed % 10)))
    assert Trainer(Conditional(), small_pair()[1], few, latents=latents, batch=8).advance().step == 1


def test_a_generator_of_flat_images_is_trained_as_it_is(few):
    G = nn.Sequential(nn.Linear(5, 784), nn.Tanh())
    D = nn.Sequential(nn.Flatten(), nn.Linear(784, 1))
    assert Trainer(G, D, few, latents=normal(5), batch=8).advance().step == 1


def test_a_generator_that_does_not_say_its_noise_needs_latents(few):
    with pytest.raises(LatentsError) as caught:
        Trainer(nn.Linear(5, 784), nn.Linear(784, 1), few, batch=8)
    assert str(caught.value).splitlines()[0] == "the prior of this generator is not known."
    assert "latents=gw.normal(64)" in str(caught.value)


def test_a_step_waits_for_whoever_holds_the_model(make):
    import threading

    trainer = make()
    done = threading.Event()

    def train():
        trainer.advance()
        done.set()

    thread = threading.Thread(target=train)
    with lock_of(trainer.average):
        thread.start()
        assert not done.wait(0.3)
    thread.join(30)
    assert trainer.step == 1


def test_an_unknown_loss_and_a_batch_too_large_are_refused_before_anything_happens(few):
    with pytest.raises(UnknownLossError):
        Trainer(*small_pair(), few, loss="wgam", batch=8)
    with pytest.raises(DataError, match="allowed: 1 to 60"):
        Trainer(*small_pair(), few, batch=61)


def test_repr_says_who_trains_on_what(make):
    assert repr(make()) == "Trainer(SmallG, Sequential, 'mnist', loss='gan', step=0)"
