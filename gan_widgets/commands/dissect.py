"""Find which units of a generator stand for which concepts: a table, and a file of counts."""

import argparse
from pathlib import Path

from gan_widgets.commands.numbers import positive, seed

ABOUT = """
For instance, with the shipped generator of digits (its layers: net.3, net.6, net.9 and others):

  gan-widgets dissect --model dcgan-mnist --layer net.6 --concepts strokes --out net6.safetensors

`module:factory` names a function without arguments, or a class, in a module that Python can import from here,
this folder first: its code is run. It gives a generator, or a tuple that begins with one and ends with its
latents. `--weights` are loaded into it; they are never unpickled. With several layers the name of each goes
into the names of its files: out.safetensors becomes out.net.6.safetensors.

The table has each unit's best concept, by falling IoU, with a 95 % interval; p is the chance of such an IoU
in this cell under the null, the family-wise p that any of the cells up to this one is luck (not known against
an untrained network), q the rate of false discoveries among cells like it.

Exit status: 0 for a whole run, 1 for an error, 2 for wrong options, 130 after Ctrl-C. What was counted until
an error or Ctrl-C is saved; --resume goes on from there.
"""


_LAYER = "a layer's name, as gw.layers lists them; may come again: all are read in the same forwards"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gan-widgets dissect`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = ABOUT
    add = parser.add_argument
    add("--model", required=True, metavar="MODEL", help="module:factory, or a shipped one: dcgan-mnist")
    add("--weights", type=Path, metavar="FILE", help="safetensors (default: those that the factory gives)")
    add("--layer", action="append", required=True, dest="layers", metavar="LAYER", help=_LAYER)
    add(
        "--concepts",
        required=True,
        metavar="WHICH",
        help="strokes, digit_classes, brightness, edges, colors:8 (1 to 11 colours) or module:attr, "
        "a segmenter or what makes one; several are joined by +",
    )
    add("--out", type=Path, required=True, metavar="FILE", help="gets the counts, as safetensors")
    add(
        "--prior",
        metavar="PRIOR:SIZE",
        help="normal:64, uniform:96 or normal:64x1x1 (default: the latents of the factory)",
    )
    add("--images", type=positive, default=2000, metavar="N", help="how many (default: %(default)s)")
    add("--seed-start", type=seed, default=0, metavar="SEED", help="the first one (default: %(default)s)")
    add("--threshold", choices=("quantile", "iqr"), default="quantile", help="(default: %(default)s)")
    add(
        "--share",
        type=float,
        default=0.01,
        help="of a unit's map that is above its level, quantile only (default: %(default)s)",
    )
    add(
        "--null",
        choices=("permutation", "untrained", "none"),
        default="permutation",
        help="what chance is (default: %(default)s)",
    )
    add("--batch", type=positive, metavar="N", help="images at once (default: as many as are fast)")
    add("--workers", type=positive, metavar="N", help="processes (default: this one); needs Dask")
    add("--resume", type=Path, metavar="FILE", help="goes on from what an earlier run saved as --out")
    add("--rows", type=positive, default=20, metavar="N", help="of the table, at most (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Dissect what the options name; 0, or 130 after Ctrl-C, when part of it was counted and saved."""
    from gan_widgets.commands.dissect_run import dissect

    return dissect(options)
