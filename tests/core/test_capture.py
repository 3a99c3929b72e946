"""Reading what layers give."""

import copy
import gc
import pickle
import weakref

import pytest
import torch
from torch import nn

from gan_widgets.core.capture import capture
from gan_widgets.core.edits import Ablate, Insert
from gan_widgets.core.errors import HookFailedError, RefusedModelError, UnknownLayerError
from gan_widgets.core.intervene import intervene
from gan_widgets.core.live import call


def test_a_layer_gives_what_was_worked_out_by_hand(nets):
    model = nets.by_hand()
    with capture(model, ["0", "1", "2"]) as acts:
        model(torch.tensor([[1.0, 2.0]]))
    assert {name: act.tolist() for name, act in acts.items()} == {
        "0": [[1.0, 2.0, -4.0]],
        "1": [[1.0, 2.0, 0.0]],
        "2": [[21.0, 0.0]],
    }


def test_every_kind_of_model_gives_its_layer_and_is_left_as_it_was(generator, assert_unchanged):
    model, latents, layer = generator
    inputs = latents(range(3))
    expected = call(model, inputs)
    same = assert_unchanged(model)
    with capture(model, [layer]) as acts:
        output = call(model, inputs)
    same(by_us=False)
    assert torch.equal(output, expected)
    assert acts[layer].shape[:2] == (3, 2 if layer == "act#1" else 6)
    assert not acts[layer].requires_grad
    with capture(model, [layer], stop=True) as stopped:
        call(model, inputs)
        pytest.fail("the forward should have ended the block")
    same(by_us=False)
    assert torch.equal(stopped[layer], acts[layer])


def test_an_activation_in_place_does_not_reach_what_was_captured(nets):
    model, latents, _ = nets.make("in-place activation")
    with capture(model, ["2", "3"]) as acts:
        model(latents(range(3)))
    assert acts["2"].min() < 0
    assert torch.equal(acts["3"], acts["2"].relu())


def test_each_call_of_a_module_is_read_by_its_number(nets):
    model, latents, _ = nets.make("first call")
    with capture(model, ["act#0", "act#1"]) as acts:
        for seeds in (range(2), range(3)):
            output = model(latents(seeds))
    assert acts["act#0"].shape == (3, 6, 4, 6)
    assert torch.equal(acts["act#1"], output)


def test_the_bare_name_of_a_repeated_module_is_refused_with_the_names_of_its_calls(nets):
    model, latents, _ = nets.make("first call")
    with (
        pytest.raises(UnknownLayerError, match=r"'act' runs 2 times(.|\n)*'act#0', 'act#1'"),
        capture(model, ["act"]),
    ):
        model(latents(range(2)))


def test_a_new_forward_forgets_the_one_before(nets):
    model, latents, _ = nets.make("maps")
    with capture(model, ["2"]) as acts:
        model(latents([0]))
        first = acts["2"]
        model(latents([1, 2]))
    assert len(first) == 1
    assert len(acts["2"]) == 2


def test_the_forward_ends_once_every_layer_was_seen(nets):
    model, latents, _ = nets.make("maps")
    ran = []
    for name, module in model.named_children():
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    with capture(model, ["2", "1"], stop=True) as acts:
        model(latents(range(3)))
    assert ran == ["0", "1", "2"]
    assert set(acts) == {"1", "2"}


def test_a_model_that_catches_exceptions_does_not_keep_the_forward_from_ending():
    class Catches(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(3, 4)

        def forward(self, z):
            try:
                self.first(z)
            except Exception:
                return "caught"

    model = Catches()
    with capture(model, ["first"], stop=True) as acts:
        model(torch.ones(2, 3))
        pytest.fail("the forward should have ended the block")
    assert acts["first"].shape == (2, 4)


@pytest.mark.parametrize("capture_first", [True, False])
@pytest.mark.parametrize("layer", ["2", "3"])
def test_an_edited_layer_is_read_after_the_edit_whichever_was_entered_first(nets, capture_first, layer):
    model, latents, _ = nets.make("in-place activation")
    contexts = [capture(model, [layer]), intervene(model, [Insert(layer, units=[1], value=3.0)])]
    first, second = contexts if capture_first else reversed(contexts)
    with first, second, intervene(model, [Insert(layer, units=[0], value=5.0)]):
        model(latents(range(3)))
    acts = contexts[0].acts
    assert (acts[layer][:, 1] == 3).all()
    assert (acts[layer][:, 0] == 5).all()


def test_an_unknown_layer_is_refused_before_any_hook_is_placed(nets, assert_unchanged):
    model, _, _ = nets.make("maps")
    same = assert_unchanged(model)
    with pytest.raises(UnknownLayerError, match=r"got: '22'(.|\n)*nearest: '2'"), capture(model, ["2", "22"]):
        pytest.fail("the block should not run")
    same()


def test_one_name_may_be_given_as_text(nets):
    model, latents, _ = nets.make("conditional")
    with capture(model, "net.2") as acts:
        call(model, latents(range(2)))
    assert list(acts) == ["net.2"]


def test_what_was_not_asked_for_and_what_did_not_run_are_told_apart(nets):
    model, latents, _ = nets.make("skip and unused branch")
    with capture(model, ["norm", "unused"]) as acts:
        model(latents(range(2)))
    assert acts.get("unused") is None
    assert "unused" not in acts
    with pytest.raises(UnknownLayerError, match=r"'unused' has not run.\n  got: 1 of 2 layers captured"):
        acts["unused"]
    with pytest.raises(UnknownLayerError, match="nearest: 'norm', 'unused'"):
        acts["last"]


def test_a_layer_without_a_tensor_fails_in_our_call_not_in_the_users_forward(nets, assert_unchanged):
    model = nets.Structured(lambda h: {"maps": h.long()}, lambda o: o["maps"].float()).eval()
    same = assert_unchanged(model)
    reached = []
    with (
        pytest.raises(HookFailedError, match=r"capture of layer 'make' failed(.|\n)*got: dict(.|\n)*next:"),
        capture(model, ["make"]),
    ):
        reached.append(model(torch.ones(2, 3)).shape)
    assert reached == [(2, 2, 5, 7)]
    same()


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_in_the_forward_or_the_block_leaves_nothing_behind(nets, assert_unchanged, failure):
    model, latents, _ = nets.make("maps")
    model[3].register_forward_hook(lambda *_: (_ for _ in ()).throw(failure))
    same = assert_unchanged(model)
    with pytest.raises(failure), capture(model, ["1", "2"]):
        model(latents(range(2)))
    same()
    with pytest.raises(failure), capture(model, ["1"]):
        raise failure
    same()


def test_a_failed_forward_does_not_confuse_the_count_of_the_next(nets):
    model, latents, _ = nets.make("second call")
    fail = [True]
    hook = model.last.register_forward_hook(lambda *_: 1 / 0 if fail.pop() else None)
    with capture(model, ["act#1"]) as acts:
        with pytest.raises(ZeroDivisionError):
            model(latents(range(2)))
        hook.remove()
        output = model(latents(range(2)))
    assert torch.equal(acts["act#1"], output)


def test_contexts_nest_and_may_be_entered_again_and_closed_twice(nets, assert_unchanged):
    model, latents, _ = nets.make("maps")
    same = assert_unchanged(model)
    reader = capture(model, ["2"])
    with reader as outer, reader as inner, capture(model, ["1"]) as other:
        model(latents(range(2)))
        assert set(other) == {"1"}
    assert outer is inner
    same()
    with reader as acts:
        model(latents(range(5)))
        reader.close()
        model(latents(range(3)))
        reader.close()
    assert len(acts["2"]) == 5
    reader.close()
    same()


def test_a_part_of_the_model_called_by_itself_is_read_by_name_but_not_by_call(nets):
    model, latents, _ = nets.make("conditional")
    with capture(model, ["net.2"]) as acts:
        for n in (2, 3):
            model.net(latents(range(n))[0])
    assert len(acts["net.2"]) == 3
    with (
        pytest.raises(
            HookFailedError, match=r"Calls are counted from the start(.|\n)*name the layer 'net.2'"
        ),
        capture(model, ["net.2#0"]),
    ):
        model.net(latents(range(2))[0])


def test_a_copy_or_pickle_made_inside_takes_no_hook_of_ours_along(nets):
    model = nn.Sequential(*nets.body())
    z = torch.ones(2, 3)
    expected = model(z)
    with capture(model, ["2"]) as acts, intervene(model, [Ablate("2", units=[0])]):
        twins = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    for twin in twins:
        assert torch.equal(twin(z), expected)
    assert not acts


def test_a_model_on_several_devices_is_refused_by_name():
    model = nn.DataParallel(nn.Sequential(nn.Linear(2, 3)))
    model.device_ids = [0, 1]
    with (
        pytest.raises(RefusedModelError, match=r"copies of the model(.|\n)*next: Use model.module"),
        capture(model, ["0"]),
    ):
        pytest.fail("the block should not run")


def test_a_copy_of_the_model_that_runs_in_its_place_is_refused_not_mixed_in():
    model = nn.Sequential(nn.Linear(2, 3))
    reader = capture(model, ["0"])
    acts = reader.__enter__()
    replica = model[0]._replicate_for_data_parallel()
    replica.weight, replica.bias = model[0].weight, model[0].bias
    replica(torch.ones(1, 2))
    with pytest.raises(HookFailedError, match="DataParallel runs copies"):
        reader.close()
    assert not acts


def test_a_forward_that_was_ended_early_is_freed_without_garbage_collection():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    gc.disable()
    try:
        context = capture(model, ["0"], stop=True)
        with context as acts:
            model(torch.zeros(4, 3))
        gone = weakref.ref(acts["0"])
        del acts, context
        assert gone() is None
    finally:
        gc.enable()
