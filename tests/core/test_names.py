"""What a layer's name means."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from gan_widgets.core.errors import RefusedModelError, UnknownLayerError
from gan_widgets.core.names import named, nearest, resolve

ODD = [
    "a#b",
    "act#0",
    "two words",
    "größe",
    "层",
    "<script>alert(1)</script>",
    "#",
    "#1",
    "'",
    "\n",
    "net-6",
    "0x",
    "{}",
]


@pytest.mark.parametrize("name", ODD)
def test_a_layer_may_have_any_name_that_a_module_may_have(name):
    inner = nn.Sequential(OrderedDict([(name, nn.ReLU())]))
    model = nn.Sequential(OrderedDict([(name, inner)]))
    assert named(model) == {name: inner, f"{name}.{name}": inner[0]}
    assert resolve(model, [f"{name}.{name}"])[0].module is inner[0]
    called = resolve(model, [f"{name}#12"])[0]
    assert (called.module, called.call) == (inner, 12)


def test_a_name_with_a_number_sign_is_a_call_only_when_no_module_has_it():
    model = nn.Sequential(OrderedDict([("act", nn.ReLU()), ("act#0", nn.Tanh())]))
    tanh, first, second = resolve(model, ["act#0", "act", "act#1"])
    assert (tanh.module, tanh.call) == (model[1], None)
    assert (first.module, first.call) == (model[0], None)
    assert (second.module, second.call) == (model[0], 1)


@pytest.mark.parametrize(
    "name", ["net.06", "nett.6", "net.6#", "net.6#x", "net.6#-1", "net.6#²", "net.6 ", "NET.6"]
)
def test_an_unknown_name_is_refused_with_the_nearest_ones(name):
    model = nn.Module()
    model.net = nn.Sequential(*[nn.ReLU() for _ in range(7)])
    with pytest.raises(UnknownLayerError) as error:
        resolve(model, [name])
    assert f"got: {name!r}" in str(error.value)
    assert "allowed: one of its 8 layers; the nearest: 'net" in str(error.value)
    assert "next: gw.layers(model, latents) lists them." in str(error.value)


@pytest.mark.parametrize("name", ["", None, 3, ("net",)])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(UnknownLayerError, match="The model has no such layer"):
        resolve(nn.Sequential(nn.ReLU()), [name])


def test_a_name_like_no_other_is_answered_with_the_first_ones():
    assert nearest("zzz", ["net.0", "net.1", "a", "b", "c", "d"]) == "'net.0', 'net.1', 'a', 'b', 'c'"
    assert nearest("zzz", []) == "none"


def test_names_do_not_depend_on_what_is_compiled():
    plain = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())
    names = list(named(plain))
    plain[0] = torch.compile(plain[0], backend="eager")
    assert list(named(plain)) == names


def test_the_inside_of_a_parametrization_is_no_layer():
    model = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 3)))
    assert list(named(model)) == ["0"]


def test_other_names_of_a_module_count_and_circles_end():
    model = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Sequential()))
    model.c = model.a
    model.b.up = model.b
    assert named(model) == {"a": model.a, "b": model.b, "c": model.a}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_part_made_by_torchscript_is_refused_by_name():
    model = nn.Sequential(torch.jit.script(nn.Sequential(nn.Linear(2, 3))), nn.ReLU())
    assert list(named(model)) == ["1"]
    for name in ("0", "0.0"):
        with pytest.raises(RefusedModelError, match="TorchScript runs a module outside Python"):
            resolve(model, [name])
