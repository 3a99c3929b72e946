"""A recipe shows the same pictures again, or says why it cannot."""

import json
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_widgets.core.edits import Ablate, Insert, Scale
from gan_widgets.core.errors import EditError, RecipeError
from gan_widgets.core.intervene import intervene
from gan_widgets.core.latents import from_function, normal, uniform
from gan_widgets.core.live import quiet
from gan_widgets.core.recipe import Recipe
from gan_widgets.core.split import split

SEEDS = (3, 1, 4)
MASK = [[0.1, 0.25, 1.0, 0.0], [1 / 3, 0.0, 1.0, 0.5], [0.0, 0.0, 0.0, 1.0]]
EDITS = (
    Ablate("3", units=(1, 4), strength=(0.1, 1 / 3), mask=MASK),
    Insert("4", units=[0], value=0.7, strength=0.3),
    Scale("3", units=[2], factor=-1.7),
    Ablate("3", units=[0], value="mean"),
    Ablate("3", units=[5], value="resample"),
)


@pytest.fixture
def model():
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Unflatten(1, (6, 1, 1)),
        nn.ConvTranspose2d(6, 8, (3, 4)),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(8, 3, 4, 2, 1),
        nn.Tanh(),
    )


def test_replaying_gives_the_same_images_bit_for_bit(model):
    latents = normal(6)
    with quiet(model), intervene(model, EDITS, latents=latents, seeds=SEEDS):
        shown = model(latents(SEEDS))
    recipe = Recipe.of(model, latents, SEEDS, EDITS)
    torch.randn(5)
    assert torch.equal(recipe.replay(model), shown)
    assert torch.equal(Recipe.from_json(recipe.to_json()).replay(model), shown)
    assert shown.shape == (3, 3, 6, 8)


def test_replaying_gives_what_a_suffix_gave(model):
    parts = split(model, "3", normal(6))
    cut = parts.prefix(normal(6)(SEEDS))
    edited = cut.activation.clone()
    edited[:, [1, 2]] = 0
    recipe = Recipe.of(model, normal(6), SEEDS, [Ablate("3", units=[1, 2])])
    assert torch.equal(recipe.replay(model), parts.suffix(cut, edited))


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_the_mode_of_batch_norm_is_part_of_the_recipe(model, mode):
    with quiet(model, mode):
        shown = model(normal(6)(SEEDS))
    recipe = Recipe.of(model, normal(6), SEEDS, mode=mode)
    assert torch.equal(recipe.replay(model), shown)
    state = [m.training for m in model.modules()]
    assert state == [True] * len(state)


def test_noise_inside_the_model_is_the_same_in_a_split_and_a_replay():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(6, 5), nn.Linear(5, 9)

        def forward(self, z):
            return self.b(self.a(z) + torch.randn(5))

    model = Noisy()
    parts = split(model, "a", normal(6))
    shown = parts.suffix(parts.prefix(normal(6)(SEEDS)))
    assert torch.equal(Recipe.of(model, normal(6), SEEDS).replay(model).flatten(1), shown)


def test_edits_around_a_replay_do_not_get_into_it(model):
    recipe = Recipe.of(model, normal(6), SEEDS, EDITS[:1])
    shown = recipe.replay(model)
    with intervene(model, [Ablate("1", units=range(8))]):
        assert torch.equal(recipe.replay(model), shown)


def test_json_is_exact_both_ways(model):
    recipe = Recipe.of(model, uniform(6, -0.1, 1 / 3), SEEDS, EDITS, mode="asis")
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert hash(again) == hash(recipe)
    assert again.to_json() == recipe.to_json()
    assert json.loads(recipe.to_json())["seeds"] == [3, 1, 4]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=5),
    st.lists(
        st.tuples(st.text(max_size=8), st.integers(0, 99), st.floats(0, 1), st.floats(-1e30, 1e30)),
        max_size=4,
    ),
)
def test_any_recipe_survives_json(seeds, drawn):
    edits = [
        Insert(layer or "a", units=[unit], value=value, strength=strength)
        for layer, unit, strength, value in drawn
    ]
    recipe = Recipe(normal((2, 3)).describe(), tuple(seeds), tuple(edits), "0" * 64)
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_other_weights_are_refused_with_what_to_do(model):
    recipe = Recipe.of(model, normal(6), SEEDS)
    with torch.no_grad():
        model[1].weight[0, 0, 0, 0] += 1e-3
    text = rf"other weights\.\n  got: weights \w+…\n  allowed: weights {recipe.weights[:12]}…\n  next: Load"
    with pytest.raises(RecipeError, match=text):
        recipe.replay(model)


@pytest.mark.parametrize("edits", [[3], 3, "ab", [Ablate("3", units=[1]), None]])
def test_a_recipe_of_what_are_no_edits_is_refused(model, edits):
    with pytest.raises(EditError, match="Edits come as a list of Ablate, Insert and Scale"):
        Recipe.of(model, normal(6), SEEDS, edits)


def test_one_edit_alone_makes_a_recipe_as_it_makes_an_intervention(model):
    assert Recipe.of(model, normal(6), SEEDS, EDITS[0]) == Recipe.of(model, normal(6), SEEDS, EDITS[:1])


def test_a_compiled_model_replays_the_recipe_of_its_original(model):
    recipe = Recipe.of(model, normal(6), SEEDS, EDITS)
    assert torch.equal(recipe.replay(torch.compile(model, backend="eager")), recipe.replay(model))


def test_a_custom_prior_wants_its_latents(model):
    def ones(seed):
        return torch.full((6,), float(seed))

    recipe = Recipe.of(model, from_function(ones), SEEDS)
    with pytest.raises(RecipeError, match=r"custom\('ones'\)[^$]*latents="):
        recipe.replay(model)
    assert recipe.replay(model, from_function(ones)).shape == (3, 3, 6, 8)
    with pytest.raises(RecipeError, match="made with other latents"):
        recipe.replay(model, normal(6))


def test_custom_priors_of_one_name_are_told_apart(model):
    def prior(scale):
        return from_function(lambda seed: torch.arange(6.0) * scale + seed)

    recipe = Recipe.of(model, prior(1.0), SEEDS)
    shown = recipe.replay(model, prior(1.0))
    again = Recipe.from_json(recipe.to_json())
    assert torch.equal(again.replay(model, prior(1.0)), shown)
    with pytest.raises(RecipeError, match="made with other latents"):
        again.replay(model, prior(1.1))
    known = {name: value for name, value in recipe.latents.items() if name != "fingerprint"}
    older = replace(recipe, latents=known)
    assert torch.equal(older.replay(model, prior(1.0)), shown)
    for broken in (3, {"sums": 3}):
        with pytest.raises(RecipeError, match="made with other latents"):
            replace(recipe, latents={**known, "fingerprint": broken}).replay(model, prior(1.0))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_the_dtype_that_was_used_is_part_of_the_recipe_and_the_prior_it_came_from_will_do(model, dtype):
    model.to(dtype)
    by_hand = normal(6).to(dtype=dtype)
    recipe = Recipe.of(model, normal(6), SEEDS, EDITS)
    assert recipe == Recipe.of(model, by_hand, SEEDS, EDITS)
    assert recipe.latents == by_hand.describe()
    with quiet(model), intervene(model, EDITS, latents=by_hand, seeds=SEEDS):
        shown = model(by_hand(SEEDS)).float()
    for replayed in (recipe.replay(model), recipe.replay(model, normal(6)), recipe.replay(model, by_hand)):
        assert torch.equal(replayed, shown)
    with pytest.raises(RecipeError, match="made with other latents"):
        recipe.replay(model, uniform(6))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "NaN",
        '{"recipe": 1}',
        "[" * 10_000,
        '{"recipe": "1", "seeds": [1], "edits": []}',
    ],
)
def test_text_that_is_no_recipe_is_refused(text):
    with pytest.raises(RecipeError, match="this is no recipe"):
        Recipe.from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": [-1]}, {"seeds": []}, {"mode": "loud"}, {"weights": 3}, {"latents": []},
        {"edits": [{"kind": "Boom"}]}, {"more": 1}, {"recipe": 0}, {"recipe": True}, {"version": None},
    ],
)  # fmt: skip
def test_a_recipe_with_one_wrong_part_is_refused(model, change):
    said = json.loads(Recipe.of(model, normal(6), SEEDS, EDITS).to_json()) | change
    with pytest.raises(RecipeError, match="this is no recipe"):
        Recipe.from_json(json.dumps(said))


def test_a_newer_format_is_refused_by_name(model):
    said = json.loads(Recipe.of(model, normal(6), SEEDS).to_json()) | {"recipe": 2}
    with pytest.raises(RecipeError, match="format 2, of a newer version"):
        Recipe.from_json(json.dumps(said))
