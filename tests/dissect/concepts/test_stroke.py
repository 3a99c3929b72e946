"""Strokes on pictures whose concepts one can count by eye."""

import pytest
import torch
from scipy import ndimage

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError
from tests.dissect.concepts.pictures import drawn, line, rendered


def marked(images, **options):
    """The masks of one picture by name, as bool arrays (H, W)."""
    source = gw.concepts.strokes(**options)
    return dict(zip(source.names, gw.concepts.checked(source, images)[0].numpy(), strict=True))


def pieces(mask):
    return ndimage.label(mask, [[1] * 3] * 3)[1]


@pytest.mark.parametrize(
    ("digit", "holes", "ends", "junctions"),
    [
        ("0", 1, 0, 0),
        ("1", 0, 3, 1),  # a flag, and a foot on both sides
        ("2", 0, 2, 0),
        ("6", 1, 1, 1),
        ("7", 0, 2, 0),
        ("8", 2, 0, 2),  # its waist is a short bar
        ("9", 1, 1, 1),
    ],
)
def test_a_rendered_digit_has_its_holes_ends_and_junctions(digit, holes, ends, junctions):
    marks = marked(rendered(digit))
    assert pieces(marks["hole"]) == holes
    assert pieces(marks["end"]) == ends
    assert pieces(marks["junction"]) == junctions


@pytest.mark.parametrize(
    ("angle", "name"),
    [
        *((angle, "horizontal") for angle in (-20, 0, 20)),
        *((angle, "rising") for angle in (25, 45, 65)),
        *((angle, "vertical") for angle in (70, 90, 110)),
        *((angle, "falling") for angle in (115, 135, 155)),
    ],
)
def test_a_stroke_has_the_direction_within_22_degrees(angle, name):
    marks = marked(line(angle))
    middle = ndimage.binary_erosion(marks["ink"], iterations=1)
    assert (marks[name] & middle).sum() >= 0.85 * middle.sum()
    others = {"horizontal", "rising", "vertical", "falling"} - {name}
    assert sum(marks[other].sum() for other in others) <= 0.2 * marks["ink"].sum()


def test_an_l_has_two_ends_and_no_junction():
    marks = marked(drawn("\n" + "  ##\n" * 10 + "  ########\n  ########\n"))
    assert (pieces(marks["end"]), pieces(marks["junction"]), pieces(marks["hole"])) == (2, 0, 0)


def test_a_t_has_one_junction_and_three_ends():
    marks = marked(drawn("\n" + " ###############\n" * 3 + "       ###\n" * 12))
    assert (pieces(marks["end"]), pieces(marks["junction"])) == (3, 1)
    rows, columns = marks["junction"].nonzero()
    assert abs(rows.mean() - 1) <= 1.5
    assert abs(columns.mean() - 8) <= 1


def test_a_cross_has_one_junction_and_four_ends():
    upright = marked(drawn("\n" + "      ###\n" * 6 + "###############\n" * 3 + "      ###\n" * 6))
    assert (pieces(upright["end"]), pieces(upright["junction"])) == (4, 1)
    diagonal = marked(torch.maximum(line(45), line(-45)))
    assert (pieces(diagonal["end"]), pieces(diagonal["junction"])) == (4, 1)


def test_a_bar_between_two_loops_is_counted_once_each():
    marks = marked(
        drawn("\n#####     #####\n#   #     #   #\n#   #######   #\n#   #     #   #\n#####     #####\n")
    )
    assert (pieces(marks["end"]), pieces(marks["junction"]), pieces(marks["hole"])) == (0, 2, 2)
    assert marks["hole"].sum() == 18


def test_a_spur_is_no_end_and_a_branch_is():
    spur = drawn("\n      #\n      #\n#################\n")
    assert pieces(marked(spur, spur=4)["end"]) == 2
    assert pieces(marked(spur, spur=4)["junction"]) == 0
    assert pieces(marked(spur, spur=2)["end"]) == 3
    assert pieces(marked(spur, spur=2)["junction"]) == 1


def test_ends_are_discs_of_the_radius_cut_at_the_border():
    picture = drawn("\n\n\n#######\n\n\n")
    assert marked(picture, radius=1.0)["end"].astype(int).tolist() == [
        [0, 0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 1],
        [1, 1, 0, 0, 0, 1, 1],
        [1, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
    ]
    assert marked(picture, radius=0.0)["end"].sum() == 2


def test_the_halves_of_the_drawn_box_leave_out_its_middle():
    marks = marked(drawn("\n\n   #####\n   #####\n   #####\n\n\n\n"))
    counts = {name: int(marks[name].sum()) for name in ("top", "bottom", "left", "right")}
    assert counts == {"top": 5, "bottom": 5, "left": 6, "right": 6}
    assert marks["top"][1, 3:8].all()
    assert marks["left"][1:4, 3:5].all()
    even = marked(drawn("\n####\n####\n"))
    assert [int(even[name].sum()) for name in ("top", "bottom", "left", "right")] == [4] * 4


def test_specks_are_ink_but_not_part_of_the_figure():
    picture = drawn("\n##                 \n\n\n\n          ##########\n          ##########\n")
    marks = marked(picture)
    assert marks["ink"].sum() == 22
    assert marks["top"].sum() == 10
    assert not marks["top"][0].any()
    assert not marks["end"][:2].any()
    assert marked(picture, speck=1)["top"][0, :2].all()


def test_a_hole_is_closed_by_corners_and_counts_from_its_least_area():
    diamond = drawn("\n  #\n # #\n#   #\n # #\n  #\n")
    assert marked(diamond)["hole"].sum() == 5
    assert marked(diamond, hole=6)["hole"].sum() == 0


def test_a_gap_or_the_border_opens_a_hole():
    assert not marked(drawn("\n####\n#  #\n#\n####\n"))["hole"].any()
    assert not marked(drawn("\n#  #\n#  #\n####\n"))["hole"].any()


def test_ink_starts_above_the_threshold_and_the_rest_is_background():
    marks = marked(torch.tensor([[[[-1.0, 0.0, 0.01, 1.0, 1.7]]]]))
    assert marks["ink"].tolist() == [[False, False, True, True, True]]
    assert marks["background"].tolist() == [[True, True, False, False, False]]
    assert marked(drawn("+#"), threshold=0.4)["ink"].all()


def test_grey_edges_turn_the_direction_less_than_a_bin():
    soft, hard = marked(line(33.0)), marked(line(33.0).sign())
    assert soft["rising"].sum() >= 0.75 * soft["ink"].sum()
    assert hard["rising"].sum() >= 0.75 * hard["ink"].sum()


def test_an_empty_picture_is_background_only():
    marks = marked(torch.full((1, 1, 5, 9), -1.0))
    assert {name for name, mask in marks.items() if mask.any()} == {"background"}
    assert marks["background"].all()


def test_a_full_picture_is_ink_without_a_hole():
    marks = marked(torch.full((1, 1, 6, 9), 1.0))
    assert marks["ink"].all()
    assert not marks["background"].any()
    assert not marks["hole"].any()
    assert marks["top"].sum() == marks["bottom"].sum() == 27
    assert marks["left"].sum() == marks["right"].sum() == 24


def test_other_ranges_dark_ink_and_colours_give_the_same_masks():
    digit = rendered("6")
    source, want = gw.concepts.strokes(), gw.concepts.strokes()(digit)
    assert source(digit.expand(-1, 3, -1, -1)).equal(want)
    assert gw.concepts.strokes(range=(0, 1))((digit + 1) / 2).equal(want)
    assert gw.concepts.strokes(range=(0, 255))((digit + 1) * 127.5).equal(want)
    assert gw.concepts.strokes(ink="dark")(-digit)[:, 2:].equal(want[:, 2:])
    rgba = torch.cat([digit.expand(-1, 3, -1, -1), torch.ones_like(digit)], 1)
    assert source(rgba).equal(want)


def test_a_pixel_that_is_no_number_is_in_no_concept():
    picture = rendered("8")
    picture[0, 0, 10, 5:12] = torch.tensor([torch.nan, torch.inf, -torch.inf, torch.nan, 1, 1, 1])
    masks = gw.concepts.strokes()(picture)[0]
    assert not masks[:, 10, 5:9].any()
    assert masks[:2].sum() == 28 * 24 - 4


def test_half_and_double_precision_are_read():
    digit = rendered("4")
    assert gw.concepts.strokes()(digit.double()).equal(gw.concepts.strokes()(digit))
    assert gw.concepts.strokes()(digit.half()).shape == (1, 13, 28, 24)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"range": (1, -1)}, "values of black and of white"),
        ({"range": "grey"}, "values of black and of white"),
        ({"ink": "white"}, r"which end of the range(.|\n)*'bright' or 'dark'"),
        ({"threshold": 1.5}, r"threshold is out(.|\n)*0 to 1"),
        ({"coherence": -0.1}, r"coherence is out(.|\n)*0 to 1"),
        ({"sigma": 0}, r"sigma is out(.|\n)*0.1 up"),
        ({"radius": -1}, r"radius is out(.|\n)*0 up"),
        ({"spur": "long"}, "spur is out"),
        ({"hole": True}, "hole is out"),
        ({"speck": float("nan")}, "speck is out"),
    ],
)
def test_arguments_out_of_their_domain_are_refused(options, said):
    with pytest.raises(DissectionError, match=said):
        gw.concepts.strokes(**options)


def test_images_far_out_of_the_range_are_refused():
    with pytest.raises(DissectionError, match=r"declared range(.|\n)*from 0 to 255(.|\n)*range=\(-1, 1\)"):
        gw.concepts.strokes()(torch.tensor([[[[0.0, 255.0]]]]))
    assert gw.concepts.strokes()(torch.tensor([[[[-4.0, 7.0]]]])).any()


def test_the_repr_and_the_description_hold_every_argument():
    source = gw.concepts.strokes(threshold=0.4)
    assert repr(source) == (
        "strokes(range=(-1.0, 1.0), ink='bright', threshold=0.4, speck=4, sigma=1.5, coherence=0.3, spur=4, "
        "radius=2.0, hole=2)"
    )
    said = source.description["parameters"]
    assert gw.concepts.strokes(**{**said, "range": tuple(said["range"])}) == source
