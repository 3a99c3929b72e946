"""Train networks on real images: a generator with its discriminator, or the classifier that judges digits."""

import argparse
from pathlib import Path

from gan_widgets.commands.numbers import positive, seed

_COURSE_STEPS = 3900
"""Ten epochs of the 50,000 digits that the course trains on, in batches of 128, the last of each dropped."""
_COURSE = (
    "784 pixels, noise uniform on [-1, 1] and 96 wide, batches of 128, Adam with 1e-3 and betas 0.5 and "
    "0.999 (CS231n, assignment 3)."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add `gan`, `lsgan`, `dcgan` and `classifier`, each with its options."""
    nets = parser.add_subparsers(dest="net", metavar="net", required=True)
    for name, line in (
        ("gan", "the course's fully connected pair, with the non-saturating loss"),
        ("lsgan", "the course's fully connected pair, with least squares"),
    ):
        course = nets.add_parser(name, help=line, description=f"Train {line}: {_COURSE}")
        _shared(course)
        _of_a_run(course, steps=_COURSE_STEPS, batch=128)
    dcgan = nets.add_parser("dcgan", help="a compact convolutional pair for grey images of 28×28")
    _shared(dcgan)
    _of_a_run(dcgan, steps=10_000, batch=64)
    # not asked of `train.losses`: the help has no need to wait for PyTorch
    losses = "gan, gan-smooth, minimax, lsgan, wgan, wgan_gp or hinge (default: %(default)s)"
    dcgan.add_argument("--loss", default="gan-smooth", help=losses)
    dcgan.add_argument(
        "--labels", type=float, default=1.0, help="weight of labels in D (default: %(default)s)"
    )
    dcgan.add_argument(
        "--shift", type=int, default=2, help="pixels D sees images moved by (default: %(default)s)"
    )
    dcgan.add_argument("--ema", type=float, default=0.999, help="decay of the average (default: %(default)s)")
    judge = nets.add_parser("classifier", help="a LeNet-size classifier of digits")
    _shared(judge)
    judge.add_argument(
        "--epochs", type=positive, default=60, help="passes over the data (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Train what the options name; 0 also after Ctrl-C, because the run is then saved and can be resumed."""
    if options.net == "classifier":
        from gan_widgets.commands.train_classifier import train
    else:
        from gan_widgets.commands.train_pair import train
    return train(options)


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", default="mnist", help="mnist or digits (default: %(default)s)")
    parser.add_argument("--root", help="the folder of the data's files (default: $GAN_WIDGETS_DATA)")
    parser.add_argument("--download", action="store_true", help="fetch the data when it is not there")
    parser.add_argument("--seed", type=seed, default=0, help="names the run (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="the folder that gets everything")


def _of_a_run(parser: argparse.ArgumentParser, *, steps: int, batch: int) -> None:
    parser.add_argument("--steps", type=positive, default=steps, help="how many steps (default: %(default)s)")
    parser.add_argument(
        "--batch", type=positive, default=batch, help="images per step (default: %(default)s)"
    )
    parser.add_argument("--lr", type=float, default=1e-3, help="Adam's learning rate (default: %(default)s)")
    parser.add_argument(
        "--every", type=positive, default=500, help="steps between sample sheets (default: %(default)s)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in the output folder"
    )
