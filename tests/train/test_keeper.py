"""Runs that are saved as they go, whatever happens to the process or the disk."""

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gan_widgets.core.errors import StoreError, TrainingError
from gan_widgets.train import checkpoint
from gan_widgets.train.checkpoint import Keeper
from gan_widgets.train.losses import losses
from tests.train.runs import equal
from tests.train.small import same, weights
from tests.waiting import until


def test_it_saves_every_so_many_steps_and_at_the_end(make, tmp_path):
    trainer, saved = make(), []
    with Keeper(trainer, tmp_path / "run.safetensors", every=4) as keeper:
        saved.extend(keeper.saved for _ in trainer.steps(10))
    assert saved == [None] * 3 + [4] * 4 + [8] * 3
    assert keeper.saved == 10
    keeper.close()
    trainer.advance()
    assert {path.name for path in tmp_path.iterdir()} == {"run.safetensors", "run.before.safetensors"}
    again = make()
    assert Keeper(again, tmp_path / "run.safetensors").resume() == 10
    checkpoint.restore(tmp_path / "run.before.safetensors", again)
    assert again.step == 8


def interrupted(keeper):
    with keeper:
        for step in keeper.trainer.steps(10):
            if step.step == 5:
                raise KeyboardInterrupt


def test_it_saves_when_a_background_run_stops_and_when_a_loop_is_interrupted(make, tmp_path):
    trainer = make()
    keeper = Keeper(trainer, tmp_path / "run", every=10**6)
    trainer.play(until=3)
    until(lambda: keeper.saved == 3)
    with pytest.raises(KeyboardInterrupt):
        interrupted(keeper)
    assert keeper.saved == 5


def test_saving_changes_no_bit_and_a_new_run_has_nothing_to_resume(make, tmp_path):
    kept, alone = make(), make()
    keeper = Keeper(kept, tmp_path / "run", every=1)
    assert keeper.resume() == 0
    list(kept.steps(6)), list(alone.steps(6))
    assert equal(kept, alone)


def full(monkeypatch):
    opened = Path.open

    def open_full(path, mode="r", *args, **options):
        return opened(Path("/dev/full"), "wb", 0) if mode == "xb" else opened(path, mode, *args, **options)

    monkeypatch.setattr(Path, "open", open_full)


def refusing(monkeypatch):
    def replace(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", replace)


@pytest.mark.parametrize("fail", [full, refusing])
def test_when_the_disk_fails_training_goes_on_and_the_last_good_file_stays(make, tmp_path, monkeypatch, fail):
    trainer, alone = make(), make()
    keeper = Keeper(trainer, tmp_path / "run", every=2)
    list(trainer.steps(2))
    good = (tmp_path / "run").read_bytes()
    with monkeypatch.context() as patch:
        fail(patch)
        list(trainer.steps(3))
        said = trainer.trouble
    assert said.startswith("Not saved after step 4: ")
    assert ("No space left" if fail is full else "Permission denied") in said
    assert said.endswith("That of step 2 is there.")
    assert (tmp_path / "run").read_bytes() == good
    assert trainer.step == 5
    list(trainer.steps(1))
    assert (trainer.trouble, keeper.saved) == ("", 6)
    list(alone.steps(6))
    assert same(weights(trainer), weights(alone))


def test_when_the_system_itself_refuses_to_write_more(make, tmp_path):
    trainer = make()
    keeper = Keeper(trainer, tmp_path / "run", every=2)
    list(trainer.steps(2))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        list(trainer.steps(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "File too large" in trainer.trouble
    assert (trainer.step, keeper.saved) == (4, 2)
    again = make()
    assert Keeper(again, tmp_path / "run").resume() == 2
    assert {path.name for path in tmp_path.iterdir()} <= {"run", "run.before"}


def test_a_folder_that_is_not_there_is_made(make, tmp_path):
    with Keeper(make(), tmp_path / "a" / "b" / "run") as keeper:
        keeper.trainer.advance()
    assert (keeper.trainer.trouble, keeper.saved) == ("", 1)
    assert Keeper(make(), tmp_path / "a" / "b" / "run").resume() == 1


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_refused_at_once(make, tmp_path, folder):
    (tmp_path / "file").write_text("mine")
    trainer = make()
    with pytest.raises(StoreError, match=r"(?s)cannot be made.*got: \w+Error: .*next: Choose another folder"):
        Keeper(trainer, tmp_path / folder / "run")
    assert not trainer._watchers


def test_what_could_not_be_saved_is_still_said_when_the_training_plays_on(make):
    trainer = make()
    with Keeper(trainer, "/proc/run", every=100) as keeper:
        assert not keeper.save()
        trainer.play(until=3)
        until(lambda: not trainer.running)
        assert trainer.trouble.startswith("Not saved after step ")


def test_a_read_only_folder_is_trouble_and_no_error(make):
    trainer = make()
    with Keeper(trainer, "/proc/run", every=1):
        list(trainer.steps(2))
    assert trainer.step == 2
    assert trainer.trouble.startswith("Not saved after step 2: ")
    assert trainer.trouble.endswith("There is no checkpoint yet.")


def test_of_a_truncated_file_the_one_before_is_taken_and_never_overwritten(make, tmp_path):
    trainer, path = make(), tmp_path / "run"
    keeper = Keeper(trainer, path, every=2)
    list(trainer.steps(4))
    os.truncate(path, 1000)
    again = make()
    other = Keeper(again, path, every=2)
    assert other.resume() == 2
    assert "run is truncated" in again.trouble
    assert again.trouble.endswith("Went on from run.before, step 2.")
    # the run goes on; the damaged file is replaced, and does not take the place of the good one
    list(trainer.steps(2))
    assert (trainer.trouble, keeper.saved) == ("", 6)
    checkpoint.restore(tmp_path / "run.before", again)
    assert again.step == 2
    assert Keeper(make(), path).resume() == 6
    for file in (path, tmp_path / "run.before"):
        os.truncate(file, 1000)
    with pytest.raises(StoreError, match="run is truncated"):
        Keeper(make(), path).resume()


def test_a_checkpoint_of_another_run_is_refused_also_by_a_keeper(make, tmp_path):
    with Keeper(make(seed=3), tmp_path / "run", every=1) as keeper:
        keeper.trainer.advance()
    with pytest.raises(StoreError, match="another run"):
        Keeper(make(), tmp_path / "run").resume()


def test_broken_weights_do_not_replace_good_ones(make, tmp_path):
    trainer = make()
    keeper = Keeper(trainer, tmp_path / "run", every=1)
    list(trainer.steps(2))
    with torch.no_grad():
        trainer.G.net[0].weight.fill_(float("nan"))
    list(trainer.steps(2))
    assert keeper.saved == 2
    assert trainer.trouble == (
        "Not saved after step 4: there are weights that are not finite. That of step 2 is there."
    )


def test_half_a_step_is_not_saved(make, tmp_path):
    gan, broken = losses["gan"], []

    def failing(fake):
        if broken:
            raise RuntimeError("boom")
        return gan.generator(fake)

    trainer = make(loss=(gan.discriminator, failing))
    keeper = Keeper(trainer, tmp_path / "run", every=2)
    list(trainer.steps(2))
    broken.append(True)
    with pytest.raises(RuntimeError), keeper:
        trainer.advance()
    assert keeper.saved == 2
    good = (tmp_path / "run").read_bytes()
    with pytest.raises(StoreError) as caught:
        checkpoint.save(tmp_path / "run", trainer)
    assert str(caught.value) == (
        "the last step failed half-way.\n"
        "  got: a trainer inside step 3, with some weights changed already\n"
        "  allowed: a trainer between two steps\n"
        "  next: Restore the last checkpoint, or make a whole step first."
    )
    assert (tmp_path / "run").read_bytes() == good
    said = "Not saved after step 2: the last step failed half-way. That of step 2 is there."
    assert trainer.trouble == said
    assert keeper.resume() == 2
    assert keeper.save()
    assert checkpoint.save(tmp_path / "run", trainer) == 2


def test_what_a_killed_writer_left_is_cleared_away(make, tmp_path):
    (tmp_path / ".run.0123.tmp").write_bytes(b"half")
    (tmp_path / ".other.0123.tmp").write_bytes(b"half")
    Keeper(make(), tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == [".other.0123.tmp"]


@pytest.mark.parametrize("every", [0, -1, 2.5, True, "9", None])
def test_an_interval_is_a_number_of_steps(make, tmp_path, every):
    with pytest.raises(TrainingError, match=f"got: every={every!r}\n  allowed: a whole number, 1 or more"):
        Keeper(make(), tmp_path / "run", every=every)
    assert not list(tmp_path.iterdir())


KILLED = Path(__file__).with_name("killed.py")


def test_twenty_kills_lose_at_most_an_interval_each_and_no_bit(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.train.killed", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        cwd=KILLED.parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert len(said["kills"]) == 20
    assert all(reached - saved < said["every"] for reached, saved in said["kills"])
    assert said["resumed"] == said["uninterrupted"]
    assert said["steps"] > 20
    assert not list(tmp_path.glob(".*.tmp"))
