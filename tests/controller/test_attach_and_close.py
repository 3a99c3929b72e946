"""A controller's life: failing renders, what attaching costs and says, closing, threads."""

import copy
import gc
import random
import threading
import weakref

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import (
    ControllerError,
    GanWidgetsError,
    HookFailedError,
    RefusedModelError,
    RenderError,
)
from tests.controller.looking import hooks


class Moody(nn.Module):
    """Fails when told to."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3 * 4 * 5), nn.Unflatten(1, (3, 4, 5))
        )
        self.angry = False

    def forward(self, z):
        if self.angry:
            raise ZeroDivisionError("not in the mood")
        return self.net(z)


class Late(Moody):
    """Fails in the part after the layer."""

    def forward(self, z):
        h = self.net[1](self.net[0](z))
        if self.angry:
            raise ZeroDivisionError("not in the mood")
        return self.net[3](self.net[2](h))


@pytest.mark.parametrize("kind", [Moody, Late])
def test_a_failed_render_is_raised_shown_and_cleared_by_a_good_one(kind):
    model = kind()
    with gw.attach(model, latents=gw.normal(6), layer="net.1", samples=3) as lab:
        images = lab.images
        model.angry = True
        try:
            with pytest.raises(RenderError) as raised:
                lab.refresh()
        except pytest.fail.Exception:
            assert lab.status.how != "full"  # the plain modules were run, which are not in a mood
            return
        text = str(raised.value)
        assert "ZeroDivisionError: not in the mood" in text
        assert all(part in text for part in ("got:", "allowed:", "next:"))
        assert lab.error == text
        assert lab.images is images
        assert lab.edits == ()
        with pytest.raises(RenderError):
            lab.edits = [gw.Ablate("net.1", units=[0])]
        assert lab.edits == ()
        assert not lab.status.can_undo
        model.angry = False
        lab.edits = [gw.Ablate("net.1", units=[0])]
        assert lab.error == ""
        assert len(lab.edits) == 1


def test_attaching_costs_one_forward_beside_the_self_check(model):
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    gw.layers(model, gw.normal(6))
    probe, calls[:] = len(calls), []
    gw.split(model, "3", gw.normal(6))
    check, calls[:] = len(calls), []
    with gw.attach(model, latents=gw.normal(6), layer="3"):
        assert probe == 1
        assert len(calls) == probe + check


def test_a_wrapper_that_hides_the_hooks_of_its_model_is_refused_by_name(model):
    class Wrapper(nn.DataParallel):
        def forward(self, z):
            return torch.zeros(len(z), 1, 4, 6)

    with pytest.raises(HookFailedError, match=r"not through these layers' hooks(.|\n)*'3'"):
        gw.attach(Wrapper(model), latents=gw.normal(6), layer="3")


def test_nothing_is_rendered_before_it_is_wanted(lab):
    assert "images" not in lab._trait_values
    assert lab.status.ms > 0
    assert "images" in lab._trait_values


def test_the_repr_says_what_was_found(lab):
    text = repr(lab)
    assert text.startswith("Controller(Sequential)\n")
    for words in ("8 ran", "'3': ReLU, 8 units of 7×5", "normal", "sequential", "for 5 samples", "eval mode"):
        assert words in text, text
    assert " ms " in text


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        (
            [
                nn.Linear(6, 350),
                nn.Unflatten(1, (10, 7, 5)),
                nn.ReLU(),
                nn.Conv2d(10, 9, 1),
                nn.ReLU(),
                nn.Conv2d(9, 1, 1),
            ],
            "4",
        ),
        ([nn.Linear(6, 350), nn.Unflatten(1, (10, 7, 5)), nn.Conv2d(10, 9, 1), nn.Conv2d(9, 1, 1)], "2"),
        ([nn.Linear(6, 30), nn.ReLU(), nn.Linear(30, 40), nn.LeakyReLU(), nn.Linear(40, 49), nn.Tanh()], "3"),
        ([nn.Linear(6, 49)], "0"),
    ],
)
def test_the_layer_taken_without_asking_is_the_middle_of_the_best_kind(modules, expected):
    with gw.attach(nn.Sequential(*modules), latents=gw.normal(6)) as lab:
        assert lab.layer == expected


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"samples": 0}, "samples"),
        ({"samples": 2.5}, "2.5"),
        ({"mode": "test"}, "'test'"),
        ({"range": (1, -1)}, r"\(1, -1\)"),
        ({"range": (0, float("inf"))}, "inf"),
        ({"range": 3}, "3"),
        ({"layer": "nope"}, "nope"),
    ],
)
def test_attach_refuses_what_it_cannot_show(model, keywords, words):
    with pytest.raises(GanWidgetsError, match=words) as raised:
        gw.attach(model, latents=gw.normal(6), **keywords)
    assert "next:" in str(raised.value)


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.rows, self.norm = nn.Linear(6, 9), nn.LayerNorm(9)

    def forward(self, z):
        return self.norm(self.rows(z[:, None].expand(-1, 5, -1))).flatten(1)


@pytest.mark.parametrize("layer", [None, "rows", 3])
@pytest.mark.parametrize(
    ("make", "got"),
    [
        (Tokens, "'rows': its output (2, 5, 9) has features last; 'norm': its output (2, 5, 9) has features"),
        (lambda: nn.Linear(6, 45), "no submodule that ran"),
    ],
)
def test_a_model_without_a_layer_to_look_at_is_refused_with_the_reasons(make, got, layer):
    with pytest.raises(RefusedModelError, match="no layer that can be looked at") as raised:
        gw.attach(make(), latents=gw.normal(6), layer=layer)
    text = str(raised.value)
    assert f"\n  got: {got}" in text
    assert all(part in text for part in ("\n  allowed: ", "\n  next: "))


def test_train_mode_uses_the_statistics_of_the_batch_and_keeps_the_running_ones(model):
    with gw.attach(model, latents=gw.normal(6), layer="3", samples=4, mode="train") as lab:
        before = copy.deepcopy(model.state_dict())
        live = copy.deepcopy(model).train()
        with torch.no_grad():
            torch.testing.assert_close(lab.images, live(gw.normal(6)(range(4))))
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
        assert not any(module.training for module in model.modules())
        assert lab.recipe().mode == "train"


def test_a_closed_controller_refuses_changes_and_keeps_its_pictures(lab):
    images = lab.images
    lab.observe(print, "images")
    lab.close()
    lab.close()
    assert lab.images is images
    assert lab.closed
    for change in (lambda: setattr(lab, "edits", []), lambda: lab.preview([]), lab.undo, lab.refresh):
        with pytest.raises(ControllerError, match="this controller is closed"):
            change()
    assert not lab._trait_notifiers
    assert "closed" in repr(lab)


def test_attaching_and_closing_leaves_the_model_as_it_was(model):
    model.train()
    model[2].eval()
    z = gw.normal(6)(range(3))

    def fingerprint():
        with torch.no_grad():
            output = copy.deepcopy(model)(z)
        return (
            {name: value.clone() for name, value in model.state_dict().items()},
            output,
            hooks(model),
            [module.training for module in model.modules()],
            torch.get_rng_state(),
            np.random.get_state()[1].tolist(),  # noqa: NPY002  (the global state is what must not move)
            random.getstate(),
        )

    before = fingerprint()
    for _ in range(20):
        with gw.attach(model, latents=gw.normal(6), layer="3", samples=2) as lab:
            lab.edits = [gw.Ablate("3", units=[1], value="mean"), gw.Ablate("5", units=[0])]
            lab.preview([gw.Ablate("2", units=[0], value="resample")])
    after = fingerprint()
    torch.testing.assert_close(after[:2], before[:2], rtol=0, atol=0)
    assert after[2:4] == before[2:4]
    assert after[5:] == before[5:]
    assert torch.equal(after[4], before[4])


def test_a_closed_controller_is_collected(model):
    lab = gw.attach(model, latents=gw.normal(6), layer="3")
    lab.edits = [gw.Ablate("3", units=[1])]
    lab.close()
    gone = weakref.ref(lab)
    del lab
    gc.collect()
    assert gone() is None


def test_two_controllers_of_one_model_share_its_lock(model):
    with gw.attach(model, latents=gw.normal(6)) as one, gw.attach(model, latents=gw.normal(6)) as two:
        entered = threading.Event()

        def preview():
            two.preview([])
            entered.set()

        with one.hold():
            thread = threading.Thread(target=preview)
            thread.start()
            assert not entered.wait(0.1)
        assert entered.wait(10)
        thread.join()


def test_threads_that_edit_preview_undo_and_close_leave_a_consistent_state(model):
    lab = gw.attach(model, latents=gw.normal(6), layer="3", samples=2)
    failures, seen = [], []

    def consistent(change):
        with lab.hold():
            seen.append(len(lab.images) == len(lab.seeds) == len(lab.activations))

    lab.observe(consistent, ["images", "edits", "seeds"])

    def work(action):
        for k in range(40):
            try:
                action(k)
            except ControllerError as error:
                if "closed" not in str(error):
                    failures.append(error)
            except Exception as error:
                failures.append(error)

    actions = [
        lambda k: setattr(lab, "edits", [gw.Ablate("3", units=[k % 8], strength=k % 7 / 7)]),
        lambda k: lab.preview([gw.Ablate("5", units=[k % 5])]),
        lambda k: setattr(lab, "seeds", range(k, k + 2 + k % 2)),
        lambda k: lab.close() if k == 39 else lab.undo(),
    ]
    threads = [threading.Thread(target=work, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert seen
    assert all(seen)
    assert lab.closed
    assert hooks(model) == 0
