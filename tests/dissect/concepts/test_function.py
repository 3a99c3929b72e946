"""Concepts by a function of one's own."""

import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError


def test_the_function_marks_and_the_names_are_given():
    source = gw.concepts.from_function(lambda images: images > 0, ["lit"], ["light"])
    assert (source.names, source.categories, source.image_level) == (("lit",), ("light",), (False,))
    assert source(torch.tensor([[[[1.0, -1.0]]]])).tolist() == [[[[True, False]]]]


def test_one_category_serves_all_and_a_callable_object_is_named_by_its_class():
    class Marks:
        def __call__(self, images):
            return torch.cat([images > 0, images < 0], 1)

    source = gw.concepts.from_function(Marks(), ["lit", "dark"], "light", image_level=[False, True])
    assert source.categories == ("light", "light")
    assert source.image_level == (False, True)
    assert repr(source) == "from_function(f='Marks')"


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((3, ["lit"]), {}, "f marks the concepts"),
        ((torch.sign, "lit"), {}, "a sequence of names"),
        ((torch.sign, ["lit"], ["a", "b"]), {}, "one category"),
        ((torch.sign, ["lit"]), {"image_level": [True, False]}, "one bool per concept"),
    ],
)
def test_wrong_arguments_are_refused_at_once(arguments, options, said):
    with pytest.raises(DissectionError, match=said):
        gw.concepts.from_function(*arguments, **options)
