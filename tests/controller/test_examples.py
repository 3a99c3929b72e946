import copy

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.control import examples as module
from gan_widgets.core.errors import ControllerError
from gan_widgets.core.store import weight_hash
from gan_widgets.dissect import counting, state
from gan_widgets.dissect.regions import regions
from tests.controller.looking import by_hand, hooks
from tests.widgets.found import found


@pytest.fixture
def forwards(model):
    """The seeds' count of every forward of the model."""
    sizes = []
    handle = model[7].register_forward_hook(lambda _, inputs, output: sizes.append(len(output)))
    yield sizes
    handle.remove()


def bilinear(row, size):
    """One map `(h, w)` brought to `size` point by point, in float64, with `align_corners=False`."""
    h, w = row.shape
    large = np.empty(size)
    for y in range(size[0]):
        for x in range(size[1]):
            v = min(max((y + 0.5) * h / size[0] - 0.5, 0), h - 1)
            u = min(max((x + 0.5) * w / size[1] - 0.5, 0), w - 1)
            y0, x0 = int(v), int(u)
            y1, x1 = min(y0 + 1, h - 1), min(x0 + 1, w - 1)
            a, b = v - y0, u - x0
            top = (1 - b) * row[y0, x0] + b * row[y0, x1]
            large[y, x] = (1 - a) * top + a * ((1 - b) * row[y1, x0] + b * row[y1, x1])
    return large


def test_images_are_those_of_the_seeds_unedited(lab, model):
    lab.edits = [gw.Ablate("3", units=[0, 1, 2])]
    scored = found()
    first, second = lab.examples.of(scored, [6, 0], count=3)
    assert (first.unit, second.unit) == (6, 0)
    for example in (first, second):
        seeds = scored.top.seeds[example.unit][:3]
        assert example.seeds.tolist() == seeds.tolist()
        assert np.array_equal(example.values, scored.top.values[example.unit][:3])
        assert torch.allclose(example.images, by_hand(model, seeds.tolist()), atol=1e-6)


@pytest.mark.parametrize("threshold", ["quantile", "iqr"])
def test_a_region_is_where_the_upsampled_map_is_above_the_level(lab, model, threshold):
    scored = found(threshold=threshold)
    for example in lab.examples.of(scored, [1, 4], count=4):
        level = scored.level(example.unit)
        with gw.capture(model, ["3"]) as acts, torch.no_grad():
            model(lab.latents(example.seeds.tolist()))
        for row, region in zip(acts["3"][:, example.unit].numpy(), example.regions, strict=True):
            large = bilinear(row.astype(np.float64), (14, 10))
            clear = abs(large - level) > 1e-5
            assert np.array_equal(region[clear], large[clear] > level)
            assert clear.mean() > 0.99


def test_each_seed_runs_once_however_many_units_share_it(lab, forwards):
    scored = found(top=4)
    scored.top.seeds[:] = [[5, 6, 7, 8], [8, 7, 6, 9]] * 4
    lab.examples.of(scored, range(8), count=4)
    assert sum(forwards) == 5


def test_what_was_made_is_remembered_until_another_dissection_or_other_weights(lab, forwards):
    scored = found()
    lab.examples.of(scored, [0, 1], count=4)
    made = sum(forwards)
    lab.examples.of(scored, [1, 0], count=4)
    assert sum(forwards) == made
    lab.examples.of(copy.copy(scored), [1, 0], count=4)
    assert sum(forwards) == 2 * made
    lab.refresh()
    forwards.clear()
    lab.examples.of(scored, [0, 1], count=4)
    assert sum(forwards) == made


def test_memory_is_bounded_and_what_was_asked_for_is_given_all_the_same(lab, monkeypatch):
    scored = found()
    one = lab.examples.of(scored, [0], count=4)[0].bytes
    monkeypatch.setattr(module, "_KEPT", 2 * one)
    assert [example.unit for example in lab.examples.of(scored, range(8), count=4)] == list(range(8))
    assert list(lab.examples._made) == [6, 7]


def test_wide_layers_run_in_small_batches(lab, monkeypatch, forwards):
    monkeypatch.setattr(module, "_AT_ONCE", 3 * 4 * 8 * 7 * 5)
    lab.examples.of(found(), [0, 1], count=4)
    assert max(forwards) == 3
    assert sum(forwards) == 8


def test_changed_weights_are_refused_until_they_are_back(lab, model):
    scored = found()
    scored.provenance["weights"] = weight_hash(model)
    lab.examples.of(scored, [0], count=2)
    with torch.no_grad():
        model[4].bias += 1
    with pytest.raises(
        ControllerError, match=r"weights have changed since this dissection(.|\n)*Dissect again"
    ):
        lab.examples.of(scored, [0], count=2)
    with torch.no_grad():
        model[4].bias -= 1
    scored.provenance["weights"] = weight_hash(model)
    assert len(lab.examples.of(scored, [0], count=2)) == 1


@pytest.mark.parametrize("units", [[8], [-1], [True], [0.5], ["0"], 3, None])
def test_units_that_are_not_there_are_refused(lab, units):
    with pytest.raises(ControllerError, match=r"not units of '3'(.|\n)*from 0 to 7"):
        lab.examples.of(found(), units, count=2)


def test_missing_seeds_are_left_out(lab):
    scored = found()
    scored.top.seeds[0, 2:] = -1
    scored.top.seeds[1] = -1
    first, none = lab.examples.of(scored, [0, 1], count=4)
    assert len(first.seeds) == len(first.values) == len(first.images) == len(first.regions) == 2
    assert len(none.seeds) == len(none.images) == len(none.regions) == 0


def test_the_model_is_left_as_it_was(lab, model):
    model.train()
    before, placed = copy.deepcopy(model.state_dict()), hooks(model)
    state = torch.get_rng_state()
    lab.examples.of(found(), range(8), count=4)
    assert model.training
    assert all(before[name].equal(value) for name, value in model.state_dict().items())
    assert torch.get_rng_state().equal(state)
    assert hooks(model) == placed


def test_large_images_are_averaged_and_regions_stay_on_the_grid_of_the_masks():
    model = nn.Sequential(nn.Linear(4, 2 * 6), nn.Unflatten(1, (2, 2, 3)), nn.Upsample(size=(160, 240)))
    model.append(nn.Conv2d(2, 3, 1))
    with gw.attach(model, latents=gw.normal(4), layer="1", samples=2) as lab:
        scored = found("1", 2, (2, 3))
        (example,) = lab.examples.of(scored, [1], count=2)
        whole = model(lab.latents(example.seeds.tolist())).detach()
        assert example.images.shape == (2, 3, 85, 128)
        assert example.regions.shape == (2, 160, 240)
        assert torch.allclose(example.images.mean(), whole.mean(), atol=1e-2)


def test_a_region_is_on_the_grid_of_the_masks_that_were_scored(lab):
    scored = found(grid=(21, 30))
    (example,) = lab.examples.of(scored, [1], count=2)
    assert example.regions.shape == (2, 21, 30)
    assert example.images.shape == (2, 1, 14, 10)


def test_units_without_a_map_have_no_region():
    model = nn.Sequential(nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 30), nn.Unflatten(1, (1, 6, 5)))
    with gw.attach(model, latents=gw.normal(4), layer="1", samples=2) as lab:
        (example,) = lab.examples.of(found("1", 20, ()), [3], count=3)
        assert example.regions is None
        assert example.images.shape == (3, 1, 6, 5)


class Noisy(nn.Module):
    """Draws in its forward, in eval mode too."""

    def forward(self, x):
        return x + 0.5 * torch.randn_like(x)


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_where_images_depend_on_their_batch_the_regions_are_the_scored_ones_too(mode, monkeypatch):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(5, 6 * 4 * 3), nn.Unflatten(1, (6, 4, 3)), nn.BatchNorm2d(6), Noisy(), nn.Conv2d(6, 1, 1)
    )
    seen, look = {}, state.State.look

    def note(self, maps, masks):
        seen[len(seen)] = maps.clone()
        return look(self, maps, masks)

    monkeypatch.setattr(state.State, "look", note)
    monkeypatch.setattr(counting, "side_by_side", lambda work, parts, device: map(work, parts))
    taken = []
    take = state.State.take

    def remember(self, role, group, span, found):
        taken.append(span)
        take(self, role, group, span, found)

    monkeypatch.setattr(state.State, "take", remember)
    lab = gw.attach(model, latents=gw.normal(5), layer="3", mode=mode)
    bright = gw.concepts.from_function(lambda images: images > 0, ["bright"])
    shared = {"latents": gw.normal(5), "segmenter": bright, "batch": 8, "mode": mode, "progress": False}
    first = gw.dissect(model, "3", images=100, share=0.1, **shared)
    scored = first.merge(gw.dissect(model, "3", images=60, start=203, threshold=first, **shared))
    assert scored.top.seeds.max() > 203 > scored.top.seeds.min()
    assert scored.provenance["batch"] == 8
    maps = {}
    for number, (low, high) in enumerate(taken):
        maps |= dict(zip(range(low, high), seen[number], strict=True))
    for example in lab.examples.of(scored, range(6), count=4):
        assert len(example.seeds) == 4
        level = torch.tensor([scored.level(example.unit)], dtype=torch.float32)
        for seed, value, region in zip(example.seeds, example.values, example.regions, strict=True):
            own = maps[int(seed)][example.unit]
            assert float(own.max()) == value
            assert np.array_equal(regions(own[None, None], level, region.shape)[0, 0], region)


@pytest.mark.parametrize("count", [0, -1, True, 2.0, "2", None])
def test_a_count_of_examples_below_one_is_refused(lab, count):
    with pytest.raises(ControllerError, match=r"from one up\.\n  got: count="):
        lab.examples.of(found(), [0], count=count)
