"""A saved run, resumed: equal to an uninterrupted one, bit for bit, by every piece that is saved."""

import json
import random

import numpy as np
import pytest
import torch
from torch import nn

from gan_widgets.core import store
from gan_widgets.core.errors import StoreError
from gan_widgets.train import checkpoint
from gan_widgets.train.checkpoint import KIND
from gan_widgets.train.trainer import Trainer
from tests.train.runs import equal
from tests.train.small import SmallG, random_states, same, small_pair, weights


def eventful(trainer, steps):
    """Steps with changes in between, as a function of the step."""
    events = {
        3: {"lr_G": 1e-3},
        5: {"frozen": ("D",)},
        8: {"frozen": ("G",), "d_steps": 2},
        11: {"frozen": (), "smoothing": 0.1},
        16: {"lr_D": 5e-4, "d_steps": 3},
    }
    for _ in range(steps):
        trainer.once("D" if trainer.step % 9 == 7 and "D" not in trainer.controls.frozen else "both")
        trainer.change(**events.get(trainer.step, {}))


@pytest.mark.parametrize("at", [0, 4, 6, 10, 17])
def test_a_resumed_run_with_changes_equals_an_uninterrupted_one(make, tmp_path, at):
    whole, first, second = make(shift=1), make(shift=1), make(shift=1)
    eventful(whole, 24)
    eventful(first, at)
    checkpoint.save(tmp_path / "run", first)
    checkpoint.restore(tmp_path / "run", second)
    assert equal(first, second)
    eventful(second, 24 - at)
    assert equal(whole, second)


def pieces(path):
    """Every piece of a file, as a function that takes it out of (tensors, metadata)."""
    stored = store.load(path, kind=KIND)
    found = {"step": lambda t, m: m.update(step=0), "batches": lambda t, m: m.update(batches=0)}
    found["changes"] = lambda t, m: m.update(changes=[])
    found["history"] = lambda t, m: t.update(history=t["history"][:0]) or m["history"].update(recent=0)
    found["diversity"] = lambda t, m: t.update(diversity=t["diversity"][:0])
    for name in stored.metadata["controls"]:
        found[f"controls.{name}"] = lambda t, m, name=name: m["controls"].pop(name)
    # the average takes over this count from G at every step
    names = [name for name in stored.tensors if name != "average.net.1.num_batches_tracked"]
    for prefix in ("G.", "D.", "average.", "optimizer.G.", "optimizer.D."):
        for name in [name for name in names if name.startswith(prefix)][:6]:
            found[name] = lambda t, m, name=name: t.update({name: torch.zeros_like(t[name])})
    return stored, found


def gone_on(make, path):
    """A run that goes on from a file, at first with G frozen."""
    trainer = make(shift=1)
    checkpoint.restore(path, trainer)
    list(trainer.steps(2))
    trainer.change(frozen=())
    list(trainer.steps(2))
    return trainer


def test_each_saved_piece_matters(make, tmp_path):
    """Take out any one piece, and the resumed run is another one."""
    first = make(shift=1)
    eventful(first, 50)
    first.change(lr_G=3e-4, lr_D=3e-4, frozen=("G",), smoothing=0.2, d_steps=2)
    checkpoint.save(tmp_path / "run", first)
    whole = gone_on(make, tmp_path / "run")
    stored, found = pieces(tmp_path / "run")
    harmless = []
    for name, take_out in found.items():
        tensors, metadata = dict(stored.tensors), json.loads(json.dumps(stored.metadata))
        take_out(tensors, metadata)
        store.save(tmp_path / "less", tensors, kind=KIND, metadata=metadata)
        if equal(whole, gone_on(make, tmp_path / "less")):
            harmless.append(name)
    assert len(found) > 30
    assert harmless == []
    assert equal(whole, gone_on(make, tmp_path / "run"))


def test_a_checkpoint_from_before_there_were_controls_goes_on(make, tmp_path):
    whole, first, second = make(), make(), make()
    list(whole.steps(9))
    list(first.steps(5))
    checkpoint.save(tmp_path / "run", first)
    stored = store.load(tmp_path / "run", kind=KIND)
    tensors = {k: v for k, v in stored.tensors.items() if k not in ("history", "diversity")}
    old = {name: stored.metadata[name] for name in ("step", "settings")}
    store.save(tmp_path / "run", tensors, kind=KIND, metadata=old)
    checkpoint.restore(tmp_path / "run", second)
    list(second.steps(4))
    assert same(weights(whole), weights(second))


def test_penalties_clips_and_steps_of_d_are_settings_too(make, tmp_path):
    checkpoint.save(tmp_path / "run", make(clip=0.1))
    for other in (make(), make(clip=0.2), make(clip=0.1, d_steps=2)):
        with pytest.raises(StoreError, match="another run"):
            checkpoint.restore(tmp_path / "run", other)
    checkpoint.restore(tmp_path / "run", make(clip=0.1))


def test_a_generator_with_another_activation_is_another_run(make, tmp_path):
    checkpoint.save(tmp_path / "run", make())
    other = make()
    name = next(name for name, module in other.G.named_modules() if isinstance(module, nn.ReLU))
    other.G.set_submodule(name, nn.Tanh())
    with pytest.raises(StoreError) as caught:
        checkpoint.restore(tmp_path / "run", other)
    assert f"got: G.{name}='Tanh()'" in str(caught.value)
    assert f"allowed: G.{name}='ReLU(inplace=True)'" in str(caught.value)


def test_a_checkpoint_that_does_not_tell_its_layers_goes_on(make, tmp_path):
    first, second = make(), make()
    list(first.steps(2))
    checkpoint.save(tmp_path / "run", first)
    stored = store.load(tmp_path / "run", kind=KIND)
    del stored.metadata["settings"]["layers"]
    store.save(tmp_path / "run", stored.tensors, kind=KIND, metadata=stored.metadata)
    checkpoint.restore(tmp_path / "run", second)
    assert equal(first, second)


class Noisy(nn.Module):
    """Adds noise from random generators of its own, of every kind."""

    def __init__(self):
        super().__init__()
        self.torchs, self.numpys = torch.Generator().manual_seed(3), np.random.default_rng(3)
        self.olds = np.random.RandomState(3), np.random.RandomState(np.random.PCG64(3))
        self.mersenne, self.permuted = self.olds
        self.pythons = random.Random(3)

    def forward(self, x):
        of_numpy = [self.numpys.normal(), self.mersenne.normal(), self.permuted.normal()]
        drawn = torch.tensor([*of_numpy, self.pythons.gauss(0, 1)]).mean()
        return x + 0.1 * (drawn + torch.randn(x.shape, generator=self.torchs))


@pytest.fixture
def make_noisy(few):
    def trainer():
        G, D = small_pair()
        G.net.append(Noisy())
        noisy = Trainer(G, nn.Sequential(Noisy(), *D), few, batch=8)
        noisy.change(d_steps=2)
        return noisy

    return trainer


def test_random_generators_that_networks_hold_are_those_of_the_step(make_noisy, tmp_path):
    whole, first, second = make_noisy(), make_noisy(), make_noisy()
    before = random_states()
    list(whole.steps(50))  # the fiftieth measures diversity too
    list(first.steps(47))
    checkpoint.save(tmp_path / "run", first)
    checkpoint.restore(tmp_path / "run", second)
    list(second.steps(3))
    assert equal(whole, second)
    assert random_states() == before


def test_random_generators_that_networks_hold_draw_anew_in_each_step_and_each_its_own(few):
    class Listening(SmallG):
        def __init__(self):
            super().__init__()
            self.one, self.other = torch.Generator(), torch.Generator()
            self.again = self.one

        def forward(self, z):
            heard.append([torch.rand((), generator=own).item() for own in (self.one, self.other, self.again)])
            return super().forward(z)

    heard = []
    for _ in range(2):
        G, D = Listening(), small_pair()[1]
        list(Trainer(G, D, few, batch=8).steps(3))
    assert heard[:3] == heard[3:]
    assert len({number for draws in heard[:3] for number in draws}) == 9
