"""Count groups of images side by side, each on a thread of its own.

Counting is many small operations. Where PyTorch shares each of them out among its threads, every operation
waits for the slowest, for long on a machine that is busy with something else. Groups do not wait for each
other.

>>> list(side_by_side(abs, [-1, 2, -3], torch.device("cpu")))
[1, 2, 3]
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Barrier
from typing import TypeVar

import torch

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(work: Callable[[A], B], parts: Iterable[A], device: torch.device) -> Iterator[B]:
    """Give `map(work, parts)`, made by as many threads as PyTorch uses, each of which works alone.

    One result per thread is made ahead, no more. An error of `work` is raised here. A GPU has threads enough:
    there, and with a single thread, it is `map` itself.
    """
    threads = torch.get_num_threads()
    if threads == 1 or device.type != "cpu":
        yield from map(work, parts)
        return
    left = iter(parts)
    first = list(islice(left, threads))
    all_here = Barrier(len(first) + 1)

    def work_alone() -> None:
        torch.get_num_threads()  # or the first operation would set it to what the process has
        torch.set_num_threads(1)
        all_here.wait()

    with ThreadPoolExecutor(threads, initializer=work_alone) as pool:
        try:
            waiting = deque(pool.submit(work, part) for part in first)
            all_here.wait()
        except BaseException:
            all_here.abort()
            raise
        finally:
            torch.set_num_threads(threads)  # threads that begin later take the number that was set last
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(work, part) for part in islice(left, 1))
            yield result
