"""The command line: `gan-widgets <command> …`.

>>> main(["--version"])
Traceback (most recent call last):
SystemExit: 0
"""

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from gan_widgets import __version__
from gan_widgets.commands import assignment, demo, dissect, doctor, train
from gan_widgets.core.errors import GanWidgetsError

COMMANDS: dict[str, ModuleType] = {
    "assignment": assignment,
    "demo": demo,
    "dissect": dissect,
    "doctor": doctor,
    "train": train,
}


def parser() -> argparse.ArgumentParser:
    """Give the parser of the whole command line, one subparser per entry of `COMMANDS`."""
    top = argparse.ArgumentParser(
        prog="gan-widgets", description="Look inside a generative network while it runs."
    )
    top.add_argument("--version", action="version", version=f"gan-widgets {__version__}")
    commands = top.add_subparsers(dest="command", metavar="command", required=True)
    for name, module in COMMANDS.items():
        line = (module.__doc__ or name).splitlines()[0]
        sub = commands.add_parser(name, help=line, description=line)
        module.arguments(sub)
        sub.set_defaults(run=module.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status: 0 for success, 1 for an error that was explained on stderr.

    `argv` is the list of words after `gan-widgets`; by default those of this process.
    """
    options = parser().parse_args(argv)
    try:
        return int(options.run(options))
    except GanWidgetsError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
