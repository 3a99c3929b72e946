import pytest
import torch

import gan_widgets as gw
from gan_widgets.control import dissecting
from gan_widgets.core.errors import ControllerError, DissectionError, UnknownLayerError
from gan_widgets.dissect.run import dissect
from tests.controller.looking import by_hand, state
from tests.controller.marking import Marks

QUIET = {"progress": False, "batch": 8}


def alone(model, layer="3", images=40, **keywords):
    """What the engine finds without a controller."""
    return dissect(
        model, layer, latents=gw.normal(6), segmenter=Marks(), images=images, **{**QUIET, **keywords}
    )


def change(model):
    with torch.no_grad():
        model[0].weight.mul_(2)


def test_it_is_what_the_engine_finds_and_it_is_shown(lab, model):
    found = lab.dissect(Marks(), images=40, **QUIET)
    assert found == alone(model)
    assert lab.found is found
    assert dict(lab.dissections) == {"3": found}
    assert lab.progress is None
    assert lab.error == ""


def test_keywords_reach_the_engine(lab, model):
    shown, asked = [], []
    found = lab.dissect(
        Marks(),
        40,
        threshold="iqr",
        start=7,
        top=3,
        null=None,
        on_progress=shown.append,
        cancel=lambda: asked.append(1) and False,
        **QUIET,
    )
    assert found == alone(model, threshold="iqr", start=7, top=3, null=None)
    assert shown[-1].done == 40
    assert asked


def test_the_unedited_model_is_dissected_and_the_edits_stay(lab, model):
    lab.edits = [gw.Ablate("3", units=range(8))]
    lab.preview([gw.Ablate("2", units=[1])])
    images, before = lab.images, state(lab)
    assert lab.dissect(Marks(), images=40, **QUIET) == alone(model)
    assert state(lab) == before
    assert lab.images is images
    lab.edits = []
    assert torch.equal(lab.images, by_hand(model, range(5)))


def test_the_mode_is_that_of_the_controller_unless_told_otherwise(model):
    with gw.attach(model, latents=gw.normal(6), layer="3", mode="train") as lab:
        found = lab.dissect(Marks(), images=40, **QUIET)
        assert found.provenance["mode"] == "train"
        assert lab.dissect(Marks(), images=40, mode="eval", **QUIET) == alone(model)


def test_what_is_found_follows_the_layer(lab, model):
    first = lab.dissect(Marks(), images=40, **QUIET)
    seen = []
    lab.observe(lambda change: seen.append((change.name, lab.layer, lab.found)), ["layer", "found"])
    lab.layer = "5"
    assert lab.found is None
    second = lab.dissect(Marks(), images=40, **QUIET)
    assert second.layer == "5"
    lab.layer = "3"
    assert lab.found is first
    assert seen == [
        ("layer", "5", None),
        ("found", "5", None),
        ("found", "5", second),
        ("layer", "3", first),
        ("found", "3", first),
    ]


def test_several_layers_give_a_dict_and_are_kept_in_the_order_in_which_they_run(lab, model):
    found = lab.dissect(Marks(), images=40, layer=["5", "2"], **QUIET)
    assert found == alone(model, ["5", "2"])
    assert lab.found is None
    here = lab.dissect(Marks(), images=40, **QUIET)
    assert lab.found is here
    assert list(lab.dissections) == ["2", "3", "5"]
    assert lab.dissections["5"] is found["5"]
    only = lab.dissect(Marks(), images=40, layer=["2"], **QUIET)
    assert list(only) == ["2"]


def test_another_layer_may_be_dissected_than_the_one_looked_at(lab):
    found = lab.dissect(Marks(), images=40, layer="5", **QUIET)
    assert (found.layer, lab.layer, lab.found) == ("5", "3", None)
    lab.layer = "5"
    assert lab.found is found


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"images": 3}, ControllerError, "from 4 up"),
        ({"images": "many"}, ControllerError, "'many'"),
        ({"images": True}, ControllerError, "True"),
        ({"layer": "33"}, UnknownLayerError, "'3'"),
        ({"layer": 3.5}, ControllerError, "3.5"),
        ({"layer": ["3", 4]}, ControllerError, "4"),
        ({"layer": []}, DissectionError, "[]"),
        ({"layer": ["3", "3"]}, DissectionError, "'3', '3'"),
        ({"segmenter": 7}, DissectionError, "7"),
        ({"threshold": "otsu"}, DissectionError, "'otsu'"),
        ({"colour": "red"}, TypeError, "colour"),
    ],
)
@pytest.mark.parametrize("background", [False, True])
def test_what_is_refused_changes_nothing(lab, keywords, error, words, background):
    found = lab.dissect(Marks(), images=40, **QUIET)
    keywords = {"segmenter": Marks(), "images": 40, **QUIET, **keywords}
    if background:
        try:
            lab.dissect_in_background(**keywords).join()
            text = lab.error
        except error as failure:
            text = str(failure)
    else:
        with pytest.raises(error) as raised:
            lab.dissect(**keywords)
        text = str(raised.value)
    assert words in text
    assert error is TypeError or all(part in text for part in ("got:", "allowed:", "next:"))
    assert lab.found is found
    assert lab.progress is None
    lab.dissect(Marks(), images=40, **QUIET)


def test_progress_is_told_ten_times_a_second_at_most(lab, monkeypatch):
    now = iter(range(10**6))
    monkeypatch.setattr(dissecting, "monotonic", lambda: 1000 + 0.03 * next(now))
    told, every = [], []
    lab.observe(lambda change: told.append(change.new), "progress")
    lab.dissect(Marks(), images=160, on_progress=every.append, **QUIET)
    assert told[0].done == 0
    assert told[0].total == 160
    assert told[-1] is None
    assert told[1:-1] == every[::4]
    assert len(every) > 8


def test_an_observer_of_progress_that_fails_does_not_cost_the_result(lab, model):
    def fail(change):
        raise KeyError("mine")

    lab.observe(fail, "progress")
    with pytest.raises(KeyError, match="mine"):
        lab.dissect(Marks(), images=40, **QUIET)
    lab.unobserve(fail, "progress")
    assert lab.progress is None
    assert lab.dissect(Marks(), images=40, **QUIET) == alone(model)


def test_refresh_keeps_what_was_found_in_these_weights_and_forgets_the_rest(lab, model):
    found = lab.dissect(Marks(), images=40, layer=["3", "5"], **QUIET)
    lab.refresh()
    assert lab.found is found["3"]
    change(model)
    lab.refresh()
    assert lab.found is None
    assert dict(lab.dissections) == {}
    again = lab.dissect(Marks(), images=40, **QUIET)
    assert again != found["3"]
    assert dict(lab.dissections) == {"3": again}


def test_what_was_found_is_forgotten_also_when_the_new_weights_cannot_be_rendered(lab, model):
    lab.dissect(Marks(), images=40, **QUIET)
    model[6].weight = torch.nn.Parameter(torch.zeros(1, 4, 3, 3))
    with pytest.raises(gw.core.errors.RenderError):
        lab.refresh()
    assert lab.found is None


def test_weights_that_change_meanwhile_are_refused(lab, model):
    old = lab.dissect(Marks(), images=40, **QUIET)
    with pytest.raises(ControllerError, match=r"weights changed during the dissection(.|\n)*next: Pause"):
        lab.dissect(Marks(at={2: lambda: change(model)}), images=40, **QUIET)
    assert lab.found is old
    assert lab.progress is None


def test_found_and_progress_are_not_assigned(lab):
    for name in ("found", "progress", "dissections"):
        with pytest.raises(ControllerError, match=f"{name} is shown by a Controller"):
            setattr(lab, name, None)
    with pytest.raises(TypeError):
        lab.dissections["3"] = None


def test_a_closed_controller_does_not_dissect(lab):
    lab.close()
    for start in (lab.dissect, lab.dissect_in_background):
        with pytest.raises(ControllerError, match="this controller is closed"):
            start(Marks(), images=40)
    lab.cancel()
