"""AUC and correlation from counts at levels, against the values themselves."""

import numpy as np
import pytest
import torch

from gan_widgets.dissect.overlap import overlap
from gan_widgets.dissect.ranks import auc, correlation
from gan_widgets.dissect.statistics import Counts


def counted(values, marks, levels):
    counts = Counts.zeros(values.shape[1], levels.shape[1], marks.shape[1], blocks=1)
    counts.add(0, overlap(values[:, :, None, None], levels, marks[:, :, None, None]))
    return counts.total()


def test_a_level_between_all_values_gives_the_exact_area_and_correlation():
    draw = torch.Generator().manual_seed(4)
    marks = torch.rand(60, 2, generator=draw) < 0.4
    values = torch.randint(0, 9, (60, 3), generator=draw).float()
    values[:, 1] += 4 * marks[:, 0]
    levels = (torch.arange(13) - 0.5).expand(3, 13).contiguous()
    total = counted(values, marks, levels)
    for u in range(3):
        for c in range(2):
            with_it, without = values[marks[:, c], u], values[~marks[:, c], u]
            wins = (with_it[:, None] > without).double() + 0.5 * (with_it[:, None] == without)
            assert auc(total)[u, c] == pytest.approx(wins.mean().item(), abs=1e-12)
            exact = np.corrcoef(values[:, u].numpy(), marks[:, c].numpy())[0, 1]
            assert correlation(total, levels.double().numpy())[u, c] == pytest.approx(exact, abs=1e-12)


def test_a_concept_that_is_everywhere_or_nowhere_ranks_nothing():
    marks = torch.tensor([[True, False]] * 6)
    total = counted(torch.arange(6.0)[:, None], marks, torch.tensor([[0.5, 2.5]]))
    assert np.isnan(auc(total)).all()
    assert np.isnan(correlation(total, np.array([[0.5, 2.5]]))).all()


def test_one_level_is_enough_for_both():
    marks = torch.tensor([[True], [True], [False], [False]])
    total = counted(torch.tensor([[3.0], [2.0], [1.0], [0.0]]), marks, torch.tensor([[1.5]]))
    assert auc(total).tolist() == [[1.0]]
    assert correlation(total, np.array([[1.5]])).round(12).tolist() == [[1.0]]
