import copy

import pytest
import torch
from torch import nn

import gan_widgets as gw


def trained(render: bool, mode: str = "eval"):
    """Give weights, optimiser and random state after 500 steps of a small generator."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(3, 12),
        nn.BatchNorm1d(12),
        nn.ReLU(inplace=True),
        nn.Dropout(0.2),
        nn.Linear(12, 20),
        nn.Tanh(),
    ).train()
    model.append(nn.Unflatten(1, (1, 4, 5)))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    lab = gw.attach(model, latents=gw.normal(3), layer="2", samples=2, mode=mode) if render else None
    if lab is not None:
        lab.edits = [gw.Ablate("2", units=[1, 4], value="mean")]
    target = torch.linspace(-1, 1, 20).reshape(1, 4, 5)
    for step in range(500):
        loss = (model(torch.randn(8, 3)) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        if lab is not None and step % 2:
            lab.refresh()  # also between backward and step
        optimiser.step()
        if lab is not None:
            lab.refresh()
            lab.preview([gw.Ablate("2", units=[step % 12])])
    if lab is not None:
        lab.close()
    return model.state_dict(), copy.deepcopy(optimiser.state_dict()["state"]), torch.get_rng_state()


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_rendering_at_every_step_does_not_change_training(mode):
    state = torch.get_rng_state()
    alone, watched = trained(render=False), trained(render=True, mode=mode)
    torch.set_rng_state(state)
    torch.testing.assert_close(watched, alone, rtol=0, atol=0)
