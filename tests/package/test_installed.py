"""The wheel in an empty environment, on a machine without node."""

import json
from pathlib import Path

import pytest

from tests.package.conftest import Environment

PRETRAINED = """
import gan_widgets as gw
G, D, latents = gw.pretrained("dcgan-mnist")
with gw.intervene(G, [gw.Ablate("net.6", units=[7, 12])]), gw.capture(G, ["net.9"]) as acts:
    images = G(latents(range(3)))
print(tuple(images.shape), tuple(acts["net.9"].shape), gw.__file__)
"""
VIEW = """
import gan_widgets as gw
G, D, latents = gw.pretrained("dcgan-mnist")
lab = gw.attach(G, latents=latents, layer="net.6")
grid = gw.ActivationGrid(lab)
assert "export default" in grid._esm or "export{" in grid._esm, grid._esm[-200:]
lab.close()
print("drawn")
"""
BROKEN = """
import pathlib, gan_widgets
(pathlib.Path(gan_widgets.__file__).parent / "static" / "activation_grid.js").rename("kept.js")
"""
MENDED = """
import pathlib, gan_widgets
pathlib.Path("kept.js").rename(pathlib.Path(gan_widgets.__file__).parent / "static" / "activation_grid.js")
"""


def python(environment: Environment, code: str) -> str:
    done = environment.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_shipped_generator_runs_from_the_installed_package(installed: Environment) -> None:
    said = python(installed, PRETRAINED)
    assert said.startswith("(3, 1, 28, 28) (3, 64, 14, 14)")
    assert str(installed.root) in said


def test_a_view_finds_its_bundle(installed: Environment) -> None:
    assert python(installed, VIEW) == "drawn\n"


def test_the_command_knows_its_version(installed: Environment) -> None:
    assert installed.run("gan-widgets", "--version").stdout == "gan-widgets 0.1.0\n"


def test_doctor_finds_all_well_and_knows_every_part(installed: Environment) -> None:
    done = installed.run("gan-widgets", "doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["well"]
    found = {finding["name"]: finding["value"] for finding in report["findings"]}
    assert found["server extension"] == "enabled"
    assert found["torch build"].endswith(")")
    assert "kB script" in found["activation_grid"]
    assert found["@jupyter-widgets/jupyterlab-manager"][0].isdigit()
    assert found["devices"].startswith("cpu")


def test_doctor_names_a_missing_bundle_and_what_to_do(installed: Environment) -> None:
    python(installed, BROKEN)
    try:
        done = installed.run("gan-widgets", "doctor")
    finally:
        python(installed, MENDED)
    assert done.returncode == 1
    assert "activation_grid.js missing   <- see below" in done.stdout
    assert done.stdout.rstrip().endswith("activation_grid: install gan_widgets again from its wheel")


def test_jupyter_server_lists_the_extension_as_enabled(installed: Environment) -> None:
    done = installed.run("jupyter", "server", "extension", "list")
    listed = done.stdout + done.stderr
    assert "gan_widgets.server" in listed
    line = next(line for line in listed.splitlines() if "gan_widgets.server" in line)
    assert "enabled" in line


def test_the_demo_of_an_installed_package_copies_the_tour_once(installed: Environment) -> None:
    code = "from gan_widgets.commands.demo import tour; print(tour())"
    copy = Path(python(installed, code).strip())
    assert copy.parent.name == "gan_widgets_tour"
    copy.write_text("mine")
    python(installed, code)
    assert copy.read_text() == "mine"


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_there_is_no_node_in_this_environment(installed: Environment, missing: str) -> None:
    found = python(installed, f"import shutil; print(shutil.which({missing!r}))")
    assert found == "None\n"
