"""Reads the notebook of an assignment, and writes a file that was not there."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from gan_widgets.core.errors import GanWidgetsError, problem
from gan_widgets.core.words import said


class AssignmentError(GanWidgetsError, ValueError):
    """A notebook that no student version can be made of, or a file that stands in its way."""


def target(notebook: Path, out: Path) -> Path:
    """Give the file to write, which must not exist yet; raises `AssignmentError` when it does."""
    file = out / notebook.name
    if file.exists():
        raise _taken(file)
    return file


def read(path: Path) -> NotebookNode:
    """Read a notebook of format 4; raises `AssignmentError` for what is none."""
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        raise AssignmentError(
            problem(
                f"{path} cannot be read as a notebook.",
                got=said(error),
                allowed="an .ipynb file of format 4",
                next="Check the path, or open the file in JupyterLab and save it again.",
            )
        ) from error
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write the notebook to a new file; raises `AssignmentError` when it cannot be made."""
    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        if path.exists():  # somebody was faster
            raise _taken(path) from error
        raise AssignmentError(
            problem(
                f"{path} cannot be written.",
                got=f"{type(error).__name__}: {error.strerror}",
                allowed="a folder that can be written to",
                next="Pass another folder as --out.",
            )
        ) from error


def _taken(file: Path) -> AssignmentError:
    return AssignmentError(
        problem(
            "the student version would overwrite a file.",
            got=f"{file} is already there",
            allowed="a folder without a file of this name",
            next="Pass another folder as --out, or move that file away.",
        )
    )
