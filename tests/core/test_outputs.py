"""The one tensor of an output, and outputs rebuilt around another one."""

import collections
import dataclasses
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
import torch

from gan_widgets.core.outputs import replace, tensor_of

OLD, NEW = torch.zeros(2, 3, 4, 5), torch.ones(2, 3, 4, 5)


class Named(NamedTuple):
    note: str
    maps: torch.Tensor


@dataclass
class Plain:
    note: str
    maps: torch.Tensor


@dataclass(frozen=True)
class Frozen:
    maps: torch.Tensor
    size: int = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "size", 17)


@dataclass(frozen=True, slots=True)
class Slotted:
    maps: torch.Tensor


class OddTuple(tuple):  # noqa: SLOT001
    def __new__(cls, *items):
        made = super().__new__(cls, items)
        made.note = "odd"
        return made


class Ordered(collections.OrderedDict):
    note = None


@dataclass
class Both(collections.OrderedDict):
    """A dict and a dataclass in one, as the model outputs of transformers are."""

    maps: torch.Tensor = None

    def __post_init__(self):
        super().__setitem__("maps", self.maps)

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        super().__setattr__(key, value)

    def __reduce__(self):
        return type(self), (self.maps,)


def with_default():
    made = collections.defaultdict(list, maps=OLD)
    made["list"].append(3)
    return made


OUTPUTS = [
    OLD,
    ("note", OLD, 3),
    [OLD, "note"],
    Named("note", OLD),
    OddTuple("note", OLD),
    {"note": 1, "maps": OLD},
    Ordered(note=1, maps=OLD),
    with_default(),
    Plain("note", OLD),
    Frozen(OLD),
    Slotted(OLD),
    Both(OLD),
    {"deep": [("note", Frozen(OLD))]},
    torch.return_types.max((OLD, torch.zeros(2, 3, 4, 5, dtype=torch.int64))),
]


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: type(output).__name__)
def test_an_output_is_rebuilt_as_its_own_type_around_another_tensor(output):
    before = repr(output)
    assert tensor_of(output) is OLD
    rebuilt = replace(output, NEW)
    assert type(rebuilt) is type(output)
    assert tensor_of(rebuilt) is NEW
    assert repr(output) == before
    assert repr(rebuilt) == before.replace("0.", "1.")


def test_fields_that_no_constructor_takes_are_kept():
    assert replace(Frozen(OLD), NEW).size == 17
    assert replace(OddTuple(OLD), NEW).note == "odd"
    assert replace(with_default(), NEW).default_factory is list
    both = replace(Both(OLD), NEW)
    assert both["maps"] is NEW
    assert both.maps is NEW


def test_the_same_tensor_is_replaced_wherever_it_stands():
    image, features = replace((OLD, {"features": OLD, "other": NEW}), torch.full((1, 1), 5.0))
    assert image.item() == 5
    assert features["features"] is image
    assert features["other"] is NEW


def test_the_tensor_is_the_first_floating_one_of_two_or_more_dimensions():
    vector, counts = torch.zeros(3), torch.zeros(2, 3, dtype=torch.int64)
    assert tensor_of([vector, counts, {"z": OLD}, NEW]) is OLD
    assert tensor_of(dataclasses.replace(Plain("", OLD), note=NEW)) is NEW


@pytest.mark.parametrize(
    "output",
    [None, "text", 3, (), {}, torch.zeros(3), torch.zeros(2, 2, dtype=torch.int64), Plain, Plain("", None)],
)
def test_an_output_without_such_a_tensor_has_none_and_stays_itself(output):
    assert tensor_of(output) is None
    assert replace(output, NEW) is output
