"""Fixtures shared by the tests of dissection."""

import pytest

from tests.core.conftest import assert_unchanged  # noqa: F401  (a fixture)
from tests.dissect.tabled import random_tables, tabled


@pytest.fixture
def small():
    """A model of 5 units at 3×5, its latents, and a segmenter of 3 concepts on 12×20, all at random."""
    return tabled(*random_tables())
