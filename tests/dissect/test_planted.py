"""A generator whose units are known is found out."""

import numpy as np
import pytest

import gan_widgets as gw

G = gw.nets.planted_generator()


@pytest.fixture(scope="module")
def found():
    keywords = {"latents": G.latents, "segmenter": G.segmenter, "images": 256, "progress": False}
    return gw.dissect(G, ["cells", "lit"], **keywords)


@pytest.mark.parametrize("layer", ["cells", "lit"])
def test_each_unit_is_found_to_be_what_was_planted(found, layer):
    one = found[layer]
    for truth in G.truth[layer]:
        assert one.states[truth.unit] == truth.state
        if truth.state != "ok":
            assert one.labels[truth.unit] == -1
            continue
        assert one.thresholds[truth.unit] == truth.level
        if truth.concept:
            column = one.concepts.index(truth.concept)
            assert one.iou[truth.unit, column] == pytest.approx(truth.iou, abs=1e-12)
            assert one.labels[truth.unit] == column
            low, high = one.ci[truth.unit, column]
            assert low <= one.iou[truth.unit, column] <= high
            # the frame is 64 pixels around two that are lit: there, chance does better
            if truth.iou > 0.1:
                assert one.family_wise[truth.unit, column] <= 0.01
        else:
            assert one.iou[truth.unit].max() < 0.04
            assert one.family_wise[truth.unit].min() > 0.05


def test_a_unit_that_is_brighter_in_the_middle_is_whole_at_a_lower_level(found):
    iqr = gw.dissect(
        G, "lit", latents=G.latents, segmenter=G.segmenter, images=64, threshold="iqr", progress=False
    )
    block = iqr.concepts.index("block")
    assert found["lit"].iou[6, block] == 0.25
    assert iqr.iou[6, block] == 1.0
    assert 0 <= iqr.level(6, "block") < 1
    assert iqr.level(5, "tee") < 0
    assert iqr.iou[5, iqr.concepts.index("tee")] == 1.0


def test_the_best_are_those_with_an_overlap_of_one(found):
    best = found["lit"].best()
    assert [one.unit for one in best if one.iou == 1] == [0, 1, 2, 3, 4, 5]
    assert found["lit"].summary(at_least=0.9).per_concept == {"frame": 2, "tee": 2, "disc": 1, "bar": 1}
    assert np.isnan(found["lit"].iou[10:]).all()
