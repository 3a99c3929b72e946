"""Train a generator on real images, with a progress bar, losses and sample sheets."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gan-widgets train`."""
    parser.add_argument("net", choices=["dcgan"], help="which pair of networks")


def run(options: argparse.Namespace) -> int:
    """Train the pair that the options name and give the exit status."""
    raise NotImplementedError(options.net)
