import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import gan_widgets as gw


@pytest.fixture
def grid(lab):
    return gw.ActivationGrid(lab)


def maps(view):
    return np.frombuffer(view.maps, "<f4").reshape(view.shape)


def test_the_maps_are_the_activations_of_the_chosen_sample(grid, lab, page):
    assert grid.shape == [8, 7, 5]
    assert grid.info["size"] == [7, 5]
    assert np.array_equal(maps(grid), lab.activations[0].numpy())
    page.sent.clear()
    page.write(grid, sample=3)
    assert np.array_equal(maps(grid), lab.activations[3].numpy())
    (state,) = page.updates(grid)
    assert state.keys() == {"maps", "range", "answers"}
    assert grid.range == [float(lab.activations[3].min()), float(lab.activations[3].max())]


def test_maps_follow_commits_and_not_previews(grid, lab):
    plain = grid.maps
    lab.preview([gw.Ablate("3", units=[2])])
    assert grid.maps == plain
    lab.edits = [gw.Ablate("3", units=[2])]
    assert not maps(grid)[2].any()
    assert np.array_equal(maps(grid)[3], np.frombuffer(plain, "<f4").reshape(8, 7, 5)[3])


def test_every_message_is_answered_though_the_maps_are_the_same(page):
    model = nn.Sequential(nn.Linear(4, 6), nn.Threshold(1e9, 0.5), nn.Unflatten(1, (1, 2, 3)))
    with gw.attach(model, latents=gw.normal(4), layer="1", samples=3) as lab:
        grid = gw.ActivationGrid(lab)
        page.sent.clear()
        for sample in (1, 2, 99, 99):
            page.write(grid, sample=sample)
        updates = page.updates(grid)
    assert [state["answers"] for state in updates] == [1, 2, 3, 4]
    assert not any(state.keys() & {"maps", "range"} for state in updates)


def test_fewer_seeds_keep_the_sample_among_them(grid, lab, page):
    page.write(grid, sample=4)
    lab.seeds = [9, 8]
    assert (grid.sample, grid.seeds) == (1, [9, 8])
    assert np.array_equal(maps(grid), lab.activations[1].numpy())


def test_the_selection_is_shared_with_every_view(grid, lab, page):
    sliders = gw.AblationSliders(lab)
    page.write(grid, selection=[5, 2])
    assert lab.selection == (2, 5)
    assert sliders.selection == grid.selection == [2, 5]
    lab.selection = []
    assert grid.selection == []


def test_a_fully_connected_layer_is_one_strip(page):
    model = nn.Sequential(nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 30), nn.Unflatten(1, (1, 6, 5)))
    with gw.attach(model, latents=gw.normal(4), layer="1", samples=3) as lab:
        grid = gw.ActivationGrid(lab)
        assert grid.shape == [20, 1, 1]
        assert grid.info["size"] == []
        assert np.array_equal(maps(grid)[:, 0, 0], lab.activations[0].numpy())
        assert Image.open(io.BytesIO(grid.picture())).size == (5 * 49, 4 * 49)


class Broken(nn.Module):
    def forward(self, h):
        h = h.clone()
        h[:, 0, 0, 0], h[:, 1, 2, 3] = torch.nan, torch.inf
        return h


def test_the_range_is_that_of_the_finite_values(model, page):
    model.insert(4, Broken())
    with gw.attach(model, latents=gw.normal(6), layer="4", samples=2) as lab:
        grid = gw.ActivationGrid(lab)
        values = maps(grid)
        assert np.isnan(values[0, 0, 0])
        assert np.isinf(values[1, 2, 3])
        finite = values[np.isfinite(values)]
        assert grid.range == [finite.min(), finite.max()]


def test_a_layer_without_one_finite_value_has_an_empty_range(model, page):
    model.insert(4, nn.Threshold(1e9, float("nan")))
    with gw.attach(model, latents=gw.normal(6), layer="4", samples=2) as lab:
        assert gw.ActivationGrid(lab).range == [0, 0]


def test_the_picture_lays_out_every_unit(grid):
    size = Image.open(io.BytesIO(grid.picture())).size
    assert size == (3 * (5 * 6 + 1), 3 * (7 * 6 + 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sample", 5),
        ("sample", -1),
        ("sample", True),
        ("sample", "1"),
        ("sort", "size"),
        ("scale", "log"),
        ("selection", [8]),
    ],
)
def test_values_outside_their_domain_are_refused(grid, page, name, value):
    before = grid.get_state()
    page.write(grid, **{name: value})
    assert grid.error
    assert {**grid.get_state(), "error": "", "answers": 0} == before
