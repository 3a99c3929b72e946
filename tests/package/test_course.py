"""The exercises of the course: solved they pass their checks, as handed out they fail them in words."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from gan_widgets.commands.assignment_cells import for_students
from gan_widgets.train.checks import CheckError

ROOT = Path(__file__).resolve().parents[2]
COURSE = sorted((ROOT / "notebooks").glob("0[123]_*.ipynb"))


def exercises(notebook):
    """The code of a notebook that its exercises need: imports and solutions by cell, and the checks."""
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and ("setup" in cell.metadata.get("tags", []) or marks):
            yield cell.source, bool(marks.get("grade"))


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
class TestCourse:
    def test_the_solutions_pass_their_checks(self, path, capsys):
        names: dict[str, object] = {}
        checks = 0
        for source, is_check in exercises(nbformat.read(path, as_version=4)):
            exec(source, names)
            checks += is_check
        assert checks
        assert capsys.readouterr().out.count("✓") >= checks

    def test_the_student_version_fails_each_check_in_words(self, path):
        notebook = nbformat.read(path, as_version=4)
        for_students(notebook)
        names: dict[str, object] = {}
        checks = 0
        for source, is_check in exercises(notebook):
            if not is_check:
                exec(source, names)
                continue
            checks += 1
            with pytest.raises(CheckError) as caught:
                exec(source, names)
            assert re.match(r"\w+ is not written yet\.\n  got: NotImplementedError\n", str(caught.value))
        assert checks

    def test_it_is_committed_ready_to_read(self, path):
        text = json.loads(path.read_text(encoding="utf-8"))
        assert "widgets" not in text["metadata"]
        code = [cell for cell in text["cells"] if cell["cell_type"] == "code"]
        assert all(cell["execution_count"] for cell in code)
        assert any("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])
