"""What is in the wheel and in the source archive, and what happens when the views were not built."""

import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.package.conftest import ROOT, Archives, build

VIEWS = sorted(file.stem for file in (ROOT / "gan_widgets/widgets").glob("[!_]*.py"))
BUNDLES = [f"gan_widgets/static/{view}{end}" for view in VIEWS for end in (".js", ".css")]
KILO, MEGA = 1000, 1_000_000


@pytest.fixture(scope="module")
def wheel(archives: Archives) -> dict[str, int]:
    """Names in the wheel, with their sizes in bytes."""
    with zipfile.ZipFile(archives.wheel) as file:
        return {entry.filename: entry.file_size for entry in file.infolist()}


def test_every_view_has_its_twin_in_the_front_end() -> None:
    assert [file.stem for file in sorted((ROOT / "js/src/views").glob("*.ts"))] == VIEWS


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_wheel_holds_each_bundle_and_it_is_below_thirty_kilobytes(
    wheel: dict[str, int], bundle: str
) -> None:
    assert 0 < wheel[bundle] < 30 * KILO


def test_the_wheel_holds_types_weights_tour_and_the_server_extension(wheel: dict[str, int]) -> None:
    assert "gan_widgets/py.typed" in wheel
    assert "gan_widgets/notebooks/00_tour.ipynb" in wheel
    weights = [name for name in wheel if name.endswith(".safetensors")]
    assert weights
    assert sum(wheel[name] for name in weights) <= 4 * MEGA
    settings = "gan_widgets-0.1.0.data/data/etc/jupyter/jupyter_server_config.d/gan_widgets.json"
    assert settings in wheel


def test_the_wheel_holds_nothing_that_only_developers_need(wheel: dict[str, int]) -> None:
    rooms = {name.split("/")[0] for name in wheel}
    assert rooms == {"gan_widgets", "gan_widgets-0.1.0.data", "gan_widgets-0.1.0.dist-info"}
    assert not [name for name in wheel if name.endswith((".ts", ".map", ".pyc", ".pt", ".gz"))]


def test_the_wheel_is_below_six_megabytes(archives: Archives, capsys: pytest.CaptureFixture[str]) -> None:
    size, source = archives.wheel.stat().st_size, archives.sdist.stat().st_size
    with capsys.disabled():
        print(f"\nthe wheel is {size / MEGA:.2f} MB, the source archive {source / MEGA:.2f} MB")
    assert size < 6 * MEGA


def test_the_source_archive_holds_built_views_and_their_sources(archives: Archives) -> None:
    with tarfile.open(archives.sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    assert {*BUNDLES, *(f"js/src/views/{view}.ts" for view in VIEWS)} <= names
    assert {"js/package-lock.json", "hatch_build.py", "LICENSE", "notebooks/00_tour.ipynb"} <= names
    assert not [name for name in names if "node_modules" in name or name.startswith((".venv", ".ci/out"))]


def test_a_checkout_without_its_views_refuses_to_be_packed_and_says_what_to_run(
    tmp_path: Path, without_node: dict[str, str]
) -> None:
    bare = tmp_path / "checkout"
    leave = shutil.ignore_patterns(
        ".venv", ".git", "node_modules", "out", "*.js", "*.css", ".*_cache", "__pycache__"
    )
    shutil.copytree(ROOT, bare, ignore=leave)
    done = build(bare, tmp_path / "dist", without_node)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert f"gan_widgets/static lacks {VIEWS[0]}.css" in said
    assert "Run `make build` in the checkout (it needs Node.js), then build again." in said
