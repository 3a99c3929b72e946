import base64
import io
import itertools

import numpy as np
import pytest
from ipywidgets.widgets import widget as live
from PIL import Image, ImageColor

import gan_widgets as gw
from gan_widgets.apps._cycling_picture import MEAN, POINT
from gan_widgets.control import cells
from gan_widgets.core.errors import CallError, ControllerError, TrainingError
from gan_widgets.train.cycling import GradientSteps, averaged, distance

RATES, MOMENTA = (0.01, 0.2, 1.5), (-0.9, -0.5, 0, 0.9)


@pytest.fixture
def demo(page):
    demo = gw.CyclingDemo()
    yield demo
    demo.close()


def charts(demo):
    """The marks of the plane and of the chart of distances."""
    plane, distances = demo.children[2].children
    return plane.marks, distances.marks


def words(demo):
    return demo.children[3].value


def test_the_path_and_its_distances_are_those_of_the_formula(demo):
    (path, _, solution, now, _), (law, away, _) = charts(demo)
    expected = GradientSteps("alternating", 0.2).path(100)
    assert np.array_equal(np.stack([path.x, path.y], axis=1), expected)
    assert [*now.x, *now.y] == [*expected[-1]]
    assert [*solution.x, *solution.y] == [0, 0]
    assert np.array_equal(away.y, distance(expected))
    assert np.array_equal(away.x, np.arange(101))
    assert np.all(law.y == 1)


def test_every_control_moves_the_path(demo):
    rule = {"order": "simultaneous", "lr": 0.35, "momentum": -0.25}
    demo.order.value = "simultaneous"
    demo.lr.value = 0.35
    demo.momentum.value = -0.25
    demo.steps.value = 60
    assert demo.rule == GradientSteps(**rule)
    (_, _, _, _, _), (law, away, _) = charts(demo)
    expected = GradientSteps(**rule).path(60)
    assert np.array_equal(away.y, distance(expected))
    assert law.y == pytest.approx(GradientSteps(**rule).growth ** np.arange(61))
    assert words(demo) == demo.sentence()


def test_the_mean_is_drawn_when_it_is_asked_for(demo):
    (_, mean_path, _, _, mean_now), (_, _, mean_away) = charts(demo)
    shown = [mark.visible for mark in (mean_path, mean_now, mean_away)]
    assert shown == [False] * 3
    assert demo.mean is None
    demo.averaging.value = 0.5
    assert [mark.visible for mark in (mean_path, mean_now, mean_away)] == [True] * 3
    expected = averaged(demo.path, 0.5)
    assert np.array_equal(np.stack([mean_path.x, mean_path.y], axis=1), expected)
    assert [*mean_now.x, *mean_now.y] == [*expected[-1]]
    assert "The mean of the latest 50 % of the points" in words(demo)
    demo.averaging.value = 0
    assert not mean_path.visible
    assert "mean" not in words(demo)


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({}, "turn around the solution and never arrive: the matrix of one step has determinant 1"),
        ({}, "x² + y² − 0.2·x·y = 1 at every step. That is an ellipse, between 0.953 and 1.05 from"),
        (
            {"order": "simultaneous"},
            "multiplies the distance by √(1 + 0.2²) = 1.0198; after 100 steps it is 7.1",
        ),
        ({"momentum": -0.5}, "a momentum of −0.5 spiral inwards and arrive"),
        ({"momentum": 0.5}, "spiral outwards: momentum carries the turn further out"),
        ({"momentum": -0.5, "lr": 1.5}, "spiral outwards: these steps are too long"),
        ({"order": "simultaneous", "momentum": -0.5}, "No momentum makes simultaneous steps arrive"),
        ({"averaging": 1}, "The mean of all points is 0.0663 away; it arrives, as 1 / steps"),
        ({"averaging": 1, "order": "simultaneous"}, "it leaves too in the end"),
        ({"averaging": 1, "momentum": -0.5, "lr": 0.8}, "behind the path itself: it remembers"),
    ],
)
def test_the_sentence_says_what_is_seen_and_why(page, keywords, said):
    demo = gw.CyclingDemo(**keywords)
    assert said in words(demo)
    demo.close()


def test_the_title_and_the_sources_are_there(demo):
    assert "f(x, y) = x·y" in demo.children[0].value
    for number in ("1701.00160", "1802.10551", "1807.04740"):
        assert f'<a href="https://arxiv.org/abs/{number}"' in demo.children[4].value


def test_the_plane_holds_the_path_or_as_much_of_it_as_can_be_seen(demo):
    (path, *_), _ = charts(demo)
    half = path.scales["x"].max
    assert half == -path.scales["y"].min
    assert np.abs(demo.path).max() < half < 1.3
    demo.order.value = "simultaneous"
    demo.lr.value = 1.0
    assert path.scales["x"].max == 4
    assert np.abs(path.x).max() < 20
    assert distance(demo.path)[-1] > 1e14


def test_whatever_the_sliders_say_the_charts_get_finite_numbers(demo):
    for order, lr, momentum, averaging in itertools.product(
        ("alternating", "simultaneous"), RATES, MOMENTA, (0.05, 1)
    ):
        demo.order.value, demo.lr.value, demo.momentum.value = order, lr, momentum
        demo.averaging.value, demo.steps.value = averaging, 500
        plane, distances = charts(demo)
        for mark in (*plane, *distances):
            assert len(mark.x) == len(mark.y) > 0
            assert np.isfinite(mark.x).all()
            assert np.isfinite(mark.y).all()
        assert all((mark.y > 0).all() for mark in distances)  # a logarithmic axis


def test_text_and_picture_stand_for_it_where_there_is_no_page(demo):
    demo.averaging.value = 1
    data = demo._repr_mimebundle_()
    lines = data["text/plain"].splitlines()
    assert lines[0].startswith(
        "CyclingDemo(order='alternating', lr=0.2, momentum=0, averaging=1, steps=100):"
    )
    assert lines[1] == demo.sentence()
    assert lines[-1] == "   100 steps: 1.04   mean 0.0663"
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB"))
    for color in (POINT, MEAN):
        assert (np.abs(picture.astype(int) - ImageColor.getrgb(color)).max(axis=2) < 40).sum() > 200


def test_the_picture_of_a_path_that_leaves_does_not_fail(demo):
    demo.order.value, demo.lr.value, demo.steps.value, demo.momentum.value = "simultaneous", 1.5, 500, 0.9
    assert Image.open(io.BytesIO(demo.picture())).size[0] > 600


@pytest.mark.parametrize(
    ("keywords", "error", "got"),
    [
        ({"order": "random"}, TrainingError, "'random'"),
        ({"lr": 0}, TrainingError, "0"),
        ({"lr": "fast"}, TrainingError, "'fast'"),
        ({"lr": 3}, ControllerError, "lr=3"),
        ({"momentum": 0.95}, ControllerError, "momentum=0.95"),
        ({"averaging": 2}, ControllerError, "averaging=2"),
        ({"steps": 5}, ControllerError, "steps=5"),
        ({"steps": float("nan")}, ControllerError, "steps=nan"),
        ({"steps": 50.5}, ControllerError, "steps=50.5"),
        ({"averaging": "all"}, ControllerError, "averaging='all'"),
        ({"color": "red"}, CallError, "color='red'"),
    ],
)
def test_what_it_cannot_show_is_refused_and_leaves_nothing(page, keywords, error, got):
    with pytest.raises(error, match=f"got: {got}") as raised:
        gw.CyclingDemo(**keywords)
    assert all(part in str(raised.value) for part in ("allowed:", "next:"))


def test_closing_gives_back_everything_and_it_no_longer_follows(page):
    before = set(live._instances)
    demo = gw.CyclingDemo()
    slider, (path, *_) = demo.lr, charts(demo)[0]
    drawn = path.x
    demo.close()
    demo.close()
    assert set(live._instances) == before
    slider.value = 0.9
    assert path.x is drawn
    assert repr(demo).endswith("steps=100, closed)")


def test_running_its_cell_again_replaces_it(page, monkeypatch):
    monkeypatch.setattr(cells, "_made", {})
    demos = []
    for execution in ("1", "2"):
        monkeypatch.setattr(cells, "running_cell", lambda execution=execution: ("a", execution))
        demos.append(gw.CyclingDemo())
    assert [demo.comm is None for demo in demos] == [True, False]
    demos[1].close()
