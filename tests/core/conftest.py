"""Fixtures shared by the tests of the core."""

import importlib.util
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_widgets.core.live import unwrap

_SPEC = importlib.util.spec_from_file_location("core_nets", Path(__file__).with_name("nets.py"))
_NETS = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_NETS)


@pytest.fixture(scope="session")
def nets():
    """The module of tiny generators."""
    return _NETS


@pytest.fixture(params=_NETS.KINDS)
def kind(request):
    """Each kind of module by name."""
    return request.param


@pytest.fixture
def generator(kind):
    """A model of each kind, its latents, and the name of a layer in its middle."""
    return _NETS.make(kind)


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
    """`same = assert_unchanged(model)` takes note; `same()` asserts that nothing has changed since."""

    def note(model):
        before = everything(model)

        def same():
            after = everything(model)
            assert after["tensors"].keys() == before["tensors"].keys()
            for name, (identity, version, tensor) in before["tensors"].items():
                assert after["tensors"][name][:2] == (identity, version), name
                assert torch.equal(after["tensors"][name][2], tensor), name
            assert torch.equal(after["torch"], before["torch"])
            for part in ("attributes", "flags", "hooks", "numpy", "python", "grad", "autocast"):
                assert after[part] == before[part], part

        return same

    return note
