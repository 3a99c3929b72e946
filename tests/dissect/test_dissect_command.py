"""`gan-widgets dissect`: what it prints, saves and refuses."""

import os
import pickle
import signal
import subprocess
import sys

import pytest
import safetensors.torch
import torch

import gan_widgets as gw
from gan_widgets import cli
from gan_widgets.commands import dissect_inputs
from gan_widgets.commands.dissect_run import table
from gan_widgets.core import store

NETS = """
import time, torch, gan_widgets as gw
from torch import nn

def generator():
    torch.manual_seed(0)
    return nn.Sequential(nn.Unflatten(1, (6, 1, 1)), nn.ConvTranspose2d(6, 5, (3, 4)),
                         nn.ConvTranspose2d(5, 1, 4, 4), nn.Tanh())

def with_latents():
    return generator(), gw.uniform(6)

def lit():
    return gw.concepts.from_function(lambda images: images > 0.5, names=["l\\x1b[31mit"])

def slow():
    def f(images):
        time.sleep(0.2)
        return images > 0
    return gw.concepts.from_function(f, names=["lit"])

READY = lit()
NUMBER = 7

def wrong():
    return "a generator"

def broken():
    raise RuntimeError("no disk\\nat all")
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a module `own_nets`, which is the current one."""
    (tmp_path / "own_nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    yield tmp_path
    sys.modules.pop("own_nets", None)


def words(*more, model="own_nets:with_latents", layers=("1",), concepts="own_nets:lit", out="o.safetensors"):
    layers = [word for layer in layers for word in ("--layer", layer)]
    common = ["--model", model, *layers, "--concepts", concepts, "--images", "96", "--share", "0.05"]
    return ["dissect", *common, "--out", out, *map(str, more)]


def direct(layers="1", **keywords):
    import own_nets

    model, latents = own_nets.with_latents()
    shared = {"latents": latents, "segmenter": own_nets.lit(), "images": 96, "share": 0.05, "progress": False}
    return gw.dissect(model, layers, **{**shared, **keywords})


def test_a_run_prints_a_table_and_saves_what_the_function_gives(here, capsys):
    assert cli.main(words()) == 0
    said = capsys.readouterr()
    found = direct()
    assert gw.Dissection.load("o.safetensors") == found
    assert said.out == f"{found!r}\n{table(found, 20)}\nsaved as o.safetensors\n\n"
    assert "96/96" in said.err


def test_the_table_has_the_best_units_first_with_intervals_and_chances(here):
    found = planted(images=256)
    lines = table(found, 2).splitlines()
    heads = ["unit", "concept", "category", "IoU", "95", "%", "interval", "p", "family-wise", "q"]
    assert lines[0].split() == heads
    first = found.best()[0]
    expected = [str(first.unit), first.concept, first.category, "1.000", "1.000", "to", "1.000"]
    assert lines[1].split() == [*expected, f"{first.p:.3f}", f"{first.family_wise:.3f}", f"{first.q:.3f}"]
    assert len({line.index(" to ") for line in lines[1:3]}) == 1
    assert lines[3] == f"  and {sum(one.iou >= 0.05 for one in found.best()) - 2} more; --rows shows them"
    without = table(planted(images=64, null=None), 2).splitlines()
    assert without[0].split() == ["unit", "concept", "category", "IoU", "95", "%", "interval"]


def planted(**keywords):
    G = gw.nets.planted_generator()
    return gw.dissect(G, "lit", latents=G.latents, segmenter=G.segmenter, progress=False, **keywords)


def test_names_cannot_move_the_cursor_of_a_terminal(here, capsys):
    assert cli.main(words(layers=("2",), concepts="own_nets:READY")) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_several_layers_have_files_of_their_own_and_all_options_arrive(here):
    options = ["--threshold", "iqr", "--seed-start", "12", "--null", "none", "--batch", "8"]
    assert cli.main(words(*options, layers=("1", "2"))) == 0
    found = direct(["1", "2"], threshold="iqr", start=12, null=None, batch=8)
    assert sorted(path.name for path in here.glob("*.safetensors")) == ["o.1.safetensors", "o.2.safetensors"]
    assert {layer: gw.Dissection.load(f"o.{layer}.safetensors") for layer in ("1", "2")} == found


def test_worker_processes_find_the_same(here, capsys):
    assert cli.main(words("--workers", 2)) == 0
    assert gw.Dissection.load("o.safetensors") == direct()
    assert "96/96" in capsys.readouterr().err


def test_the_shipped_generator_needs_no_prior_and_built_in_concepts_are_joined(here, capsys):
    options = words(model="dcgan-mnist", layers=("net.6",), concepts="strokes+brightness")
    assert cli.main(options) == 0
    found = gw.Dissection.load("o.safetensors")
    assert found.concepts[-2:] == ("dark", "bright")
    assert found.provenance["latents"]["prior"] == "normal"


@pytest.mark.parametrize("workers", [[], ["--workers", "2"]], ids=["alone", "workers"])
def test_ctrl_c_saves_what_was_counted_and_says_how_to_go_on(here, workers):
    begun = words("--batch", 4, concepts="own_nets:slow")
    running = subprocess.Popen(
        [sys.executable, "-m", "gan_widgets.cli", *begun, *workers],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(here), *sys.path])},
        start_new_session=True,
    )
    seen = b""
    while b"labels and report" not in seen:
        seen += (some := os.read(running.stderr.fileno(), 100))
        assert some, seen.decode()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does, to the workers too
    output, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors.decode()
    assert output == b""
    assert b"Traceback" not in errors
    assert b"of 96 images, and saved o.safetensors\nthe same command with --resume" in errors
    partial = gw.Dissection.load("o.safetensors")
    assert 24 <= partial.images < 96
    assert cli.main([*begun, "--resume", "o.safetensors"]) == 0
    assert gw.Dissection.load("o.safetensors").complete


def test_an_error_saves_what_was_counted_too(here, capsys):
    (here / "own_nets.py").write_text(
        NETS + "\ndef late():\n    left = iter(range(4))\n"
        "    return gw.concepts.from_function(lambda x: next(left) >= 0 and x > 0, names=['lit'])\n"
    )
    assert cli.main(words("--batch", 4, concepts="own_nets:late")) == 1
    said = capsys.readouterr().err
    assert "the segmenter failed on seeds" in said
    assert "stopped after 40 of 96 images, and saved o.safetensors" in said
    assert gw.Dissection.load("o.safetensors").images == 40


def test_weights_are_loaded_from_safetensors_also_those_of_a_trained_pair(here):
    torch.manual_seed(1)
    model = dissect_inputs.generator("own_nets:generator", None, "uniform:6")[0]
    other = {name: torch.randn_like(tensor) for name, tensor in model.state_dict().items()}
    safetensors.torch.save_file(other, "plain.safetensors")
    store.save("ours.safetensors", other, kind="weights", metadata={})
    pair = {f"G.{name}": tensor for name, tensor in other.items()} | {"D.0.weight": torch.zeros(2)}
    store.save("pair.safetensors", pair, kind="pair", metadata={})
    for name in ("plain", "ours", "pair"):
        made = dissect_inputs.generator("own_nets:generator", here / f"{name}.safetensors", "normal:6")[0]
        assert all(made.state_dict()[key].equal(tensor) for key, tensor in other.items())


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


def test_pickled_weights_are_never_opened(here, capsys):
    torch.save({"1.weight": Bomb()}, "w.pt")
    (here / "w.pkl").write_bytes(pickle.dumps(Bomb()))
    torch.save(dissect_inputs.generator("own_nets:generator", None, "uniform:6")[0].state_dict(), "plain.pt")
    for name in ("w.pt", "w.pkl", "plain.pt", "none.safetensors"):
        assert cli.main(words("--weights", name)) == 1
        said = capsys.readouterr().err.splitlines()
        assert said[0] == f"{name} is no safetensors file."
        assert [line.split(":")[0].strip() for line in said[1:]] == ["got", "allowed", "next"]
    assert not (here / "exploded").exists()


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"model": "own_nets:none"}, "--model own_nets:none cannot be imported.\n  got: AttributeError"),
        ({"model": "no_such_nets:g"}, "no_such_nets:g cannot be imported.\n  got: ModuleNotFoundError"),
        ({"model": "dcgan"}, "--model dcgan cannot be imported."),
        ({"model": "own_nets:wrong"}, "--model own_nets:wrong gives no generator.\n  got: 'a generator'"),
        ({"model": "own_nets:broken"}, "fails when it is called.\n  got: RuntimeError: no disk\n"),
        ({"model": "own_nets:generator"}, "the prior of the latents is not known.\n"),
        ({"concepts": "own_nets:NUMBER"}, "--concepts own_nets:NUMBER fails when it is called."),
        ({"concepts": "own_nets:wrong"}, "this is no segmenter."),
        ({"concepts": "stroke"}, "there are no concepts of this name.\n  got: 'stroke'"),
        ({"concepts": "colors:99"}, "the number of colours"),
        ({"layers": ("7",)}, "'7'"),
        ({"out": "none/o.safetensors"}, "got: none/o.safetensors: there is no such folder"),
        ({"out": "own_nets.py"}, "got: own_nets.py: it exists"),
    ],
    ids=str,
)
def test_mistakes_are_explained_in_four_parts(here, capsys, more, complaint):
    assert cli.main(words(**more)) == 1
    said = capsys.readouterr().err
    assert complaint in said
    parts = [line.split(":")[0].strip() for line in said.splitlines() if line.startswith("  ")]
    assert parts == ["got", "allowed", "next"]
    assert not list(here.glob("*.safetensors"))


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--prior", "cauchy:6"], "this prior cannot be read.\n  got: --prior cauchy:6"),
        (["--prior", "normal:0"], "this prior cannot be read."),
        (["--prior", "normal:6x1x1"], "The model fails on these latents"),
        (["--images", "3"], "images is not legal."),
        (["--share", "2"], "share is not legal."),
        (["--resume", "none.safetensors"], "there is nothing to resume.\n  got: FileNotFoundError"),
        (["--resume", "own_nets.py"], "own_nets.py"),
        (["--weights", "other.safetensors"], "are not of this model.\n  got: 1.weight is missing; 1.bias"),
    ],
    ids=str,
)
def test_options_that_do_not_fit_are_explained(here, capsys, more, complaint):
    safetensors.torch.save_file({"x": torch.zeros(2)}, "other.safetensors")
    assert cli.main(words(*more)) == 1
    said = capsys.readouterr().err
    assert complaint in said
    assert not (here / "o.safetensors").exists()


@pytest.mark.parametrize(
    "more", ["--workers=0", "--threshold=mean", "--null=x", "--images=many", "--seed-start=-5"]
)
def test_the_parser_refuses_what_it_can(here, more):
    with pytest.raises(SystemExit) as caught:
        cli.main(words(more))
    assert caught.value.code == 2


def test_another_run_s_file_is_not_gone_on_from(here, capsys):
    assert cli.main(words()) == 0
    assert cli.main(words("--resume", "o.safetensors", "--seed-start", "4", out="p.safetensors")) == 1
    assert "this dissection cannot go on from that one" in capsys.readouterr().err
    assert cli.main(words("--resume", "o.safetensors")) == 0
