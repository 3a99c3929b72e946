"""The student version of a notebook: what is taken out, what stays, and what a student is told."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from gan_widgets import cli
from gan_widgets.commands.assignment_cells import Counts, for_students, regions
from gan_widgets.commands.assignment_files import AssignmentError

ROOT = Path(__file__).resolve().parents[2]

SOLVED = """def generator_loss(logits_fake):
    labels = torch.ones_like(logits_fake)
    ### BEGIN SOLUTION
    loss = F.binary_cross_entropy_with_logits(logits_fake, labels)
    return loss
    ### END SOLUTION


print("below")"""
OPEN = """def generator_loss(logits_fake):
    labels = torch.ones_like(logits_fake)
    # YOUR CODE HERE
    raise NotImplementedError()


print("below")"""
CHECK = """gw.check.generator_loss(generator_loss)
### BEGIN HIDDEN TESTS
assert generator_loss(torch.zeros(3, 1)) > 0
### END HIDDEN TESTS"""


@pytest.fixture
def notebook():
    solved = new_code_cell(
        SOLVED, id="loss", execution_count=3, outputs=[new_output("stream", text="below\n")]
    )
    cells = [
        new_markdown_cell("# A course\n\n### END of the beginning", id="title"),
        new_code_cell("import torch\n# gw.check. is no check here", id="imports"),
        solved,
        new_code_cell(CHECK, id="check"),
        new_markdown_cell("Why?\n\n### BEGIN SOLUTION\nBecause.\n### END SOLUTION", id="why"),
    ]
    return new_notebook(cells=cells, metadata={"widgets": {"state": {}}, "language_info": {"name": "python"}})


@pytest.fixture
def file(notebook, tmp_path):
    path = tmp_path / "01_course.ipynb"
    nbformat.write(notebook, path)
    return path


class TestCells:
    def test_a_solution_becomes_a_place_to_write_at_its_own_indent(self, notebook):
        for_students(notebook)
        assert notebook.cells[2].source == OPEN
        assert notebook.cells[4].source == "Why?\n\nYOUR ANSWER HERE"

    def test_hidden_tests_go_and_the_visible_one_stays(self, notebook):
        for_students(notebook)
        assert notebook.cells[3].source == "gw.check.generator_loss(generator_loss)"

    def test_outputs_counts_and_widget_state_go(self, notebook):
        for_students(notebook)
        assert notebook.cells[2].outputs == []
        assert notebook.cells[2].execution_count is None
        assert "widgets" not in notebook.metadata
        nbformat.validate(notebook)

    def test_cells_are_marked_as_nbgrader_marks_them(self, notebook):
        for_students(notebook)
        marks = {cell.id: cell.metadata.get("nbgrader") for cell in notebook.cells}
        assert marks["title"] is None
        assert marks["imports"] is None
        common = {"schema_version": 3, "task": False}
        answer = {"grade": False, "locked": False, "solution": True}
        assert marks["loss"] == common | answer | {"grade_id": "loss"}
        check = {"grade": True, "locked": True, "solution": False, "points": 1}
        assert marks["check"] == common | check | {"grade_id": "check"}
        by_hand = {"grade": True, "locked": False, "solution": True, "points": 1}
        assert marks["why"] == common | by_hand | {"grade_id": "why"}

    def test_what_an_author_has_set_stays(self, notebook):
        notebook.cells[3].metadata["nbgrader"] = {"grade": True, "grade_id": "bce", "points": 5}
        for_students(notebook)
        marked = notebook.cells[3].metadata["nbgrader"]
        assert (marked["grade_id"], marked["points"], marked["locked"]) == ("bce", 5, True)

    def test_it_counts_what_it_did(self, notebook):
        assert for_students(notebook) == Counts(solutions=2, checks=1, hidden=1)
        assert str(Counts(2, 1, 1)) == "2 solutions taken out, 1 check, 1 hidden test removed"

    def test_a_cell_that_its_author_marked_is_a_solution_as_a_whole(self):
        cells = [new_code_cell("answer = 42"), new_markdown_cell("Because.")]
        for k, cell in enumerate(cells):
            cell.metadata["nbgrader"] = {"solution": True, "grade": bool(k), "grade_id": f"whole-{k}"}
        notebook = new_notebook(cells=cells)
        assert for_students(notebook).solutions == 2
        assert [cell.source for cell in notebook.cells] == [
            "# YOUR CODE HERE\nraise NotImplementedError()",
            "YOUR ANSWER HERE",
        ]

    def test_where_an_author_has_marked_the_graded_cells_no_other_is(self, notebook):
        example = new_code_cell("gw.check.noise(gw.sample_noise)", id="example")
        notebook.cells.insert(1, example)
        notebook.cells[4].metadata["nbgrader"] = {"grade": True, "solution": False}
        assert for_students(notebook).checks == 1
        assert "nbgrader" not in example.metadata

    def test_cells_of_an_older_format_get_names_of_their_own(self, notebook):
        for cell in notebook.cells:
            del cell["id"]
        notebook.nbformat_minor = 4
        for_students(notebook)
        names = [
            cell.metadata["nbgrader"]["grade_id"] for cell in notebook.cells if "nbgrader" in cell.metadata
        ]
        assert names == ["cell-3", "cell-4", "cell-5"]

    def test_several_solutions_in_one_cell_keep_their_indents(self):
        source = (
            "### BEGIN SOLUTION\na = 1\n### END SOLUTION\nclass A:\n    def f(self):\n"
            "        ### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION"
        )
        notebook = new_notebook(cells=[new_code_cell(source)])
        for_students(notebook)
        assert notebook.cells[0].source == (
            "# YOUR CODE HERE\nraise NotImplementedError()\nclass A:\n    def f(self):\n"
            "        # YOUR CODE HERE\n        raise NotImplementedError()"
        )

    def test_cells_without_markers_keep_every_character(self, notebook):
        notebook.cells[1].source = "\n  x = 1  \n\n"
        for_students(notebook)
        assert notebook.cells[1].source == "\n  x = 1  \n\n"

    def test_a_heading_is_no_marker_and_one_hash_is_enough(self):
        assert list(regions("### Begin here\n### END", "cell 1", "markdown")) == []
        assert len(list(regions("# BEGIN SOLUTION\n# END SOLUTION", "cell 1"))) == 1
        assert list(regions("# BEGIN with the noise\nx = 1  ### BEGIN SOLUTION", "cell 1")) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "### BEGIN SOLUTION\nx = 1",
            (
                "a region does not end.\n"
                "  got: cell 1 (here), line 1: ### BEGIN SOLUTION without its end\n"
                "  allowed: ### END SOLUTION in the same cell\n"
                "  next: Add ### END SOLUTION below it."
            ),
        ),
        (
            "x = 1\n### END SOLUTION",
            (
                "a region ends that has not begun.\n"
                "  got: cell 1 (here), line 2: ### END SOLUTION\n"
                "  allowed: ### BEGIN SOLUTION above it\n"
                "  next: Add ### BEGIN SOLUTION, or take it out."
            ),
        ),
        (
            "### BEGIN SOLUTION\n### BEGIN SOLUTION",
            (
                "a region begins inside another.\n"
                "  got: cell 1 (here), line 2: ### BEGIN SOLUTION\n"
                "  allowed: ### END SOLUTION before it\n"
                "  next: Add ### END SOLUTION before it."
            ),
        ),
        (
            "### BEGIN SOLUTION\n### END HIDDEN TESTS",
            (
                "a region ends that has not begun.\n"
                "  got: cell 1 (here), line 2: ### END HIDDEN TESTS\n"
                "  allowed: ### BEGIN HIDDEN TESTS above it\n"
                "  next: Add ### BEGIN HIDDEN TESTS, or take it out."
            ),
        ),
        (
            "    ### BEGIN SOLUTON",
            (
                "a marker is unknown.\n"
                "  got: cell 1 (here), line 1: ### BEGIN SOLUTON\n"
                "  allowed: ### BEGIN SOLUTION or ### BEGIN HIDDEN TESTS\n"
                "  next: Mend its spelling, or take it out."
            ),
        ),
        (
            "### begin solution\n### end solution",
            (
                "a marker is unknown.\n"
                "  got: cell 1 (here), line 1: ### begin solution\n"
                "  allowed: ### BEGIN SOLUTION or ### BEGIN HIDDEN TESTS\n"
                "  next: Mend its spelling, or take it out."
            ),
        ),
    ],
)
def test_markers_that_do_not_fit_are_explained_with_their_cell(source, message):
    notebook = new_notebook(cells=[new_code_cell(source, id="here")])
    with pytest.raises(AssignmentError) as caught:
        for_students(notebook)
    assert str(caught.value) == message
    assert notebook.cells[0].source == source


class TestCommand:
    def test_it_writes_the_student_version_and_leaves_the_solutions(self, file, tmp_path, capsys):
        before = file.read_bytes()
        assert cli.main(["assignment", str(file), "--out", str(tmp_path / "deep" / "students")]) == 0
        made = tmp_path / "deep" / "students" / "01_course.ipynb"
        assert file.read_bytes() == before
        assert nbformat.read(made, as_version=4).cells[2].source == OPEN
        assert "BEGIN" not in made.read_text()
        said = "2 solutions taken out, 1 check, 1 hidden test removed"
        assert capsys.readouterr().out == f"{made}: {said}\n"

    @pytest.mark.parametrize("folder", [".", "students"])
    def test_nothing_is_overwritten(self, file, tmp_path, capsys, folder):
        out = tmp_path / folder
        out.mkdir(exist_ok=True)
        there = out / file.name
        if folder != ".":
            there.write_text("mine")
        before = there.read_bytes()
        assert cli.main(["assignment", str(file), "--out", str(out)]) == 1
        assert there.read_bytes() == before
        assert capsys.readouterr().err == (
            "the student version would overwrite a file.\n"
            f"  got: {there} is already there\n"
            "  allowed: a folder without a file of this name\n"
            "  next: Pass another folder as --out, or move that file away.\n"
        )

    @pytest.mark.parametrize("text", [None, "no JSON", "{}", "[1]", '{"cells": 5, "nbformat": 4}'])
    def test_what_is_no_notebook_is_refused(self, tmp_path, capsys, text):
        path = tmp_path / "x.ipynb"
        if text is not None:
            path.write_text(text)
        assert cli.main(["assignment", str(path), "--out", str(tmp_path / "out")]) == 1
        assert capsys.readouterr().err.startswith(f"{path} cannot be read as a notebook.\n  got: ")
        assert not (tmp_path / "out").exists()

    def test_a_notebook_without_solutions_is_refused(self, tmp_path, capsys):
        tour = ROOT / "notebooks" / "00_tour.ipynb"
        assert cli.main(["assignment", str(tour), "--out", str(tmp_path / "out")]) == 1
        assert "this notebook has no solution to take out." in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

    def test_a_folder_that_is_a_file_is_explained(self, file, tmp_path, capsys):
        (tmp_path / "taken").write_text("")
        assert cli.main(["assignment", str(file), "--out", str(tmp_path / "taken")]) == 1
        assert "cannot be written." in capsys.readouterr().err
