"""What the documents promise: their examples run, their results are true, the files they name are there."""

import ast
import re
from pathlib import Path

import pytest

import gan_widgets
from tests.package.conftest import ROOT

README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
PATHS = r"`((?:[\w.-]+/)*[\w.-]+(?:\.\w+|/))`"


def views() -> set[str]:
    return {
        name
        for room in ("widgets", "apps")
        for file in (ROOT / "gan_widgets" / room).glob("[!_]*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef)
        and any(getattr(base, "id", "") in ("View", "App") for base in node.bases)
        and node.name in gan_widgets.__all__
        for name in [node.name]
    }


@pytest.mark.parametrize("block", BLOCKS, ids=["ten lines", "without Jupyter", "dissection"])
def test_the_examples_run_and_give_the_results_beside_them(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(block, names)
    promised = re.findall(r"^(\S.*?)\s+# (torch\.Size.*|\d+)$", block, flags=re.MULTILINE)
    assert promised
    if "lab" in names:
        names["lab"].redo()  # the example ends by taking its edit back
    for expression, result in promised:
        assert repr(eval(expression, names)) == result
    if "lab" in names:
        names["lab"].close()


def test_the_long_example_has_about_ten_lines() -> None:
    assert 8 <= len([line for line in BLOCKS[0].splitlines() if line.strip()]) <= 12


def test_the_table_of_views_lists_each_view() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", README, flags=re.MULTILINE)) == views()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_files_named_in_a_document_are_there(document: str) -> None:
    text = (ROOT / document).read_text()
    named = {path for path in re.findall(PATHS, text) if "/" in path}
    named |= set(re.findall(r"!\[[^]]*]\(([^)]+)\)", text))
    made = {".venv", "js/node_modules", ".ci/out/"}
    homes = (ROOT, ROOT / "gan_widgets")
    assert {path for path in named - made if not any((home / path).exists() for home in homes)} == set()


def test_the_parts_of_make_test_are_the_ones_that_are_documented() -> None:
    there = re.findall(r'^    Part\("(\w+)"', (ROOT / ".ci/checks.py").read_text(), flags=re.MULTILINE)
    assert " ".join(there[3:]) in CONTRIBUTING


def test_the_readme_has_one_picture_and_it_is_small() -> None:
    (picture,) = re.findall(r"!\[[^]]+]\(([^)]+)\)", README)
    file = ROOT / Path(picture)
    assert file.read_bytes().startswith(b"\x89PNG")
    assert file.stat().st_size < 300_000
