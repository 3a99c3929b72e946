"""Fixtures shared by the tests of the core."""

import random

import numpy as np
import pytest
import torch
from hypothesis import settings

from gan_widgets.core.live import unwrap
from tests.core import nets as _nets
from tests.keyboard import keyboard  # noqa: F401  (a fixture)

# the first example of a test pays for what torch loads late
settings.register_profile("core", deadline=None)
settings.load_profile("core")


@pytest.fixture(scope="session")
def nets():
    """The module of tiny generators."""
    return _nets


@pytest.fixture(params=_nets.KINDS)
def kind(request):
    """Each kind of module by name."""
    return request.param


@pytest.fixture
def generator(kind):
    """A model of each kind, its latents, and the name of a layer in its middle."""
    return _nets.make(kind)


def everything(model):
    """All that must not change: tensors (and which objects they are), flags, hooks, and the random states."""
    root = unwrap(model)
    return {
        "tensors": {
            name: (id(t), t._version, t.clone()) for name, t in root.state_dict(keep_vars=True).items()
        },
        "attributes": {
            name: [(key, id(value)) for key, value in vars(module).items() if isinstance(value, torch.Tensor)]
            for name, module in root.named_modules()
        },
        "flags": [module.training for module in model.modules()],
        "hooks": [
            [
                list(getattr(module, kind).items())
                for kind in vars(module)
                if kind.endswith("hooks") and "dict" not in kind
            ]
            + [sorted(module._forward_hooks_always_called), sorted(module._forward_hooks_with_kwargs)]
            for module in model.modules()
        ],
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state(legacy=False)["state"]["key"].tolist(),  # noqa: NPY002
        "python": random.getstate(),
        "grad": torch.is_grad_enabled(),
        "autocast": (torch.is_autocast_enabled("cpu"), torch.is_autocast_cache_enabled()),
    }


@pytest.fixture
def assert_unchanged():
    """`same = assert_unchanged(model)` takes note; `same()` that nothing has changed since."""

    def note(model):
        before = everything(model)

        def same(*, by_us=True):
            after = everything(model)
            assert after["tensors"].keys() == before["tensors"].keys()
            for name, (identity, version, tensor) in before["tensors"].items():
                assert after["tensors"][name][:2] == (identity, version), name
                assert torch.equal(after["tensors"][name][2], tensor), name
            assert torch.equal(after["torch"], before["torch"])
            # a forward of the user's own may set attributes anew, as the older spectral norm does
            for part in ("flags", "hooks", "numpy", "python", "grad", "autocast", *["attributes"] * by_us):
                assert after[part] == before[part], part

        return same

    return note
