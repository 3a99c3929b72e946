"""A training in the background of a real kernel, played, touched and paused from its page."""

import pytest

from tests.kernels import started

TRAINER = """
G, D = gw.nets.fc_generator(6, seed=0), gw.nets.fc_discriminator(seed=0)
trainer = gw.Trainer(G, D, gw.data.load("digits", size=28), latents=gw.uniform(6), batch=4, seed=0)
monitor = gw.TrainingMonitor(trainer, seeds=[0, 1])
lab = gw.attach(G, latents=trainer.latents, layer="fc2", samples=2)
view = gw.AblationSliders(lab)
hands = monitor.bar.play, monitor.bar.pause, monitor.controls.rates["D"], view
print(*(hand.model_id for hand in hands))
"""
WAIT = """
import time
def until(condition):
    end = time.time() + 60
    while not condition() and time.time() < end: time.sleep(0.01)
    assert condition()
"""
PLAYED = "until(lambda: trainer.running and trainer.step > 3)"
RATE = "until(lambda: trainer.controls.lr_D == 1e-5)"
MOVED = "until(lambda: lab.pending)"
PAUSED = "until(lambda: not trainer.running)"
SAID = "print(trainer.changes[-1].step <= trainer.step, trainer.controls.lr_D, lab.pending)"
EXPECTED = "True 1e-05 (Ablate('fc2', units=(3,), strength=0.5),)"


@pytest.fixture
def kernel(bundles):
    with started(bundles) as kernel:
        kernel.run(WAIT, "wait")
        yield kernel


def hands(kernel, subshell=None):
    """What a person does on the page, one hand after the other; each is a function without arguments."""
    play, pause, rate, view = kernel.run(TRAINER, "made").split()
    return (
        lambda: kernel.click(play, subshell),
        lambda: kernel.write(rate, subshell, value=1e-5),
        lambda: kernel.write(view, subshell, preview={"units": [3], "strength": 0.5}),
        lambda: kernel.click(pause, subshell),
    )


def test_cells_and_hands_take_turns_where_a_kernel_has_one_shell(kernel):
    for hand, done in zip(hands(kernel), (PLAYED, RATE, MOVED, PAUSED), strict=True):
        hand()
        kernel.run(done, "seen")  # training does not keep the kernel from running cells
    assert kernel.run(SAID, "said") == EXPECTED


def test_hands_reach_a_training_while_a_cell_runs(kernel):
    play, rate, move, pause = hands(kernel, kernel.subshell())
    cell = kernel.begin(f"{PLAYED}\n{RATE}\n{MOVED}\nprint('felt', flush=True)\n{PAUSED}\n{SAID}")
    play()
    rate()
    move()
    assert kernel.printed(cell, "felt") == "felt"
    pause()
    assert kernel.printed(cell) == EXPECTED
