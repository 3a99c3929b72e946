"""Numbers as words of a command line; argparse refuses others with exit status 2."""

import argparse


def positive(text: str) -> int:
    """Read a whole number of 1 or more.

    >>> positive("12")
    12
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def seed(text: str) -> int:
    """Read a seed, from 0 to 2**32 - 1.

    >>> seed("-5")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: -5 is not between 0 and 2**32 - 1
    """
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 2**32 - 1")
    return number
