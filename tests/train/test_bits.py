"""Whoever looks on, and however many threads take part: the bits are those of the orders given."""

import os
import threading
import time
from contextlib import suppress

import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import TrainingError
from gan_widgets.core.live import quiet
from tests.train.small import same, weights

LONG = float(os.environ.get("GAN_WIDGETS_RACE_SECONDS", "3"))


def test_watching_every_step_of_five_hundred_changes_no_bit(make, monkeypatch):
    watched, plain = make(), make()
    seen = []

    def look(trainer, step):
        seen.append((step.weights, trainer.alarms, trainer.history.last(3), trainer.diversity))
        if step.step % 20 == 0:
            with quiet(trainer.G, "eval"):
                trainer.G(trainer.latents([1, 2]))

    watched.watch(look)
    list(watched.steps(500))
    monkeypatch.setattr("gan_widgets.train.trainer.layer_norms", lambda *_: ([0.0] * 4, {}, {}))
    monkeypatch.setattr(plain, "_compare", lambda: None)
    list(plain.steps(500))
    assert len(seen) == 500
    assert len(watched.diversity) == 10
    assert same(weights(watched), weights(plain))


class NoisyLabels:
    """A reader's own loss, penalty and hook, all of which draw."""

    def discriminator(self, real, fake):
        return (real - 0.8 - 0.2 * torch.rand_like(real)).square().mean() + fake.square().mean()

    def generator(self, fake):
        return (fake - torch.rand_like(fake)).square().mean()

    def penalty(self, D, real, fake, generator):
        del fake, generator
        return 0.01 * D(real + torch.randn_like(real)).square().mean()


def noisy_run(state):
    dice = NoisyLabels()
    torch.manual_seed(state)
    G, D = gw.nets.fc_generator(5, seed=0), gw.nets.fc_discriminator(seed=0)
    D.fc2.register_forward_pre_hook(lambda _, x: (x[0] + torch.randn_like(x[0]),))
    data = gw.data.load("digits", size=28)
    loss = dice.discriminator, dice.generator
    trainer = gw.Trainer(G, D, data, loss=loss, penalty=dice.penalty, latents=gw.uniform(5), batch=8, seed=1)
    before = torch.get_rng_state()
    for _ in trainer.steps(3):
        pass
    assert torch.get_rng_state().equal(before)
    return weights(trainer)


def test_what_a_readers_own_loss_penalty_and_hooks_draw_comes_from_the_runs_seed():
    assert same(noisy_run(0), noisy_run(1))


def test_threads_that_render_step_change_and_pause_leave_the_bits_of_their_order(make):
    """For GAN_WIDGETS_RACE_SECONDS: no exception, and a plain run with the same orders is equal."""
    trainer, ended, failures = make(shift=1), threading.Event(), []
    turn, orders = trainer._turn, []

    def noted(which):
        step = turn(which)
        orders.append(which)
        return step

    trainer._turn = noted
    lab = gw.attach(trainer.G, latents=trainer.latents, layer="net.0", samples=2)

    def repeatedly(act, rest):
        def loop():
            try:
                count = 0
                while not ended.is_set():
                    act(count)
                    count += 1
                    time.sleep(rest)
            except BaseException as error:  # whatever it is, it must not be
                failures.append(error)

        return threading.Thread(target=loop)

    def toggle(count):
        trainer.pause() if count % 3 == 2 else trainer.play()

    def change(count):
        trainer.change(
            lr_G=1e-4 * (1 + count % 3), frozen=[(), ("G",), ("D",)][count % 3], d_steps=1 + count % 2
        )

    def once(count):
        with suppress(TrainingError):  # it was frozen just then
            trainer.once(("both", "G", "D")[count % 3])

    threads = [
        repeatedly(toggle, 0.02),
        repeatedly(change, 0.007),
        repeatedly(once, 0.01),
        repeatedly(lambda _: lab.refresh(), 0.005),
        repeatedly(lambda _: (trainer.alarms, list(trainer.history), torch.rand(3)), 0.003),
        repeatedly(lambda _: nn.Dropout()(torch.ones(9)), 0.001),
    ]
    for thread in threads:
        thread.start()
    time.sleep(LONG)
    ended.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    trainer.pause()
    lab.close()
    assert failures == []
    assert trainer.trouble == ""
    assert len(orders) == trainer.step > 0

    again, changes = make(shift=1), list(trainer.changes)
    for number, which in enumerate(orders, 1):
        while changes and changes[0].step <= number:
            first = changes.pop(0)
            again.change(**{first.name: first.after})
        again.once(which)
    assert list(again.history) == list(trainer.history)
    assert same(weights(trainer), weights(again))
