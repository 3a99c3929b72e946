"""Builds the package once as its users get it, and installs it once into an empty environment."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Archives:
    """What ``python -m build`` makes: a source archive, and a wheel made from that archive."""

    sdist: Path
    wheel: Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds the wheel, what it asks for, and nothing of this checkout."""

    root: Path
    variables: dict[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's programs from an empty folder."""
        folder = self.root / "elsewhere"
        folder.mkdir(exist_ok=True)
        program = self.root / "bin" / command[0]
        return subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def without_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a machine that has no node: nothing is on PATH."""
    nothing = tmp_path_factory.mktemp("path")
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "VIRTUAL_ENV", "GAN_WIDGETS_NODELAY"} and not name.startswith("JUPYTER")
    }
    variables["PATH"] = str(nothing)
    assert shutil.which("node", path=variables["PATH"]) is None
    return variables


def build(source: Path, target: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``python -m build``: the source archive first, then the wheel out of it."""
    command = [sys.executable, "-m", "build", "--outdir", str(target), str(source)]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory, without_node: dict[str, str]) -> Archives:
    """The source archive of this checkout and the wheel made from it, both without node."""
    target = tmp_path_factory.mktemp("dist")
    done = build(ROOT, target, without_node)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,) = target.glob("*.tar.gz")
    (wheel,) = target.glob("*.whl")
    return Archives(sdist, wheel)


@pytest.fixture(scope="session")
def installed(
    tmp_path_factory: pytest.TempPathFactory, archives: Archives, without_node: dict[str, str]
) -> Iterator[Environment]:
    """The wheel in an empty environment, installed without node; gone afterwards, for it is large."""
    root = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
    command = [root / "bin/python", "-m", "pip", "install", "--quiet", archives.wheel]
    constraints = ["--constraint", ROOT / "constraints.txt"]
    done = subprocess.run(
        [*command, *constraints], env=without_node, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield Environment(root, without_node)
    shutil.rmtree(root)
