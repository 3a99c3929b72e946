"""Which layers really ran."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from gan_widgets.core.capture import capture
from gan_widgets.core.edits import Ablate
from gan_widgets.core.errors import LatentsError, RefusedModelError, UnknownLayerError
from gan_widgets.core.intervene import intervene
from gan_widgets.core.latents import normal
from gan_widgets.core.layers import LayerInfo, layers
from gan_widgets.core.split import split


def test_layers_come_in_the_order_they_ran_with_kind_units_and_grid(nets):
    model, latents, _ = nets.make("maps")
    assert list(layers(model, latents)) == [
        LayerInfo("0", "Unflatten", 3, (1, 1)),
        LayerInfo("1", "ConvTranspose2d", 6, (4, 6)),
        LayerInfo("2", "BatchNorm2d", 6, (4, 6)),
        LayerInfo("3", "ReLU", 6, (4, 6)),
        LayerInfo("4", "ConvTranspose2d", 2, (5, 7)),
    ]


def test_the_layer_in_the_middle_of_each_kind_of_model_is_found(generator, assert_unchanged):
    model, latents, layer = generator
    model.train()
    same = assert_unchanged(model)
    found = layers(model, latents)
    same()
    info = found.find(layer)
    assert info in found
    assert layer in found
    assert info.name == layer
    assert info.units == (2 if layer == "act#1" else 6)


def test_a_module_called_twice_is_two_layers_and_its_bare_name_is_refused(nets):
    model, latents, _ = nets.make("first call")
    found = layers(model, latents)
    assert [(i.name, i.units, i.size, i.calls) for i in found if i.kind == "ReLU"] == [
        ("act#0", 6, (4, 6), 2),
        ("act#1", 2, (5, 7), 2),
    ]
    with pytest.raises(
        UnknownLayerError, match=r"runs 2 times(.|\n)*allowed: 'act#0', 'act#1'\n  next: .*'act#0'"
    ):
        found.find("act")


def test_a_branch_that_does_not_run_is_not_listed(nets):
    model, latents, _ = nets.make("skip and unused branch")
    found = layers(model, latents)
    assert "unused" not in found
    with pytest.raises(UnknownLayerError, match="got: 'unused'"):
        found["unused"]


def test_other_names_and_shared_weights_are_shown():
    inner = nn.Sequential(OrderedDict(a=nn.Linear(3, 3), b=nn.ReLU(), c=nn.Linear(3, 3)))
    inner.c.weight = inner.a.weight
    model = nn.Sequential(inner)
    inner.b.again = inner.a
    found = layers(model, normal(3))
    assert found["0.a"].aliases == ("0.b.again",)
    assert found["0.b.again"] is found["0.a"]
    assert (found["0.a"].tied, found["0.b"].tied, found["0.c"].tied) == (("0.c",), (), ("0.a",))
    assert "0.a = 0.b.again (tied to 0.c)" in repr(found)


def test_weights_shared_below_a_parametrization_are_shown():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    nn.utils.parametrizations.spectral_norm(model[0])
    found = layers(model, normal(3))
    assert (found["0"].kind, found["0"].tied) == ("Linear", ("1",))


def test_what_has_no_units_is_left_out_with_the_reason():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.constant, self.to_tokens, self.norm = nn.Identity(), nn.Linear(1, 5), nn.LayerNorm(5)
            self.counts, self.grid, self.mean = nn.Identity(), nn.LayerNorm([3, 4, 5]), nn.Identity()

        def forward(self, z):
            start = self.constant(torch.ones(1, 3))
            tokens = self.norm(self.to_tokens((z + start)[..., None]))
            self.counts(torch.arange(3))
            return self.mean(self.grid(tokens[:, :, None].expand(-1, -1, 4, -1))).flatten(1)

    found = layers(Tokens(), normal(3))
    assert found.names == ("grid", "mean")
    assert found.left_out == {
        "constant": "its output (1, 3) does not start with the batch of 2",
        "to_tokens": "its output (2, 3, 5) has features last",
        "norm": "its output (2, 3, 5) has features last",
        "counts": "its output holds no floating tensor of two or more dimensions",
    }
    with pytest.raises(
        UnknownLayerError, match=r"'norm' has no units to read: its output .* has features last"
    ):
        found.find("norm")


def test_a_layer_left_out_is_answered_with_one_near_it_only_where_there_is_one(nets):
    found = layers(nn.Sequential(nn.Unflatten(1, (3, 1)), nn.Linear(1, 5)), normal(3))
    with pytest.raises(UnknownLayerError, match=r"next: Take a layer near it: '0'\."):
        found.find("1")
    found = layers(nn.Sequential(OrderedDict(far=nets.Wrap(lambda z: z[:1]))), normal(3))
    with pytest.raises(UnknownLayerError, match=r"next: Add a submodule that puts its units on dimension 1"):
        found.find("far")


def test_an_unknown_layer_is_answered_with_the_nearest_names(nets):
    model, latents, _ = nets.make("conditional")
    with pytest.raises(UnknownLayerError) as error:
        layers(model, latents)["net.02"]
    assert str(error.value) == (
        "The model has no such layer.\n"
        "  got: 'net.02'\n"
        "  allowed: one of its 7 layers; the nearest: 'net.2', 'net.0', 'net.4', 'net.3', 'net.1'\n"
        "  next: gw.layers(model, latents) lists them."
    )


def test_layers_are_a_sequence_found_by_place_or_name(nets):
    model, latents, _ = nets.make("maps")
    found = layers(model, latents)
    assert len(found) == 5
    assert found[1] is found["1"]
    assert found[-2:] == (found["3"], found["4"])
    assert found.names == ("0", "1", "2", "3", "4")
    assert 3 not in found


def test_the_table_shows_odd_names_as_they_are():
    model = nn.Sequential(OrderedDict([("<b>größe</b>", nn.Linear(3, 4)), ("a#1", nn.ReLU())]))
    assert repr(layers(model, normal(3))) == (
        "layer         kind    units  map  calls\n"
        "<b>größe</b>  Linear      4  -        1\n"
        "a#1           ReLU        4  -        1"
    )


def test_a_call_shadowed_by_a_module_of_its_name_is_left_out_not_mixed_up():
    class Shadow(nn.Module):
        def __init__(self):
            super().__init__()
            self.act = nn.ReLU()
            self.add_module("act#1", nn.Linear(3, 7))

        def forward(self, z):
            return self._modules["act#1"](self.act(self.act(z)))

    found = layers(Shadow(), normal(3))
    assert found.names == ("act#0", "act#1")
    assert found["act#1"].kind == "Linear"
    assert found.left_out == {"act#1": "another module is itself named 'act#1'"}


def test_the_probe_neither_fills_a_capture_nor_sees_an_edit_around_it(nets):
    model, latents, _ = nets.make("maps")
    with capture(model, ["2"]) as acts, intervene(model, [Ablate("2", units=[0])]):
        layers(model, latents)
        assert not acts
        model(latents(range(3)))
        assert len(acts["2"]) == 3


def test_latents_that_the_model_fails_on_are_told_with_its_own_error_and_leave_no_hook(assert_unchanged):
    model = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 6))
    same = assert_unchanged(model)
    for look in (lambda: layers(model, normal(3)), lambda: split(model, "0", normal(3))):
        with pytest.raises(LatentsError, match="shapes cannot be multiplied") as caught:
            look()
        assert "\n  allowed: what the forward of Sequential takes, one sample per row" in str(caught.value)
        assert "\n  next: Pass latents of the model's own size" in str(caught.value)
        assert isinstance(caught.value.__cause__, RuntimeError)
    same()


def test_a_model_that_hooks_cannot_read_is_refused():
    with pytest.raises(RefusedModelError, match="TorchScript"):
        layers(torch.jit.ScriptModule(), normal(3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
def test_the_dtype_of_a_layer_is_that_of_its_output(nets, dtype):
    model = nn.Sequential(nn.Linear(3, 4), nets.Wrap(torch.Tensor.double), nn.ReLU()).to(dtype)
    assert [info.dtype for info in layers(model, normal(3))] == [dtype, torch.float64, torch.float64]
