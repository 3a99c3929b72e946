"""Kill a run twenty times at random moments, let the last one end, and compare it with one left alone.

One process loads PyTorch and forks the runs, so that a kill costs milliseconds.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from gan_widgets.core import store
from gan_widgets.train import data
from gan_widgets.train.checkpoint import KIND, Keeper
from gan_widgets.train.trainer import Trainer
from tests.train.small import small_pair

EVERY, KILLS, MORE = 5, 20, 7
torch.set_num_threads(1)


IMAGES = data.load("digits", size=28).chosen(torch.arange(60))


def trainer():
    return Trainer(*small_pair(), IMAGES, batch=8, shift=1)


def advance(run, to):
    while run.step < to:
        run.change(frozen=[(), ("D",), ("G",)][run.step // 7 % 3], d_steps=1 + run.step % 2)
        run.advance()


def child(folder, to, ready):
    """Go on to step `to`, leaving the number of each step behind; say when it begins."""
    run = trainer()
    progress = os.open(folder / "progress", os.O_CREAT | os.O_RDWR)
    with Keeper(run, folder / "run.safetensors", every=EVERY) as keeper:
        os.pwrite(progress, b"%12d" % keeper.resume(), 0)
        run.watch(lambda run, step: os.pwrite(progress, b"%12d" % step.step, 0))
        os.write(ready, b"!")
        advance(run, to)
    os._exit(0)


def hashes(run):
    return [store.weight_hash(net) for net in (run.G, run.D, run.average)]


def saved(folder):
    path = folder / "run.safetensors"
    return store.load(path, kind=KIND).metadata["step"] if path.exists() else 0


def position(folder):
    return int((folder / "progress").read_text())


def main(folder):
    clock, kills = random.Random(time.time_ns()), []
    trainer().advance()  # loads what is loaded late, once for all
    for _ in range(KILLS):
        begun, ready = os.pipe()
        process = os.fork()
        if process == 0:
            child(folder, 10**9, ready)
        os.read(begun, 1)
        wanted = position(folder) + clock.randrange(2 * EVERY)
        while position(folder) < wanted:
            time.sleep(0.001)
        time.sleep(clock.uniform(0.0, 0.02))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        kills.append((position(folder), saved(folder)))
    end = saved(folder) + MORE
    process = os.fork()
    if process == 0:
        child(folder, end, os.open(os.devnull, os.O_WRONLY))
    assert os.waitpid(process, 0)[1] == 0
    resumed, alone = trainer(), trainer()
    Keeper(resumed, folder / "run.safetensors").resume()
    advance(alone, end)
    print(
        json.dumps(
            {
                "kills": kills,
                "every": EVERY,
                "steps": end,
                "resumed": [*hashes(resumed), len(resumed.changes), resumed.batches],
                "uninterrupted": [*hashes(alone), len(alone.changes), alone.batches],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
