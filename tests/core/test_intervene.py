"""Editing layers while the model runs."""

import threading

import pytest
import torch
from torch import nn

from gan_widgets.core.capture import capture
from gan_widgets.core.edits import Ablate, Insert, Scale
from gan_widgets.core.intervene import dry_run, intervene
from gan_widgets.core.layers import layers
from gan_widgets.core.live import call, eager, unwrap
from gan_widgets.core.names import resolve
from gan_widgets.core.reference import Reference


def tensor_in(output):
    """The layer's tensor, found without the code under test."""
    if isinstance(output, torch.Tensor):
        return output if output.ndim > 1 and output.is_floating_point() else None
    parts = output.values() if isinstance(output, dict) else output
    parts = parts if isinstance(parts, (list, tuple)) or isinstance(output, dict) else vars(output).values()
    return next(
        (t for t in map(tensor_in, [p for p in parts if not isinstance(p, (str, int))]) if t is not None),
        None,
    )


def edited_by_hand(model, layer, inputs, change):
    """The output when the layer's tensor is changed in place inside the module's own forward."""
    target = resolve(unwrap(model), [layer])[0]
    calls, forward = [], target.module.forward

    def changed(*args, **kwargs):
        output = forward(*args, **kwargs)
        if len(calls) == (target.call or 0):
            change(tensor_in(output))
        calls.append(1)
        return output

    target.module.forward = changed
    try:
        with torch.no_grad(), eager(model):
            return call(model, inputs)
    finally:
        target.module.forward = forward


def test_an_edit_changes_the_output_as_worked_out_by_hand(nets):
    model, z = nets.by_hand(), torch.tensor([[1.0, 2.0]])
    for edits, expected in {
        (): [21.0, 0.0],
        (Ablate("1", units=[1]),): [1.0, 0.0],
        (Ablate("1", units=[1], strength=0.5),): [11.0, 0.0],
        (Insert("1", units=[2], value=3.0),): [21.0, 300.0],
        (Scale("1", units=[0, 1], factor=(2.0, 3.0)),): [62.0, 0.0],
        (Insert("0", units=[2], value=4.0), Scale("1", units=[2], factor=0.5)): [21.0, 200.0],
        (Insert("1", units=[0], value=8.0), Ablate("1", units=[0], strength=0.25)): [26.0, 0.0],
        (Ablate("1", units=[0], strength=0.25), Insert("1", units=[0], value=8.0)): [28.0, 0.0],
    }.items():
        with intervene(model, edits):
            assert model(z).tolist() == [expected], edits
        assert model(z).tolist() == [[21.0, 0.0]]


def test_every_kind_of_model_is_edited_and_left_as_it_was(generator, assert_unchanged):
    model, latents, layer = generator
    inputs = latents(range(3))
    plain = call(model, inputs)
    same = assert_unchanged(model)

    def change(tensor):
        tensor[:, 1] = 0.0
        tensor[:, 0] = tensor[:, 0] * 0.5 + 2.0

    expected = edited_by_hand(model, layer, inputs, change)
    with intervene(model, [Ablate(layer, units=[1]), Insert(layer, units=[0], value=4.0, strength=0.5)]):
        output = call(model, inputs)
    same(by_us=False)
    assert output.dtype == plain.dtype
    assert torch.equal(output, expected)
    assert not torch.equal(output, plain)
    assert torch.equal(call(model, inputs), plain)


@pytest.mark.parametrize(
    ("kind", "layer"),
    [
        (k, "make")
        for k in ("tuple", "odd tuple", "named tuple", "list", "dict", "ordered dict", "dataclass", "nested")
    ],
)
def test_what_follows_gets_the_layers_output_in_its_own_type(nets, kind, layer):
    model, latents, _ = nets.make(kind)
    taken, take = [], model.take
    model.take = lambda output: taken.append(output) or take(output)
    model(latents([0]))
    with intervene(model, [Ablate(layer, units=[0])]):
        model(latents([0]))
    plain, edited = taken
    assert type(edited) is type(plain)
    assert edited is not plain
    assert take(plain)[:, 0].any()
    assert not take(edited)[:, 0].any()


def test_a_hook_added_after_compiling_is_ignored_by_torch_alone(nets):
    model, latents, _ = nets.make("compiled")
    plain = model(latents([0]))
    ignored = []
    handle = unwrap(model).front[2].register_forward_hook(lambda *_: ignored.append(1))
    model(latents([0]))
    handle.remove()
    assert not ignored  # or force_eager would not be needed any more
    with intervene(model, [Ablate("front.2", units=range(6))]):
        assert not torch.equal(model(latents([0])), plain)


def test_a_model_compiled_inside_the_block_keeps_no_edit_after_it(nets):
    model, latents, _ = nets.make("maps")
    torch._dynamo.reset()
    z = latents([0])
    with torch.no_grad():
        plain = model(z)
        with intervene(model, [Ablate("2", units=range(6))]):
            inside = torch.compile(model, backend="eager")
            assert not torch.equal(inside(z), plain)
        assert torch.equal(inside(z), plain)


def test_an_inner_context_edits_what_the_outer_one_gave(nets):
    model, z = nets.by_hand(), torch.tensor([[1.0, 2.0]])
    outer = intervene(model, [Insert("1", units=[0], value=8.0)])
    inner = intervene(model, [Scale("1", units=[0], factor=0.5)])
    with outer, inner:
        assert model(z).tolist() == [[24.0, 0.0]]
    with inner, outer:
        assert model(z).tolist() == [[28.0, 0.0]]
    with inner, inner:
        assert model(z).tolist() == [[20.25, 0.0]]
    with outer:
        with inner:
            pass
        assert model(z).tolist() == [[28.0, 0.0]]


def test_edits_under_two_names_of_one_module_keep_their_order():
    shared = nn.Identity()
    model = nn.Sequential(shared)
    model.also = shared
    model.forward = shared.__call__
    edits = [Insert("0", [0], 8.0), Scale("also", [0], 0.5), Insert("0", [0], 2.0, strength=0.5)]
    with intervene(model, edits):
        assert model(torch.ones(1, 1)).item() == 3.0


def test_gradients_flow_through_an_edit(nets):
    model = nets.by_hand()
    z = torch.tensor([[1.0, 2.0]], requires_grad=True)
    with intervene(model, [Scale("1", units=[0], factor=3.0, strength=0.5), Ablate("1", units=[1])]):
        model(z)[0, 0].backward()
    assert z.grad.tolist() == [[2.0, 0.0]]


def test_the_users_hooks_run_and_stay(nets, assert_unchanged):
    model, latents, _ = nets.make("maps")
    seen = []
    model[2].register_forward_hook(lambda _, __, output: seen.append(output.clone()) or output + 1)
    model[2].register_forward_pre_hook(lambda *_: None)
    same = assert_unchanged(model)
    with intervene(model, [Scale("2", units=[0], factor=2.0)]), capture(model, ["2"]) as acts:
        model(latents(range(2)))
    same()
    assert torch.equal(acts["2"][:, 0], (seen[0][:, 0] + 1) * 2)
    assert torch.equal(acts["2"][:, 1:], seen[0][:, 1:] + 1)


@pytest.mark.parametrize("value", ["mean", "resample"])
def test_measured_values_are_those_of_the_unedited_model(nets, value):
    model, latents, _ = nets.make("maps")
    seeds = [3, 70, 3]
    edit = Ablate("3", units=[2, 0], value=value)
    wanted = Reference(model, latents).values([edit], seeds)[edit]
    wanted = wanted[:, None, None].expand(3, 2, 4, 6) if value == "mean" else wanted
    around = intervene(model, [Scale("2", units=range(6), factor=10.0)])
    with around, intervene(model, [edit], latents=latents, seeds=seeds), capture(model, ["3"]) as acts:
        model(latents(seeds))
    assert torch.equal(acts["3"][:, [2, 0]], wanted)
    given = {edit: Reference(model, latents).values([edit], seeds)[edit]}
    with intervene(model, [edit], values=given), capture(model, ["3"]) as again:
        model(latents(seeds))
    assert torch.equal(again["3"][:, [2, 0]], acts["3"][:, [2, 0]])


def test_a_dry_run_finds_the_hooks_of_every_kind_of_model_fire(generator, assert_unchanged):
    model, latents, _ = generator
    names = layers(model, latents).names
    same = assert_unchanged(model)
    dry_run(model, names, latents)
    same()


def test_a_compiled_function_that_calls_the_model_does_not_pass_the_edit_by(nets):
    torch._dynamo.reset()
    model, latents, _ = nets.make("fully connected")
    f = torch.compile(lambda z: model(z) * 2, backend="eager")
    z = latents(range(2))
    plain = f(z)
    with intervene(model, [Insert("3", units=[5], value=9.0)]), capture(model, ["3"]) as acts:
        assert (f(z)[:, 5] == 18).all()
    assert (acts["3"][:, 5] == 9).all()
    assert f(z).equal(plain)


def test_threads_that_run_the_model_at_once_all_see_the_edit():
    model = nn.Sequential(*[nn.Linear(3, 3) for _ in range(30)])
    inside = threading.Barrier(3, timeout=30)
    seen = []

    def meet(*_):
        inside.wait()

    model[10].register_forward_hook(meet)

    def run():
        seen.append(model(torch.ones(2, 3))[:, 1].tolist())

    threads = [threading.Thread(target=run) for _ in range(3)]
    with intervene(model, [Insert("29", units=[1], value=9.0)]):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [[9.0, 9.0]] * 3


def test_a_capture_that_ends_the_forward_leaves_edits_of_parts_called_alone_working(nets):
    model, latents, _ = nets.make("skip and unused branch")
    z = latents(range(2))
    with intervene(model, [Insert("norm", units=[1], value=9.0)]):
        with capture(model, ["norm"], stop=True) as acts:
            model(z)
        assert (acts["norm"][:, 1] == 9).all()
        for _ in range(2):
            assert (model.norm(model.head(z))[:, 1] == 9).all()
