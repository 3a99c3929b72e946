import hashlib
import json
from pathlib import Path

import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.latents import normal
from gan_widgets.train import classifier, data, pretrained
from gan_widgets.train.quality import quality

WEIGHTS = Path(pretrained.__file__).parent / "weights"


@pytest.fixture(scope="module")
def shipped():
    return gw.pretrained("dcgan-mnist")


def test_the_pair_comes_in_eval_mode_with_its_latents(shipped):
    G, D, latents = shipped
    assert latents == normal(64)
    assert not any(module.training for net in (G, D) for module in net.modules())
    images = G(latents([0, 1, 2]))
    assert images.shape == (3, 1, 28, 28)
    assert D(images).shape == (3, 1)
    assert {p.dtype for p in G.parameters()} == {torch.float32}


def test_every_call_gives_networks_of_its_own(shipped):
    again, _, _ = gw.pretrained("dcgan-mnist")
    assert again is not shipped[0]
    with torch.no_grad():
        again.net[1].weight.zero_()
    assert shipped[0].net[1].weight.abs().max() > 0


def test_the_samples_are_digits_and_all_digits_are_there(shipped):
    G, _, latents = shipped
    found = quality(G, latents, n=1000)
    assert found.confident >= 0.90
    assert min(found.histogram) >= 50


def test_the_quality_holds_for_seeds_that_the_card_did_not_count(shipped):
    G, _, latents = shipped
    found = quality(G, latents, n=1000, first_seed=1_000_000)
    assert found.confident >= 0.88
    assert min(found.histogram) >= 40


def test_the_card_says_what_the_networks_do(shipped):
    G, _, latents = shipped
    said = pretrained.card("dcgan-mnist").facts["quality"]
    found = quality(G, latents, n=said["n"]).facts()
    assert found["confident"] == pytest.approx(said["confident"], abs=0.003)
    assert found["entropy_bits"] == pytest.approx(said["entropy_bits"], abs=0.01)


def test_the_samples_differ_from_each_other_and_from_the_data(shipped, mnist_folder):
    G, _, latents = shipped
    with torch.no_grad():
        images = G(latents(range(50))).flatten(1)
    between = torch.cdist(images, images) + 1e3 * torch.eye(50)
    assert between.min() > 3
    real = data.load("mnist", mnist_folder).scaled().flatten(1)
    assert torch.cdist(images, real).min() > 1


@pytest.mark.parametrize("name", ["dcgan-mnist", "classifier-mnist"])
def test_the_shipped_files_are_those_that_the_card_pins(name):
    for file, sha256 in pretrained.card(name).facts["files"].items():
        assert hashlib.sha256((WEIGHTS / file).read_bytes()).hexdigest() == sha256


def test_all_that_is_shipped_fits_in_four_megabytes():
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 4_000_000


@pytest.mark.parametrize("name", ["dcgan-mnist", "classifier-mnist"])
def test_a_card_names_data_command_seed_versions_and_quality_but_no_date_and_no_folder(name):
    facts = pretrained.card(name).facts
    assert facts["command"].startswith("gan-widgets train ")
    assert "--root" not in facts["command"]
    assert facts["command"].endswith("--out DIR")
    assert facts["data"]["images"] == 10_000
    assert set(facts["made_with"]) == {"gan_widgets", "python", "torch", "numpy", "machine", "threads"}
    assert facts["quality"]
    assert f"--seed {facts['seed']}" in facts["command"]


def test_a_card_reads_as_lines():
    text = repr(pretrained.card("dcgan-mnist"))
    assert text.splitlines()[0] == "dcgan-mnist"
    assert "  command: gan-widgets train dcgan --data mnist" in text
    assert "    confident: 0.9" in text


def test_the_card_is_within_reach_of_the_package():
    assert gw.train.pretrained.card is pretrained.card


def test_the_judge_of_the_card_is_the_one_that_is_shipped():
    judge = pretrained.card("dcgan-mnist").facts["judge"]
    assert judge == pretrained.card("classifier-mnist").facts["files"]


def test_the_judge_knows_real_digits(mnist_folder):
    digits = data.load("mnist", mnist_folder)
    _, held_out = classifier.divided(digits, min(1000, len(digits) // 10), seed=0)
    judge = pretrained.digit_classifier()
    assert not judge.training
    said = pretrained.card("classifier-mnist").facts
    found = classifier.accuracy(judge, held_out)
    if digits.sha256() == said["data"]["sha256"]:
        assert found == pytest.approx(said["quality"]["held_out_accuracy"], abs=0.002)
    assert found > 0.5


@pytest.mark.parametrize("ask", [gw.pretrained, pretrained.card])
def test_an_unknown_name_says_which_there_are(ask):
    with pytest.raises(pretrained.UnknownPretrainedError) as caught:
        ask("dcgan-mnits")
    lines = str(caught.value).splitlines()
    assert lines[0] == "no networks of this name are shipped."
    assert lines[1] == "  got: 'dcgan-mnits'"
    assert "'dcgan-mnist'" in lines[2]
    assert lines[3].startswith("  next: Pass 'dcgan-mnist'")


def test_names_that_walk_out_of_the_folder_are_unknown():
    with pytest.raises(pretrained.UnknownPretrainedError):
        gw.pretrained("../weights/dcgan-mnist")


def test_what_is_saved_is_loaded_with_a_card_beside_it(shipped, tmp_path):
    G, D, latents = shipped
    card = pretrained.save_pair(tmp_path / "mine.safetensors", G, D, latents, {"about": "ä copy"})
    again, _, same_latents = pretrained.load_pair(tmp_path / "mine.safetensors")
    assert all(tensor.equal(G.state_dict()[name]) for name, tensor in again.state_dict().items())
    assert same_latents == latents
    assert json.loads((tmp_path / "mine.json").read_text(encoding="utf-8")) == card.facts
    assert card.name == "mine"
