"""What `gan-widgets train` does when files are damaged, folders cannot be used, or weights are no numbers."""

import os

import pytest
import torch

from gan_widgets import cli
from gan_widgets.core import store
from gan_widgets.train import checkpoint
from gan_widgets.train.trainer import Trainer


def test_training_goes_on_when_the_disk_is_full_and_each_save_that_failed_is_said_once(
    course, tmp_path, capsys, monkeypatch
):
    save, full = store.save, [True]

    def save_if_there_is_room(path, tensors, *, metadata, **options):
        if full and metadata["step"] > 2:
            raise OSError(28, "No space left on device")
        save(path, tensors, metadata=metadata, **options)

    monkeypatch.setattr(checkpoint.store, "save", save_if_there_is_room)
    assert cli.main(course("gan", "--steps", 7, "--every", 2)) == 1
    said = capsys.readouterr()
    for step in (4, 6):
        sentence = f"Not saved after step {step}: OSError: [Errno 28] No space left on device. That of step 2"
        assert (said.out + said.err).count(sentence) == 1
    assert "got: Not saved after step 7: OSError: [Errno 28]" in said.err
    assert "7/7" in said.err
    assert "the end of this run could not be saved." in said.err
    run = tmp_path / "run"
    assert store.load(run / "checkpoint.safetensors", kind=checkpoint.KIND).metadata["step"] == 2
    assert not (run / "gan-mnist.safetensors").exists()
    full.clear()
    assert cli.main(course("gan", "--steps", 7, "--resume")) == 0
    cli.main(course("gan", "--steps", 7, out="whole"))
    name = "gan-mnist.safetensors"
    assert (run / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_of_a_truncated_checkpoint_the_one_before_is_resumed_and_that_is_said(course, tmp_path, capsys):
    cli.main(course("gan", "--steps", 5, "--every", 2))
    os.truncate(tmp_path / "run" / "checkpoint.safetensors", 1000)
    capsys.readouterr()
    assert cli.main(course("gan", "--steps", 6, "--resume")) == 0
    said = capsys.readouterr()
    assert "going on from step 4" in said.out
    assert said.out.count("StoreError: checkpoint.safetensors is truncated") == 1
    assert said.out.count("Went on from checkpoint.before.safetensors, step 4.") == 1
    cli.main(course("gan", "--steps", 6, out="whole"))
    for name in ("gan-mnist.safetensors", "losses.csv", "samples.png"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_folder_with_only_the_checkpoint_before_is_taken_too(course, tmp_path, capsys):
    cli.main(course("gan", "--steps", 2, "--every", 1))
    (tmp_path / "run" / "checkpoint.safetensors").unlink()
    assert cli.main(course("gan", "--steps", 1)) == 1
    assert "this folder holds another run." in capsys.readouterr().err
    assert cli.main(course("gan", "--steps", 3, "--resume")) == 0


def test_a_pair_that_is_not_finite_does_not_replace_a_good_one_and_an_alarm_says_so(
    course, tmp_path, capsys, monkeypatch
):
    advance = Trainer.advance

    def breaking(trainer, *which):
        if trainer.step == 5:
            with torch.no_grad():
                trainer.G.fc1.weight.fill_(float("nan"))
        return advance(trainer, *which)

    monkeypatch.setattr(Trainer, "advance", breaking)
    assert cli.main(course("gan", "--steps", 10, "--every", 2)) == 1
    said = capsys.readouterr()
    assert (said.out + said.err).count("Not a number since step 6, in ") == 1
    for step in (6, 8):
        sentence = f"Not saved after step {step}: there are weights that are not finite. That of step 4"
        assert (said.out + said.err).count(sentence) == 1
    assert "got: Not saved after step 10: there are weights that are not finite." in said.err
    run = tmp_path / "run"
    assert store.load(run / "checkpoint.safetensors", kind=checkpoint.KIND).metadata["step"] == 4
    assert not (run / "gan-mnist.safetensors").exists()


def test_a_rate_that_breaks_the_first_step_leaves_nothing_to_resume(course, tmp_path, capsys):
    assert cli.main(course("gan", "--steps", 3, "--lr", "1e12")) == 1
    said = capsys.readouterr()
    assert (said.out + said.err).count("Not a number since step ") == 1
    assert "There is no checkpoint yet." in said.err
    assert not list((tmp_path / "run").glob("checkpoint*"))


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_explained(course, tmp_path, capsys, out):
    (tmp_path / "file").write_text("mine")
    assert cli.main(course("gan", "--steps", 1, out=out)) == 1
    assert "the folder that a run is to be saved in cannot be made.\n  got: " in capsys.readouterr().err


def test_a_table_of_losses_that_cannot_be_opened_is_explained_and_nothing_is_begun(course, tmp_path, capsys):
    (tmp_path / "run" / "losses.csv").mkdir(parents=True)
    assert cli.main(course("gan", "--steps", 1)) == 1
    assert "the table of losses cannot be written.\n  got: IsADirectoryError" in capsys.readouterr().err
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


def test_an_end_that_cannot_be_written_is_explained(course, tmp_path, capsys):
    (tmp_path / "run" / "samples.png").mkdir(parents=True)
    assert cli.main(course("gan", "--steps", 1)) == 1
    assert "the end of this run could not be written.\n  got: IsADirectoryError" in capsys.readouterr().err
    (tmp_path / "run" / "samples.png").rmdir()
    assert cli.main(course("gan", "--steps", 1, "--resume")) == 0


def test_a_folder_that_cannot_be_made_is_said_before_the_classifier_is_trained(idx_folder, tmp_path, capsys):
    (tmp_path / "file").touch()
    words = ["--root", str(idx_folder), "--epochs", "1", "--out", str(tmp_path / "file" / "deeper")]
    assert cli.main(["train", "classifier", *words]) == 1
    said = capsys.readouterr()
    assert "the classifier cannot be saved there." in said.err
    assert "Pass another --out." in said.err
    assert "epoch" not in said.err
