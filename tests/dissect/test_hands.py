"""Counting side by side: the same counts whatever the number of threads, and no number of threads changed."""

import threading
import time

import pytest
import torch

from gan_widgets.dissect.hands import side_by_side
from gan_widgets.dissect.run import dissect
from tests.dissect.tabled import random_tables, tabled

CPU = torch.device("cpu")


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def in_a_new_thread(ask):
    given = []
    thread = threading.Thread(target=lambda: given.append(ask()))
    thread.start()
    thread.join()
    return given[0]


@pytest.mark.parametrize("threshold", ["quantile", "iqr"])
def test_counts_do_not_depend_on_the_number_of_threads(threshold, threads):
    model, latents, segmenter = tabled(*random_tables(80, 6, 3, (3, 2), 4, 0, 0.3))
    found = []
    for number in (1, 2, 5):
        threads(number)
        found.append(
            dissect(
                model, ["first"], latents=latents, segmenter=segmenter, images=80, share=0.05,
                threshold=threshold, levels=6, progress=False,
            )["first"]
        )  # fmt: skip
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_threads_are_as_many_as_before(number, threads):
    threads(number)
    inside = list(side_by_side(lambda _: torch.get_num_threads(), range(7), CPU))
    assert inside == [1] * 7
    assert torch.get_num_threads() == number
    assert in_a_new_thread(torch.get_num_threads) == number


def test_results_come_in_order_and_at_most_one_per_thread_is_made_ahead(threads):
    threads(2)
    begun = []

    def work(part):
        begun.append(part)
        time.sleep(0.02 if part % 2 else 0)
        return part

    for wanted, got in enumerate(side_by_side(work, range(9), CPU)):
        assert got == wanted
        assert max(begun) <= wanted + 2


def test_an_error_ends_it_where_it_happened(threads):
    threads(2)
    given = side_by_side(lambda part: 6 // part, [1, 2, 0, 3, 4, 5, 6], CPU)
    assert [next(given), next(given)] == [6, 3]
    with pytest.raises(ZeroDivisionError):
        next(given)
    assert torch.get_num_threads() == 2


def test_fewer_parts_than_threads_and_none_at_all(threads):
    threads(3)
    assert list(side_by_side(abs, [-1], CPU)) == [1]
    assert list(side_by_side(abs, [], CPU)) == []
