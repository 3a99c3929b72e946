r"""Turns a notebook with solutions into the students' version, by nbgrader's convention.

>>> from nbformat.v4 import new_code_cell, new_notebook
>>> solved = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
>>> notebook = new_notebook(cells=[new_code_cell(solved)])
>>> print(for_students(notebook))
1 solution taken out, 0 checks, 0 hidden tests removed
>>> print(notebook.cells[0].source)
def f():
    # YOUR CODE HERE
    raise NotImplementedError()
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from gan_widgets.commands.assignment_files import AssignmentError
from gan_widgets.core.errors import problem
from gan_widgets.core.words import many

_MARKER = re.compile(
    r"^(?P<indent>\s*)(?P<hashes>#+)\s*(?P<edge>BEGIN|END)\b\s*(?P<kind>.*?)\s*$", re.IGNORECASE
)
_CHECK = re.compile(r"^[^#]*\bgw\.check\.", flags=re.MULTILINE)
SOLUTION, HIDDEN = "SOLUTION", "HIDDEN TESTS"
_STUBS = {"code": ("# YOUR CODE HERE", "raise NotImplementedError()"), "markdown": ("YOUR ANSWER HERE",)}


@dataclass(frozen=True)
class Region:
    """The lines `first` to `last` of a cell, its markers among them, counted from 0."""

    kind: str
    first: int
    last: int
    indent: str


@dataclass(frozen=True)
class Counts:
    """What was done to a notebook."""

    solutions: int
    checks: int
    hidden: int

    def __str__(self) -> str:
        return (
            f"{many(self.solutions, 'solution')} taken out, {many(self.checks, 'check')}, "
            f"{many(self.hidden, 'hidden test')} removed"
        )


def for_students(notebook: NotebookNode) -> Counts:
    """Change a notebook in place into the students' version, and count what was changed.

    Solutions become places to write, hidden tests go, outputs and the state of widgets are dropped, and the
    cells that nbgrader collects or grades are marked. Raises `AssignmentError` for markers that are unknown
    or do not pair, and when there is no solution; the notebook is then as it was.
    """
    found = [
        list(regions(cell.source, _place(cell, k), cell.cell_type)) for k, cell in enumerate(notebook.cells)
    ]
    kinds = [_kinds(cell, each) for cell, each in zip(notebook.cells, found, strict=True)]
    if not any(SOLUTION in each for each in kinds):
        raise AssignmentError(
            problem(
                "this notebook has no solution to take out.",
                got=f"{len(notebook.cells)} cells without {_marker('BEGIN', SOLUTION)}",
                allowed="at least one solution",
                next=f"Put {_marker('BEGIN', SOLUTION)} and {_marker('END', SOLUTION)} around each of them.",
            )
        )
    is_check = _marked if any(map(_marked, notebook.cells)) else _calls_check
    checks = 0
    for k, cell in enumerate(notebook.cells):
        is_solution = SOLUTION in kinds[k]
        is_graded = not is_solution and (HIDDEN in kinds[k] or is_check(cell))
        checks += is_graded
        cell.source = _stripped(cell, found[k], is_solution=is_solution)
        if is_solution or is_graded:
            name = str(cell.get("id", f"cell-{k + 1}"))
            _mark(cell, name, grade=is_graded or cell.cell_type == "markdown", solution=is_solution)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.metadata.pop("execution", None)
    notebook.metadata.pop("widgets", None)
    return Counts(
        solutions=sum(each.count(SOLUTION) for each in kinds),
        checks=checks,
        hidden=sum(each.count(HIDDEN) for each in kinds),
    )


def regions(source: str, place: str, cell_type: str = "code") -> Iterator[Region]:
    r"""Find the marked regions of one cell; `place` names the cell in an error.

    In code, every line that begins with ### and one of the words BEGIN and END must be a marker, letter for
    letter: a misspelt one would hand a solution out. In text such a line is a heading.

    >>> list(regions("a\n  ### BEGIN SOLUTION\n  b\n  ### END SOLUTION", "cell 1"))
    [Region(kind='SOLUTION', first=1, last=3, indent='  ')]
    """
    begun: tuple[str, int, str] | None = None
    for number, line in enumerate(source.splitlines()):
        marker = _MARKER.match(line)
        if marker is None or not (
            _is_kind(marker["kind"]) or (cell_type == "code" and len(marker["hashes"]) > 2)
        ):
            continue
        edge, kind = marker["edge"], marker["kind"]
        at = f"{place}, line {number + 1}: {line.strip()}"
        if kind not in (SOLUTION, HIDDEN) or not edge.isupper():
            known = [_marker(edge.upper(), each) for each in (SOLUTION, HIDDEN)]
            raise _faulty(
                "a marker is unknown.", at, " or ".join(known), "Mend its spelling, or take it out."
            )
        if edge == "BEGIN" and begun is not None:
            end = _marker("END", begun[0])
            raise _faulty("a region begins inside another.", at, f"{end} before it", f"Add {end} before it.")
        if edge == "END" and (begun is None or begun[0] != kind):
            begin = _marker("BEGIN", kind)
            raise _faulty(
                "a region ends that has not begun.", at, f"{begin} above it", f"Add {begin}, or take it out."
            )
        if begun is None:
            begun = kind, number, marker["indent"]
        else:
            yield Region(kind, begun[1], number, begun[2])
            begun = None
    if begun is not None:
        end = _marker("END", begun[0])
        at = f"{place}, line {begun[1] + 1}: {_marker('BEGIN', begun[0])} without its end"
        raise _faulty("a region does not end.", at, f"{end} in the same cell", f"Add {end} below it.")


def _is_kind(kind: str) -> bool:
    return kind.upper() in (SOLUTION, HIDDEN)


def _kinds(cell: NotebookNode, found: list[Region]) -> list[str]:
    """Give the kinds of a cell's regions; one without any that its author marked is a solution whole."""
    kinds = [region.kind for region in found]
    whole = SOLUTION not in kinds and cell.metadata.get("nbgrader", {}).get("solution", False)
    return [*kinds, SOLUTION] if whole else kinds


def _stripped(cell: NotebookNode, found: list[Region], *, is_solution: bool) -> str:
    stub = _STUBS.get(cell.cell_type, _STUBS["markdown"])
    if is_solution and not any(region.kind == SOLUTION for region in found):
        return "\n".join(stub)
    lines = cell.source.splitlines()
    for region in reversed(found):
        instead = [region.indent + line for line in stub] if region.kind == SOLUTION else []
        lines[region.first : region.last + 1] = instead
    return "\n".join(lines).rstrip() if found else str(cell.source)


def _mark(cell: NotebookNode, name: str, *, grade: bool, solution: bool) -> None:
    """Give the cell nbgrader's metadata (schema 3); what an author has set already stays."""
    facts = {
        "grade": grade,
        "grade_id": name,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if grade:
        facts["points"] = 1
    cell.metadata["nbgrader"] = facts | dict(cell.metadata.get("nbgrader", {}))


def _marked(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.metadata.get("nbgrader", {}).get("grade", False))


def _calls_check(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(_CHECK.search(cell.source))


def _place(cell: NotebookNode, k: int) -> str:
    return f"cell {k + 1} ({cell.id})" if "id" in cell else f"cell {k + 1}"


def _marker(edge: str, kind: str) -> str:
    return f"### {edge} {kind}"


def _faulty(what: str, got: str, allowed: str, advice: str) -> AssignmentError:
    return AssignmentError(problem(what, got=got, allowed=allowed, next=advice))
