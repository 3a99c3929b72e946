import pytest
import torch

from gan_widgets.core import store
from gan_widgets.core.errors import StoreError
from gan_widgets.train import checkpoint, nets
from gan_widgets.train.trainer import Trainer


@pytest.fixture
def make(few):
    def trainer(**options):
        return Trainer(*nets.dcgan(noise=5, seed=2), few, **({"seed": 2, "batch": 6} | options))

    return trainer


def weights(trainer):
    return [t for net in (trainer.G, trainer.D, trainer.average) for t in net.state_dict().values()]


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(make, tmp_path):
    whole, first, second = make(), make(), make()
    records = list(whole.steps(14))
    list(first.steps(8))
    checkpoint.save(tmp_path / "run", first)
    checkpoint.restore(tmp_path / "run", second)
    assert second.step == 8
    assert list(second.steps(6)) == records[8:]
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(second), strict=True))


def test_saving_does_not_disturb_the_run(make, tmp_path):
    alone, saved = make(), make()
    list(alone.steps(4))
    for _ in saved.steps(4):
        checkpoint.save(tmp_path / "run", saved)
    assert all(torch.equal(a, b) for a, b in zip(weights(alone), weights(saved), strict=True))


def test_a_run_without_an_average_is_saved_without_one(make, tmp_path):
    first, second = make(ema=None), make(ema=None)
    list(first.steps(2))
    checkpoint.save(tmp_path / "run", first)
    assert not any(
        name.startswith("average") for name in store.load(tmp_path / "run", kind=checkpoint.KIND).tensors
    )
    checkpoint.restore(tmp_path / "run", second)
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


def test_a_run_that_has_not_begun_can_be_saved(make, tmp_path):
    checkpoint.save(tmp_path / "run", make())
    trainer = make()
    checkpoint.restore(tmp_path / "run", trainer)
    assert trainer.step == 0
    assert trainer.advance().step == 1


def test_a_checkpoint_of_other_settings_is_refused_and_nothing_changes(make, tmp_path):
    checkpoint.save(tmp_path / "run", make(lr=1e-3))
    trainer = make(seed=3)
    before = [t.clone() for t in weights(trainer)]
    with pytest.raises(StoreError) as caught:
        checkpoint.restore(tmp_path / "run", trainer)
    assert str(caught.value) == (
        f"{tmp_path / 'run'} is a checkpoint of another run.\n"
        "  got: seed=3, lr=0.0002\n"
        "  allowed: seed=2, lr=0.001\n"
        "  next: Make the trainer with the settings of the checkpoint, or start a new run elsewhere."
    )
    assert all(torch.equal(a, b) for a, b in zip(weights(trainer), before, strict=True))


def test_a_checkpoint_of_other_data_is_refused(make, few, tmp_path):
    checkpoint.save(tmp_path / "run", make())
    other = Trainer(*nets.dcgan(noise=5, seed=2), few.chosen(torch.arange(50)), seed=2, batch=6)
    with pytest.raises(StoreError, match="data_sha256"):
        checkpoint.restore(tmp_path / "run", other)


def test_a_checkpoint_of_networks_of_other_sizes_is_refused(make, few, tmp_path):
    checkpoint.save(tmp_path / "run", make())
    wider = Trainer(*nets.dcgan(noise=7, seed=2), few, seed=2, batch=6)
    with pytest.raises(StoreError, match="latents="):
        checkpoint.restore(tmp_path / "run", wider)


def test_a_damaged_checkpoint_is_refused(make, tmp_path):
    checkpoint.save(tmp_path / "run", make())
    content = bytearray((tmp_path / "run").read_bytes())
    content[-1] ^= 1
    (tmp_path / "run").write_bytes(content)
    with pytest.raises(StoreError):
        checkpoint.restore(tmp_path / "run", make())


def test_another_kind_of_file_is_refused(make, tmp_path):
    store.save(tmp_path / "run", {"a": torch.zeros(2)}, kind="levels", metadata={})
    with pytest.raises(StoreError, match="holds 'levels'"):
        checkpoint.restore(tmp_path / "run", make())


def test_a_missing_checkpoint_is_a_missing_file(make, tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.restore(tmp_path / "none", make())
