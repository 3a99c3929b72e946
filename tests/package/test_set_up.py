"""The scripts behind ``make``: what they choose, what they say when something is missing, what they count."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.package.conftest import ROOT

SH = "/bin/sh"


def program(folder: Path, name: str, script: str) -> None:
    """Put a small program on the PATH that consists of `folder`."""
    file = folder / name
    file.write_text(f"#!{SH}\n{script}\n")
    file.chmod(0o755)


def run(script: str, path: Path) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": str(path)}
    return subprocess.run(
        [SH, ROOT / ".ci" / script], env=variables, capture_output=True, text=True, check=False
    )


def test_the_newest_python_that_works_is_chosen(tmp_path: Path) -> None:
    for name in ("python3.12", "python3.11", "python3"):
        program(tmp_path, name, "exit 0")
    program(tmp_path, "python3.13", 'echo "version manager: command not found" >&2; exit 127')
    assert run("python", tmp_path).stdout == f"{tmp_path}/python3.12\n"


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    program(tmp_path, "python3", 'if [ "$1" = --version ]; then echo "Python 3.9.2"; else exit 1; fi')
    done = run("python", tmp_path)
    assert done.returncode == 1
    assert "gan_widgets needs Python 3.11 or newer; found on PATH: Python 3.9.2." in done.stderr


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    assert "found on PATH: no Python 3." in run("python", tmp_path).stderr


def test_a_python_without_ensurepip_says_which_package_to_install(tmp_path: Path) -> None:
    program(
        tmp_path, "python3.11", 'case "$2" in *ensurepip*) exit 1;; *version_info*) echo 3.11;; esac; exit 0'
    )
    done = run("python", tmp_path)
    assert done.returncode == 1
    assert "cannot make a virtual environment: its 'ensurepip' is missing" in done.stderr
    assert "apt-get install python3.11-venv" in done.stderr


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        ({}, "needs Node.js 20 or newer; found on PATH: no node."),
        ({"node": 'if [ "$1" = -p ]; then echo 16; else echo v16.20.0; fi'}, "found on PATH: v16.20.0."),
        ({"node": "echo 20"}, "but npm is not; building the front end needs both."),
    ],
)
def test_missing_node_and_npm_are_named(tmp_path: Path, programs: dict[str, str], said: str) -> None:
    for name, script in programs.items():
        program(tmp_path, name, script)
    done = run("node", tmp_path)
    assert done.returncode == 1
    assert said in done.stderr


def test_node_and_npm_of_today_pass_without_a_word(tmp_path: Path) -> None:
    program(tmp_path, "node", "echo 22")
    program(tmp_path, "npm", "exit 0")
    done = run("node", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The runner of all checks, with set-up parts that do nothing."""
    spec = importlib.util.spec_from_file_location("checks", ROOT / ".ci" / "checks.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "checks", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path / "out")
    monkeypatch.setattr(module, "SET_UP", [saying(module, name, "") for name in ("one", "two", "three")])
    return module


def saying(checks: ModuleType, name: str, line: str, status: int = 0) -> object:
    """A check that prints one line and ends with this status."""
    return checks.Part(name, [sys.executable, "-c", f"print({line!r}); raise SystemExit({status})"])


def test_every_part_runs_after_one_has_failed(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    parts = [
        saying(checks, "lint", "one finding", 1),
        saying(checks, "types", "fine"),
        saying(checks, "tests", "2 failed, 5 passed, 1 error in 3.21s", 1),
        saying(checks, "vitest", "      Tests  7 passed (7)"),
    ]
    monkeypatch.setattr(checks, "CHECKS", parts)
    assert checks.main([]) == 1
    said = capfd.readouterr().out
    assert "FAILED, exit 1: 2 failed, 5 passed, 1 error" in said
    assert "one finding" in said
    assert said.endswith("\n13 passed, 4 failed\n")


def test_all_passing_is_status_zero(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "CHECKS", [saying(checks, "tests", "5 passed in 3.21s")])
    assert checks.main([]) == 0
    assert capfd.readouterr().out.endswith("\n5 passed, 0 failed\n")


def test_without_an_environment_nothing_runs_and_everything_has_failed(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "SET_UP", [saying(checks, "one", "no Python", 1), *checks.SET_UP[1:]])
    monkeypatch.setattr(checks, "CHECKS", [saying(checks, "tests", "5 passed in 3.21s")])
    assert checks.main([]) == 1
    assert "FAILED: not run, its set-up failed" in capfd.readouterr().out


def test_a_program_that_is_not_there_is_a_failure(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "CHECKS", [checks.Part("tsc", ["no-such-program"])])
    assert checks.main([]) == 1
    assert "No such file or directory: 'no-such-program'" in capfd.readouterr().out


def test_a_check_that_does_not_exist_is_refused(
    checks: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    assert checks.main(["rufff"]) == 2
    assert "No such check: rufff. There are: ruff, format, mypy, tsc, vitest," in capfd.readouterr().out


def test_no_chromium_is_a_message_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.browser import chromium

    monkeypatch.setenv("CHROMIUM", os.devnull)
    assert chromium.find() is None
    assert "apt-get install chromium" in chromium.ADVICE
    assert "playwright install chromium" in chromium.ADVICE
