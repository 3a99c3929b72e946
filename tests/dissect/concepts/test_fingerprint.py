"""Functions of one name are told apart by what they do, and are the same wherever that is the same."""

import os
import subprocess
import sys
from functools import lru_cache, partial, wraps

import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect.concepts.fingerprint import fingerprint
from gan_widgets.dissect.result import Dissection
from tests.dissect.running import run
from tests.dissect.tabled import random_tables, tabled

CELL = """
level, calls, mean = 0.5, 0, 3.0

def lit(images):
    return images > level

def marks(images, least=-1.0):
    global calls
    calls += 1
    return lit(images) & (images.mean() > least) & torch.isin(images, torch.tensor([1.0, 2.0]))
"""


def made(cell, name="marks"):
    """Run a cell of a notebook, and give a function of it."""
    place = {"torch": torch, "__name__": "cell"}
    exec(cell, place)
    return place[name]


def test_the_same_cell_run_again_or_after_it_was_used_makes_the_same_function():
    first = made(CELL)
    before = fingerprint(first)
    for _ in range(100):  # an interpreter that adapts to what runs often
        first(torch.zeros(2, 1, 3, 3))
    assert first.__globals__["calls"] == 100
    assert fingerprint(first) == before == fingerprint(made(CELL)) == fingerprint(made("\n\n" + CELL))
    first.__globals__["mean"] = 4.0  # a method of this name is called, not this
    assert fingerprint(first) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("level, calls, mean = 0.5", "level, calls, mean = 0.6"),
        ("images > level", "images < level"),
        ("least=-1.0", "least=-2.0"),
        ("[1.0, 2.0]", "[1.0, 2.5]"),
        ("torch.isin", "torch.ne"),
    ],
)
def test_another_number_or_word_anywhere_makes_another_function(old, new):
    assert old in CELL
    assert fingerprint(made(CELL)) != fingerprint(made(CELL.replace(old, new)))


def test_it_is_the_same_in_every_process():
    code = (
        "import torch\nfrom gan_widgets.dissect.concepts.fingerprint import fingerprint\n"
        f"place = {{'torch': torch, '__name__': 'cell'}}\nexec({CELL + SETS!r}, place)\n"
        "print(fingerprint(place['marks']), fingerprint(place['chosen']))"
    )
    wanted = f"{fingerprint(made(CELL))} {fingerprint(made(CELL + SETS, 'chosen'))}\n"
    for seed in "12":
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.stdout == wanted


SETS = "\ndef chosen(images, kind='a'):\n    return images > 0 if kind in {'a', 'b', 'c', 'd'} else None\n"


def above(level, kept=None):
    return lambda images: (images > level) & (kept is None)


class Above:
    """A callable object that counts its calls."""

    def __init__(self, level):
        self.level, self.calls = level, 0

    def __call__(self, images):
        self.calls += 1
        return images > self.level

    def mark(self, images):
        return self(images)


def at(level, images):
    return images > level


def test_what_a_function_carries_along_is_part_of_it():
    for make in (above, Above, lambda level: Above(level).mark, lambda level: partial(at, level)):
        assert fingerprint(make(0.5)) == fingerprint(make(0.5)) != fingerprint(make(0.7))
    assert fingerprint(partial(torch.gt, other=0.5)) != fingerprint(partial(torch.gt, other=0.7))
    used = Above(0.5)
    used(torch.zeros(1))
    assert fingerprint(used) == fingerprint(Above(0.5))
    assert fingerprint(above(0.5, kept=[])) == fingerprint(above(0.5, kept=[1]))


def test_decorators_do_not_hide_what_they_wrap():
    def plainly(f):
        @wraps(f)
        def inner(images):
            return f(images)

        return inner

    for decorate in (torch.no_grad(), lru_cache, plainly):
        one, same, other = (decorate(above(level)) for level in (0.5, 0.5, 0.7))
        assert fingerprint(one) == fingerprint(same) != fingerprint(other)


def test_functions_that_call_each_other_and_those_without_code_have_one():
    cell = "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n > 0 and even(n - 1)"
    assert fingerprint(made(cell, "even")) == fingerprint(made(cell, "even"))
    assert fingerprint(torch.sign) == fingerprint(torch.sign) != fingerprint(torch.isnan)


def lit(f, names=("lit",)):
    return gw.concepts.from_function(f, names)


def halves(*functions):
    model, latents, _ = tabled(*random_tables())
    return [run(model, latents, lit(f), part=(k, 2)) for k, f in enumerate(functions)]


def test_parts_counted_with_other_functions_of_one_name_do_not_add_up():
    one, other = halves(lambda x: x > 20, lambda x: x < 70)
    with pytest.raises(DissectionError, match="they differ in segmenter"):
        one.merge(other)
    model, latents, _ = tabled(*random_tables())
    with pytest.raises(DissectionError, match="they differ in segmenter"):
        run(model, latents, lit(lambda x: x < 70), resume=one)
    joined = lit(lambda x: x > 0, ("ink",)), lit(lambda x: x > 20), lit(lambda x: x < 70)
    first = run(model, latents, joined[0] + joined[1], part=(0, 2))
    with pytest.raises(DissectionError, match="they differ in segmenter"):
        first.merge(run(model, latents, joined[0] + joined[2], part=(1, 2)))


def test_parts_counted_with_the_same_function_written_twice_add_up():
    one, other = halves(lambda x: x > 20, lambda pixels: pixels > 20)
    assert one.merge(other).complete


@pytest.mark.parametrize("older", [None, {"cpython-27": "0"}])
def test_a_result_from_before_fingerprints_or_of_another_python_goes_on(tmp_path, older):
    one, other = halves(lambda x: x > 20, lambda x: x > 20)
    for said in (one._facts["segmenter"]["parameters"], one._facts["latents"]):
        said.pop("fingerprint")
        if older is not None:
            said["fingerprint"] = older
    one.save(tmp_path / "older.safetensors")
    loaded = Dissection.load(tmp_path / "older.safetensors")
    assert loaded == one
    assert loaded.merge(other).complete
    assert other.merge(loaded).complete
    model, latents, _ = tabled(*random_tables())
    assert run(model, latents, lit(lambda x: x > 20), resume=loaded).complete


def test_it_is_not_shown():
    assert repr(lit(above(0.5))) == "from_function(f='<lambda>')"
