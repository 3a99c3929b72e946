"""The user's model, run without leaving a trace."""

import random
import threading

import numpy as np
import pytest
import torch
from torch import nn

from gan_widgets.core.edits import Ablate
from gan_widgets.core.errors import GanWidgetsError, ModeError, RefusedModelError
from gan_widgets.core.intervene import intervene
from gan_widgets.core.latents import normal
from gan_widgets.core.layers import layers
from gan_widgets.core.live import call, eager, quiet, unwrap
from gan_widgets.core.recipe import Recipe
from gan_widgets.core.split import split


def test_tensors_tuples_and_dicts_reach_the_model_as_arguments(nets):
    model, latents, _ = nets.make("conditional")
    z, label = latents(range(3))
    by_place, by_name = call(model, (z, label)), call(model, {"label": label, "z": z})
    assert torch.equal(by_place, model(z, label))
    assert torch.equal(by_name, by_place)


def test_forwards_of_every_kind_of_model_leave_nothing_behind(generator, assert_unchanged):
    model, latents, _ = generator
    model.train()
    model.requires_grad_(True)
    call(model, latents(range(2)))
    same = assert_unchanged(model)
    for mode in ("eval", "train", "asis"):
        with quiet(model, mode):
            call(model, latents(range(3)))
            recording = torch.is_grad_enabled()
        assert not recording
        same()


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_an_exception_inside_is_passed_on_and_leaves_nothing_behind(failure, assert_unchanged):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).train()
    model[2].training = False
    model.register_forward_hook(lambda *_: (_ for _ in ()).throw(failure))
    same = assert_unchanged(model)
    with pytest.raises(failure), quiet(model, "train"):
        model(torch.ones(5, 3))
    same()


@pytest.mark.parametrize("device", ["cpu", *["cuda"] * torch.cuda.is_available()])
def test_random_numbers_drawn_inside_are_not_missed_outside(device):
    torch.rand(1, device=device)
    with quiet(nn.Dropout(0.5), "train"):
        first = torch.rand(3, device=device)
    assert torch.equal(torch.rand(3, device=device), first)


def noisy_hook(module, inputs):
    del module
    return tuple(x + torch.rand_like(x) for x in inputs)


def noisy_forward():
    model = nn.Sequential(nn.Linear(3, 3))
    model[0].forward = torch.rand_like
    return model


def hooked():
    model = nn.Sequential(nn.Linear(3, 3))
    model[0].register_forward_pre_hook(noisy_hook)
    return model


@pytest.mark.parametrize("make", [nn.Dropout, nn.RReLU, noisy_forward, hooked])
def test_models_that_draw_leave_the_random_states_as_they_were(make):
    model = make()
    before = torch.get_rng_state(), random.getstate(), np.random.get_state(legacy=False)["state"]["pos"]  # noqa: NPY002
    with quiet(model, "train"):
        model(torch.ones(2, 3))
        torch.rand(3), np.random.rand(), random.random()  # noqa: NPY002
    assert torch.get_rng_state().equal(before[0])
    assert (random.getstate(), np.random.get_state(legacy=False)["state"]["pos"]) == before[1:]  # noqa: NPY002


def test_a_model_that_draws_nothing_leaves_the_random_states_to_other_threads():
    before = torch.get_rng_state()
    with quiet(nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.ReLU())):
        other = threading.Thread(target=torch.rand, args=(1,))
        other.start()
        other.join()
    assert not torch.get_rng_state().equal(before)


def test_each_modules_own_flag_is_put_back():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Sequential(nn.Dropout(), nn.ReLU()))
    flags = [True, False, True, False, True]
    for module, flag in zip(model.modules(), flags, strict=True):
        module.training = flag
    for mode, inside in {"eval": [False] * 5, "train": [True] * 5, "asis": flags}.items():
        with quiet(model, mode):
            assert [module.training for module in model.modules()] == inside
        assert [module.training for module in model.modules()] == flags


def test_an_unknown_mode_is_refused_by_its_name():
    model, edit = nn.Sequential(nn.Linear(3, 2)), Ablate("0", units=[0], value="mean")
    for run in (
        lambda: quiet(nn.ReLU(), "evil").__enter__(),
        lambda: layers(model, normal(3), mode="evil"),
        lambda: split(model, "0", normal(3), mode="evil"),
        lambda: intervene(model, edit, latents=normal(3), mode="evil").__enter__(),
        lambda: Recipe.of(model, normal(3), [0], mode="evil"),
    ):
        with pytest.raises(ModeError, match=r"got: 'evil'\n  allowed: \('eval', 'train', 'asis'\)"):
            run()
    assert issubclass(ModeError, GanWidgetsError)
    assert issubclass(ModeError, ValueError)


def test_train_mode_uses_batch_statistics_and_keeps_the_running_ones(assert_unchanged):
    norm = nn.BatchNorm1d(2).eval()
    same = assert_unchanged(norm)
    with quiet(norm, "train"):
        output = norm(torch.tensor([[0.0, 4.0], [2.0, 8.0]]))
    assert torch.allclose(output, torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), atol=1e-4)
    same()


def test_a_module_that_writes_to_its_buffers_while_evaluating_is_protected_too(nets, assert_unchanged):
    model = nets.Noisy().eval()
    same = assert_unchanged(model)
    with quiet(model, "eval"):
        model(torch.ones(2, 3))
        assert model.calls == 1
    same()


def test_one_buffer_under_two_names_stays_one_buffer():
    class Shares(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("a", torch.zeros(1))
            self.register_buffer("b", self.a)

        def forward(self, x):
            self.a += x
            return self.b

    model = Shares()
    with quiet(model):
        assert model(torch.ones(1)) == 1
    assert model.a is model.b
    assert model.a == 0


def test_a_backward_of_the_users_survives_a_render_between_its_forward_and_itself(nets):
    model, latents, _ = nets.make("maps")
    model.train()
    loss = model(latents(range(4))).square().mean()
    with quiet(model, "train"):
        model(latents(range(3)))
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_autocast_keeps_no_weight_cast_without_gradient():
    model = nn.Linear(3, 4)
    with torch.autocast("cpu", torch.bfloat16):
        with quiet(model):
            assert model(torch.ones(2, 3)).dtype == torch.bfloat16
        model(torch.ones(2, 3)).sum().backward()
    assert model.weight.grad is not None


def test_the_older_spectral_norm_keeps_the_weight_of_the_users_graph(nets):
    model, latents, _ = nets.make("older spectral norm")
    model.train()
    model(latents(range(2)))
    weight = model[1].weight
    with quiet(model):
        model(latents(range(2)))
    assert model[1].weight is weight
    assert weight.grad_fn is not None


def test_wrappers_are_looked_through():
    inner = nn.Sequential(nn.Linear(2, 3))
    assert unwrap(inner) is inner
    assert unwrap(nn.DataParallel(inner)) is inner
    assert unwrap(torch.compile(inner, backend="eager")) is inner
    assert unwrap(nn.DataParallel(torch.compile(inner, backend="eager"))) is inner
    assert unwrap(torch.compile(nn.DataParallel(inner), backend="eager")) is inner


@pytest.fixture
def process_group():
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.filterwarnings("ignore")
def test_distributed_data_parallel_is_looked_through(process_group):
    inner = nn.Linear(2, 3)
    assert unwrap(nn.parallel.DistributedDataParallel(inner)) is inner


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("where", ["the model", "a part of it"])
def test_fsdp_is_refused_by_name(process_group, where):
    from torch.distributed.fsdp import fully_shard

    model = nn.Sequential(nn.Sequential(nn.Linear(2, 3)))
    fully_shard(model if where == "the model" else model[0])
    with pytest.raises(
        RefusedModelError, match=r"An FSDP model keeps only a shard(.|\n)*got:(.|\n)*next: Gather"
    ):
        unwrap(model)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("make", [lambda m: torch.jit.trace(m, torch.ones(1, 2)), torch.jit.script])
def test_torchscript_is_refused_by_name(make):
    with pytest.raises(
        RefusedModelError, match=r"TorchScript(.|\n)*allowed: the Python module(.|\n)*next: Build"
    ):
        unwrap(make(nn.Sequential(nn.Linear(2, 3))))


def test_what_is_no_module_is_refused():
    with pytest.raises(RefusedModelError, match=r"got: function(.|\n)*allowed: an nn.Module"):
        unwrap(lambda z: z)


def test_compiled_code_runs_as_plain_python_inside_and_compiled_again_outside():
    seen = []

    def backend(graph, _):
        def run(*args):
            seen.append("compiled")
            return graph(*args)

        return run

    class Calls(nn.Module):
        def __init__(self):
            super().__init__()
            self.f = torch.compile(torch.sin, backend=backend)

        def forward(self, x):
            return self.f(x)

    model = Calls()
    model(torch.ones(2))
    assert seen == ["compiled"]
    with eager(model), eager(model):
        model(torch.ones(2))
    assert seen == ["compiled"]
    model(torch.ones(2))
    assert seen == ["compiled"] * 2


def test_two_threads_that_want_eager_code_leave_the_stance_as_it_was():
    from torch._dynamo import eval_frame

    model = nn.Linear(2, 3)
    model.compile(backend="eager")
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))

    def first():
        with eager(model):
            first_is_in.set()
            second_is_in.wait(10)
        first_is_out.set()

    thread = threading.Thread(target=first)
    thread.start()
    first_is_in.wait(10)
    with eager(model):
        second_is_in.set()
        first_is_out.wait(10)
        assert eval_frame._stance.stance == "force_eager"
    thread.join()
    assert eval_frame._stance.stance == "default"


def test_nothing_happens_to_the_stance_for_a_model_that_is_not_compiled():
    from torch._dynamo import eval_frame

    with eager(nn.Linear(2, 3)):
        assert eval_frame._stance.stance == "default"
