"""Make the student version of a notebook: solutions become places to write, hidden tests and outputs go."""

import argparse
from pathlib import Path

ABOUT = """
A solution is what stands between `### BEGIN SOLUTION` and `### END SOLUTION`; students get
`raise NotImplementedError()` in its place, in a text cell YOUR ANSWER HERE. What stands between
`### BEGIN HIDDEN TESTS` and `### END HIDDEN TESTS` goes. Each cell with a solution or with hidden tests
carries nbgrader's metadata, so that nbgrader can collect and grade the result; so does each that calls
gw.check, unless the author has marked the graded cells already. The file keeps its name; nothing is
overwritten.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gan-widgets assignment`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = ABOUT
    parser.add_argument("notebook", type=Path, help="with its solutions")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets the student version")


def run(options: argparse.Namespace) -> int:
    """Write the student version of `options.notebook` into `options.out` and say what was changed; 0."""
    from gan_widgets.commands import assignment_cells, assignment_files

    target = assignment_files.target(options.notebook, options.out)
    notebook = assignment_files.read(options.notebook)
    counts = assignment_cells.for_students(notebook)
    assignment_files.write(notebook, target)
    print(f"{target}: {counts}")
    return 0
