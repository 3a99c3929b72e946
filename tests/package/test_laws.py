"""The laws of the house that one can check by reading its sources or importing them in a fresh process."""

import ast
import graphlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "gan_widgets"
FILES = sorted(PACKAGE.rglob("*.py"))
BESIDE = sorted(
    file for folder in ("tests", "benchmarks") for file in (PACKAGE.parent / folder).rglob("*.py")
)
VIEWS = sorted(PACKAGE.glob("widgets/[!_]*.py"))
# lowest first: a room may import from its own floor and the floors below
FLOORS = (
    {"core"},
    {"train", "dissect", "cause", "explore"},
    {"control", "controller"},
    {"widgets", "server"},
    {"apps", "export", "commands", "cli"},
)
WITHOUT_JUPYTER = ("core", "dissect", "train")
JUPYTER = {"ipywidgets", "traitlets", "bqplot", "anywidget", "ipycanvas", "IPython", "dask"}
COST = """
import json, resource, sys
import torch
def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
before = spent()
import gan_widgets
print(json.dumps(spent() - before))
"""


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def floor(room: str) -> int | None:
    return next((height for height, rooms in enumerate(FLOORS) if room in rooms), None)


def room_of(file: Path) -> str:
    inside = file.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(source: str, file: Path) -> set[str]:
    """The rooms of this package that a source imports, at its top or inside its functions."""
    here = ("gan_widgets", *file.relative_to(PACKAGE).parts[:-1])
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = here[: len(here) - node.level + 1] if node.level else ()
            stem = ".".join([*start, *([node.module] if node.module else [])])
            names |= {stem, *(f"{stem}.{alias.name}" for alias in node.names)}
    parts = [name.split(".") for name in names]
    return {part[1] for part in parts if part[0] == "gan_widgets" and len(part) > 1}


def climbs(source: str, file: Path) -> set[str]:
    """The rooms above its own that a source imports."""
    own = floor(room_of(file))
    return {room for room in imports(source, file) if own is not None and (floor(room) or 0) > own}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_point_down_only(file: Path) -> None:
    assert climbs(file.read_text(), file) == set()


def test_every_room_has_its_floor() -> None:
    rooms = {room_of(file) for file in FILES} - {"__init__"}
    assert {room for room in rooms if floor(room) is None} == set()


@pytest.mark.parametrize(
    "line",
    [
        "from gan_widgets.widgets import _base",
        "import gan_widgets.controller",
        "from gan_widgets import controller",
        "from ..widgets import _base",
        "def f():\n    from gan_widgets.cli import main",
    ],
)
def test_an_import_that_climbs_is_seen(line: str) -> None:
    assert climbs(line, PACKAGE / "core" / "layers.py")


def modules(room: str) -> list[str]:
    files = [file.relative_to(PACKAGE.parent) for file in FILES if room_of(file) == room]
    return [".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files]


@pytest.mark.parametrize("room", WITHOUT_JUPYTER)
def test_the_engine_loads_nothing_of_jupyter(room: str) -> None:
    loaded = fresh(f"import json, sys, {', '.join(modules(room))}; print(json.dumps(list(sys.modules)))")
    assert {name.split(".")[0] for name in json.loads(loaded)} & JUPYTER == set()


def test_no_import_is_circular() -> None:
    names = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file for file in FILES}
    needs = {name: set() for name in names}
    for name, file in names.items():
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                wanted = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                wanted = {alias.name for alias in node.names}
            else:
                continue
            needs[name] |= wanted & set(names) - {name}
    order = graphlib.TopologicalSorter(needs)
    order.prepare()  # raises CycleError with the circle


def test_importing_the_package_costs_at_most_a_second_and_a_half_beyond_torch() -> None:
    assert min(json.loads(fresh(COST)) for _ in range(3)) <= 1.5


def test_the_package_loads_neither_torch_nor_views_before_they_are_used() -> None:
    loaded = json.loads(fresh("import json, sys, gan_widgets; print(json.dumps(list(sys.modules)))"))
    assert {name.split(".")[0] for name in loaded} & {"torch", *JUPYTER} == set()


def test_every_public_name_is_there_and_listed() -> None:
    import gan_widgets

    for name in gan_widgets.__all__:
        assert getattr(gan_widgets, name) is not None
        assert dir(gan_widgets).count(name) == 1


def test_an_unknown_public_name_is_refused_by_name() -> None:
    import gan_widgets

    with pytest.raises(AttributeError, match="'gan_widgets' has no attribute 'Ablation'"):
        _ = gan_widgets.Ablation


@pytest.mark.parametrize("file", BESIDE, ids=lambda file: str(file.relative_to(PACKAGE.parent)))
def test_tests_and_benchmarks_stay_below_three_hundred_lines(file: Path) -> None:
    assert file.read_text().count("\n") <= 300


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_files_stay_below_three_hundred_lines_and_classes_below_thirteen_public_methods(file: Path) -> None:
    source = file.read_text()
    assert source.count("\n") <= 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            methods = [
                item.name
                for item in node.body
                if isinstance(item, ast.FunctionDef)
                and not item.name.startswith("_")
                and not any(
                    isinstance(mark, ast.Name) and mark.id == "property" for mark in item.decorator_list
                )
            ]
            assert len(methods) <= 12, f"{node.name} has {len(methods)}: {methods}"


def test_no_view_syncs_more_than_twelve_traits_of_its_own() -> None:
    import anywidget

    import gan_widgets

    common = set(anywidget.AnyWidget.class_traits(sync=True))
    views = [getattr(gan_widgets, name) for name in gan_widgets.__all__]
    views = [view for view in views if isinstance(view, type) and issubclass(view, anywidget.AnyWidget)]
    assert views
    for view in views:
        # one that begins with an underscore carries what its page needs, and nobody reads it
        own = {name for name in set(view.class_traits(sync=True)) - common if not name.startswith("_")}
        assert len(own) <= 12, f"{view.__name__}: {sorted(own)}"


@pytest.mark.parametrize("view", VIEWS, ids=lambda file: file.stem)
def test_a_view_knows_no_other_view(view: Path) -> None:
    for node in ast.walk(ast.parse(view.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module in {
            f"gan_widgets.widgets.{v.stem}" for v in VIEWS
        }:
            classes = [alias.name for alias in node.names if alias.name[0].isupper()]
            assert not classes, f"{view.name} imports {classes} from {node.module}"
