"""Doctor: what it says about this environment, and about broken ones."""

import argparse
import json
from pathlib import Path

import pytest

from gan_widgets.commands import doctor
from gan_widgets.commands.doctor import Finding


def report(capsys: pytest.CaptureFixture[str], *, as_json: bool = False) -> tuple[int, str]:
    status = doctor.run(argparse.Namespace(json=as_json))
    return status, capsys.readouterr().out


def value(name: str) -> Finding:
    return next(finding for finding in doctor.findings() if finding.name == name)


def test_json_and_text_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = report(capsys)
    again, raw = report(capsys, as_json=True)
    assert again == status
    for finding in json.loads(raw)["findings"]:
        assert finding["value"] in text


def test_values_stand_in_one_column() -> None:
    lines = doctor.text([Finding("a", "short", "1"), Finding("a", "a name of more than twenty letters", "2")])
    first, second = lines.splitlines()[1:3]
    assert first.index("1") == second.index("2")


def test_a_missing_package_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SERVER_SIDE", ("no-such-jupyterlab",))
    assert value("no-such-jupyterlab") == Finding(
        "server side", "no-such-jupyterlab", "not installed", doctor.NO_SERVER
    )


def test_a_missing_page_extension_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PAGE_SIDE", ("no-such-extension",))
    found = value("no-such-extension")
    assert (found.value, found.todo) == (
        "not found",
        "pip install --force-reinstall --no-deps no-such-extension",
    )


def test_a_disabled_page_extension_is_named_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "labconfig" / "page_config.json"
    settings.parent.mkdir()
    settings.write_text('{"disabledExtensions": {"anywidget": true}}')
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    found = [finding for finding in doctor.findings() if finding.section == "page side"]
    disabled = next(finding for finding in found if finding.name == "anywidget")
    assert (disabled.value, disabled.todo) == ("disabled", "jupyter labextension enable anywidget")


def test_a_disabled_server_extension_is_named_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "jupyter_server_config.d" / "gan_widgets.json"
    settings.parent.mkdir()
    settings.write_text('{"ServerApp": {"jpserver_extensions": {"gan_widgets.server": false}}}')
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    found = value("server extension")
    assert found.value == "not enabled"
    assert found.todo.startswith("jupyter server extension enable gan_widgets.server")


def test_it_tells_whether_a_server_with_the_extension_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_WIDGETS_NODELAY", "1")
    assert value("TCP_NODELAY").value == "set by the server that started this process"
    monkeypatch.delenv("GAN_WIDGETS_NODELAY")
    assert value("TCP_NODELAY").value.startswith("not known here")


def test_a_data_folder_that_is_not_there_is_something_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GAN_WIDGETS_DATA", str(tmp_path / "gone"))
    status, text = report(capsys)
    assert status == 1
    assert text.rstrip().endswith("GAN_WIDGETS_DATA: name a folder of IDX files, or unset it")


def test_files_in_the_data_folder_are_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "t10k-images-idx3-ubyte.gz").touch()
    (tmp_path / "notes.txt").touch()
    monkeypatch.setenv("GAN_WIDGETS_DATA", str(tmp_path))
    assert value("GAN_WIDGETS_DATA").value == f"{tmp_path}: 1 IDX files"
