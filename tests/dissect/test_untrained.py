"""The same network with new weights, as a null."""

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError
from gan_widgets.core.latents import from_function as from_seeds
from gan_widgets.core.latents import normal
from gan_widgets.dissect.concepts import from_function
from gan_widgets.dissect.run import dissect
from gan_widgets.dissect.untrained import untrained
from tests.generators import generator

SEGMENTER = from_function(lambda images: torch.cat([images > 0, images < -0.1], 1), ["lit", "dark"])


def run(model, **keywords):
    keywords = {"images": 64, "share": 0.1, "progress": False, **keywords}
    return dissect(model, "3", latents=normal(6), segmenter=SEGMENTER, **keywords)


def test_every_parameter_is_new_and_the_model_is_left_as_it_was(assert_unchanged):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.start = nn.Parameter(torch.arange(12.0).reshape(3, 4))

        def forward(self, z):
            return z @ self.start

    model = nn.Sequential(Own(), nn.utils.parametrizations.spectral_norm(nn.Linear(4, 5)), nn.BatchNorm1d(5))
    model[2].weight.data.uniform_()
    model[2].running_mean.uniform_()
    model.eval()
    same = assert_unchanged(model)
    new, again, other = untrained(model), untrained(model), untrained(model, seed=1)
    same()
    for name, parameter in new.named_parameters():
        assert parameter.equal(dict(again.named_parameters())[name])
        if name != "2.bias":  # zeros before training and after
            assert not parameter.equal(dict(model.named_parameters())[name]), name
    assert not new[0].start.equal(other[0].start)
    assert new[0].start.flatten().sort().values.equal(torch.arange(12.0))
    assert new[2].running_mean.eq(0).all()
    assert not new.training


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_model_that_cannot_be_copied_is_refused_with_what_to_do():
    model = generator()
    nn.utils.weight_norm(model[4])
    with pytest.raises(
        DissectionError, match=r"cannot be copied(.|\n)*parametrizations.weight_norm, or pass null"
    ):
        run(model, null="untrained")
    assert run(model, null="permutation").complete


def test_tied_weights_stay_tied():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    new = untrained(model)
    assert new[1].weight is new[0].weight
    assert not new[0].weight.equal(model[0].weight)


def test_statistics_are_those_of_the_new_weights(assert_unchanged):
    """The mean over batches of each batch's mean and unbiased variance, which is what normalises it."""
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4, momentum=0.3), nn.ReLU(), nn.Dropout(0.9)).eval()
    model[1].running_mean.uniform_(5, 9)
    same = assert_unchanged(model)
    new = untrained(model, latents=normal(6))
    same()
    batches = [new[0](normal(6)(range(at, at + 16))).detach() for at in (0, 16, 32, 48)]
    mean = sum(batch.mean(0) for batch in batches) / 4
    variance = sum(batch.var(0) for batch in batches) / 4
    torch.testing.assert_close(new[1].running_mean, mean)
    torch.testing.assert_close(new[1].running_var, variance)
    assert (new[1].momentum, new[1].training, new.training) == (0.3, False, False)
    again = untrained(model, latents=normal(6))
    assert all(map(torch.equal, new.state_dict().values(), again.state_dict().values()))


def test_a_network_with_batch_normalisation_draws_more_than_grey():
    G, _, latents = gw.pretrained("dcgan-mnist")
    with torch.no_grad():
        trained, grey, drawn = (
            net.eval()(latents(range(32))).std() for net in (G, untrained(G), untrained(G, latents=latents))
        )
    assert grey < 0.05 * trained
    assert drawn > 0.5 * trained


def test_latents_are_not_asked_for_where_there_are_no_statistics():
    asked = []
    counting = from_seeds(lambda seed: asked.append(seed) or torch.zeros(3))
    before = len(asked)
    untrained(nn.Sequential(nn.Linear(3, 4), nn.InstanceNorm1d(4)), latents=counting)
    assert len(asked) == before


def test_cells_are_compared_with_the_units_of_the_untrained_network(assert_unchanged):
    model = generator()
    same = assert_unchanged(model)
    found = run(model, null="untrained")
    same()
    alone = run(untrained(model, latents=normal(6)), null=None)
    theirs = alone.iou[[state == "ok" for state in alone.states]]
    assert len(theirs) > 2
    for unit, concept in np.argwhere(~np.isnan(found.iou)):
        iou = found.iou[unit, concept]
        assert found.p_values[unit, concept] == (1 + (theirs[:, concept] >= iou).sum()) / (1 + len(theirs))
        if found.labels[unit] == concept:
            assert found.label_p[unit] == (1 + (theirs.max(1) >= iou).sum()) / (1 + len(theirs))
    assert np.isnan(found.family_wise).all()
    assert np.array_equal(found.iou, run(model, null=None).iou, equal_nan=True)


@pytest.mark.parametrize("asked", [2, 9, 12])
def test_it_is_complete_when_both_networks_are(asked):
    model = generator()
    whole = run(model, null="untrained")
    answers = iter([False] * asked)
    told = []
    partial = run(
        model, null="untrained", batch=8, cancel=lambda: next(answers, True), on_progress=told.append
    )
    assert not partial.complete
    assert told[-1].total == 128
    assert run(model, null="untrained", resume=partial) == whole
