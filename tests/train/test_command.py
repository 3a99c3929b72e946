import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

import gan_widgets as gw
from gan_widgets import cli
from gan_widgets.core import store
from gan_widgets.core.errors import StoreError
from gan_widgets.train import checkpoint, pretrained
from gan_widgets.train.losses import losses


@pytest.fixture
def command(idx_folder, tmp_path):
    def words(*more, out="run"):
        common = ["train", "dcgan", "--root", str(idx_folder), "--batch", "4", "--seed", "3"]
        return [*common, "--out", str(tmp_path / out), *map(str, more)]

    return words


def tensors(path):
    return store.load(path, kind=checkpoint.KIND).tensors


def test_a_run_leaves_losses_sheets_a_checkpoint_weights_and_a_card(command, tmp_path, capsys):
    assert cli.main(command("--steps", 5, "--every", 2)) == 0
    out = tmp_path / "run"
    assert sorted(path.name for path in out.iterdir()) == [
        "checkpoint.before.safetensors",
        "checkpoint.safetensors",
        "dcgan-mnist.json",
        "dcgan-mnist.safetensors",
        "losses.csv",
        "samples-000002.png",
        "samples-000004.png",
        "samples.png",
    ]
    with (out / "losses.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["step", "d_loss", "g_loss", "d_real", "d_fake"]
    assert [int(row[0]) for row in rows[1:]] == [1, 2, 3, 4, 5]
    assert np.asarray(Image.open(out / "samples.png")).shape == (840, 840)
    said = capsys.readouterr()
    assert "1,797 images of 28×28" in said.out
    assert "5/5" in said.err


def test_the_card_says_how_to_do_it_again(command, tmp_path):
    cli.main(command("--steps", 3))
    facts = json.loads((tmp_path / "run" / "dcgan-mnist.json").read_text(encoding="utf-8"))
    assert facts["command"] == (
        "gan-widgets train dcgan --data mnist --steps 3 --batch 4 --loss gan-smooth "
        "--lr 0.001 --labels 1.0 --shift 2 --ema 0.999 --seed 3 --out DIR"
    )
    assert (facts["seed"], facts["steps"], facts["data"]["images"]) == (3, 3, 1797)
    assert set(facts["quality"]) >= {"n", "confident", "histogram", "entropy_bits"}
    G, _, latents = pretrained.load_pair(tmp_path / "run" / "dcgan-mnist.safetensors")
    average = {
        k.removeprefix("average."): v for k, v in tensors(tmp_path / "run" / "checkpoint.safetensors").items()
    }
    assert all(tensor.equal(average[name]) for name, tensor in G.state_dict().items())
    assert latents.shape == (64,)


def test_the_same_seed_gives_the_same_files(command, tmp_path):
    for out in ("a", "b"):
        cli.main(command("--steps", 3, out=out))
    for name in ("dcgan-mnist.safetensors", "dcgan-mnist.json", "losses.csv", "samples.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_resumed_run_gives_the_files_of_an_uninterrupted_one(command, tmp_path):
    cli.main(command("--steps", 6, out="whole"))
    cli.main(command("--steps", 4, out="parts"))
    assert cli.main(command("--steps", 6, "--resume", out="parts")) == 0
    for name in ("dcgan-mnist.safetensors", "dcgan-mnist.json", "losses.csv", "samples.png"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_another_run_is_not_overwritten(command, tmp_path, capsys):
    cli.main(command("--steps", 1))
    before = (tmp_path / "run" / "checkpoint.safetensors").read_bytes()
    assert cli.main(command("--steps", 1)) == 1
    assert "next: Pass --resume to go on with it, or another --out." in capsys.readouterr().err
    assert (tmp_path / "run" / "checkpoint.safetensors").read_bytes() == before


def test_resuming_nothing_is_an_error_and_no_traceback(command, capsys):
    assert cli.main(command("--steps", 1, "--resume")) == 1
    assert "there is nothing to resume." in capsys.readouterr().err


def test_resuming_with_other_settings_is_refused(command, capsys):
    cli.main(command("--steps", 1))
    assert cli.main(command("--steps", 2, "--resume", "--lr", "0.1")) == 1
    assert "got: lr=0.1" in capsys.readouterr().err


def test_the_help_names_every_loss_that_can_be_trained_with(command, capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", "dcgan", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    named = said.partition("--loss LOSS ")[2].partition(" (default")[0].replace(" or ", ", ").split(", ")
    assert sorted(named) == sorted(losses)
    for loss in ("wgan", "wgan_gp"):
        assert cli.main(command("--steps", 1, "--loss", loss, out=loss)) == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--steps", "0"], "0 is not 1 or more"),
        (["--seed", "-1"], "-1 is not between 0 and 2**32 - 1"),
        (["--steps", "many"], "invalid positive value"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_by_the_parser(command, capsys, words, complaint):
    with pytest.raises(SystemExit) as caught:
        cli.main(command(*words))
    assert caught.value.code == 2
    assert complaint in capsys.readouterr().err


def test_missing_data_is_explained(tmp_path, capsys):
    words = ["train", "dcgan", "--root", str(tmp_path / "none"), "--out", str(tmp_path / "run")]
    assert cli.main(words) == 1
    assert "the files of MNIST are not there." in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_unknown_loss_and_data_set_are_explained(command, tmp_path, capsys):
    assert cli.main(command("--loss", "guesswork")) == 1
    assert cli.main(command("--data", "cifar")) == 1
    said = capsys.readouterr().err
    assert "got: 'guesswork'" in said
    assert "got: 'cifar'" in said


@pytest.mark.parametrize(("net", "loss"), [("gan", "gan"), ("lsgan", "lsgan")])
def test_the_pair_of_the_course_is_trained_as_the_course_does(course, tmp_path, net, loss):
    assert cli.main(course(net, "--steps", 4, "--every", 2)) == 0
    out = tmp_path / "run"
    assert {path.name for path in out.iterdir()} == {
        "checkpoint.before.safetensors",
        "checkpoint.safetensors",
        f"{net}-mnist.json",
        f"{net}-mnist.safetensors",
        "losses.csv",
        "samples-000002.png",
        "samples-000004.png",
        "samples.png",
    }
    facts = json.loads((out / f"{net}-mnist.json").read_text(encoding="utf-8"))
    assert facts["command"] == (
        f"gan-widgets train {net} --data mnist --steps 4 --batch 16 --lr 0.001 --seed 3 --out DIR"
    )
    assert facts["settings"]["networks"] == ["fc_generator", "fc_discriminator"]
    assert facts["settings"]["loss"] == loss
    assert facts["settings"]["betas"] == [0.5, 0.999]
    assert facts["settings"]["ema"] is None
    G, D, latents = pretrained.load_pair(out / f"{net}-mnist.safetensors")
    assert latents == gw.uniform(96)
    assert [sum(p.numel() for p in one.parameters()) for one in (G, D)] == [1_952_528, 267_009]
    assert not any(module.training for one in (G, D) for module in one.modules())
    trained = tensors(out / "checkpoint.safetensors")
    assert all(tensor.equal(trained[f"G.{name}"]) for name, tensor in G.state_dict().items())
    assert all(tensor.equal(trained[f"D.{name}"]) for name, tensor in D.state_dict().items())
    assert not any(name.startswith("average.") for name in trained)


def test_the_course_s_numbers_are_the_defaults():
    for net in ("gan", "lsgan"):
        options = cli.parser().parse_args(["train", net, "--out", "x"])
        assert (options.batch, options.lr, options.steps) == (128, 1e-3, 10 * (50_000 // 128))


def test_of_one_seed_gan_and_lsgan_begin_with_the_same_weights_and_differ_by_their_loss(course, tmp_path):
    for net in ("gan", "lsgan"):
        cli.main(course(net, "--steps", 1, "--lr", 0, out=net))
    start, other = (tensors(tmp_path / net / "checkpoint.safetensors") for net in ("gan", "lsgan"))
    of_nets = [name for name in start if name.startswith(("G.", "D."))]
    assert len(of_nets) == 12
    assert all(start[name].equal(other[name]) for name in of_nets)
    assert not start["optimizer.G.0.exp_avg"].equal(other["optimizer.G.0.exp_avg"])


def test_a_resumed_run_of_the_course_gives_the_files_of_an_uninterrupted_one(course, tmp_path):
    cli.main(course("lsgan", "--steps", 5, out="whole"))
    cli.main(course("lsgan", "--steps", 3, out="parts"))
    assert cli.main(course("lsgan", "--steps", 5, "--resume", out="parts")) == 0
    for name in ("lsgan-mnist.safetensors", "lsgan-mnist.json", "losses.csv", "samples.png"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_a_checkpoint_of_another_command_is_refused(course, capsys):
    cli.main(course("gan", "--steps", 1))
    assert cli.main(course("lsgan", "--steps", 2, "--resume")) == 1
    assert "got: loss='lsgan'" in capsys.readouterr().err


def test_networks_of_a_newer_version_are_refused_by_name(course, tmp_path):
    cli.main(course("gan", "--steps", 1))
    stored = store.load(tmp_path / "run" / "gan-mnist.safetensors", kind="generator and discriminator")
    newer = {**stored.metadata, "networks": "transformer"}
    store.save(tmp_path / "new", stored.tensors, kind="generator and discriminator", metadata=newer)
    with pytest.raises(StoreError, match="got: 'transformer'"):
        pretrained.load_pair(tmp_path / "new")


def test_the_digits_of_scikit_learn_can_be_trained_on(tmp_path):
    assert (
        cli.main(["train", "dcgan", "--data", "digits", "--steps", "1", "--out", str(tmp_path / "run")]) == 0
    )
    assert (tmp_path / "run" / "dcgan-digits.safetensors").exists()


def test_the_classifier_is_trained_and_says_its_accuracy(idx_folder, tmp_path, capsys):
    words = ["train", "classifier", "--root", str(idx_folder), "--epochs", "1", "--out", str(tmp_path)]
    assert cli.main(words) == 0
    facts = json.loads((tmp_path / "classifier-mnist.json").read_text(encoding="utf-8"))
    assert facts["quality"]["held_out"] == 179
    assert 0 < facts["quality"]["held_out_accuracy"] < 1
    assert "held_out_accuracy" in capsys.readouterr().out


def test_ctrl_c_saves_a_checkpoint_that_goes_on_bit_for_bit(command, tmp_path):
    started = subprocess.Popen(
        [sys.executable, "-m", "gan_widgets.cli", *command("--steps", 100_000)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())},
    )
    losses, patience = tmp_path / "run" / "losses.csv", time.monotonic() + 120
    while time.monotonic() < patience and not (losses.exists() and losses.stat().st_size):
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    output, errors = started.communicate(timeout=60)
    assert started.returncode == 0, errors.decode()
    assert b"Traceback" not in errors
    assert b"--resume goes on from there" in output
    stopped = store.load(tmp_path / "run" / "checkpoint.safetensors", kind=checkpoint.KIND)
    step = stopped.metadata["step"]
    assert 0 < step < 100_000
    assert not (tmp_path / "run" / "dcgan-mnist.safetensors").exists()
    cli.main(command("--steps", step + 1, "--resume"))
    cli.main(command("--steps", step + 1, out="whole"))
    resumed, whole = (tensors(tmp_path / out / "checkpoint.safetensors") for out in ("run", "whole"))
    assert resumed.keys() == whole.keys()
    # the history also has how long each step took
    assert all(tensor.equal(whole[name]) for name, tensor in resumed.items() if name != "history")
