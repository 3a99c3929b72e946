"""The demo: on loopback, behind a token, gone when it is stopped."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from gan_widgets import cli
from gan_widgets.commands import demo
from gan_widgets.core.errors import GanWidgetsError


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[str]
    said: str
    address: str

    @property
    def port(self) -> int:
        return int(re.search(r":(\d+)/", self.address)[1])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A demo started on a machine without a display."""
    folder = tmp_path_factory.mktemp("demo")
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
    variables = {name: value for name, value in os.environ.items() if name not in hidden}
    variables |= {f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "gan_widgets.cli", "demo", "--port", "18870"]
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    yield Running(process, said, re.search(r"http\S+", said)[0])
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait()
    process.stdout.close()


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_without_a_display_it_prints_the_address_and_says_so(running: Running) -> None:
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/lab/tree/notebooks/00_tour\.ipynb\?token=[0-9a-f]{48}", running.address
    )
    assert "Open that address in a browser (no display was found here)." in running.said


def test_the_address_answers_and_needs_its_token(running: Running) -> None:
    assert status(running.address) == 200
    contents = f"http://127.0.0.1:{running.port}/api/contents"
    assert status(contents) == 403
    assert status(f"{contents}?{running.address.partition('?')[2]}") == 200


def test_it_listens_on_loopback_alone(running: Running) -> None:
    server = psutil.Process(running.process.pid).children()[0]
    addresses = {c.laddr.ip for c in server.net_connections() if c.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}


def test_the_token_is_on_no_command_line(running: Running) -> None:
    token = running.address.partition("token=")[2]
    demo_itself = psutil.Process(running.process.pid)
    lines = []
    for process in [demo_itself, *demo_itself.children(recursive=True)]:
        # The server asks short-lived children for versions; one that has ended has no command line.
        with contextlib.suppress(psutil.NoSuchProcess):
            lines.append(" ".join(process.cmdline()))
    assert [line for line in lines if "jupyter" in line], lines
    assert not [line for line in lines if token in line]


def test_stopping_it_stops_the_server(running: Running) -> None:
    (server,) = psutil.Process(running.process.pid).children()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=60) == 0
    assert not server.is_running()


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert demo.free_port(port) > port


@pytest.mark.parametrize("port", ["99999999", "65536", "0", "-1"])
def test_a_port_that_does_not_exist_is_refused_before_anything_happens(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setattr(demo, "tour", lambda: pytest.fail("the tour was looked for"))
    assert cli.main(["demo", "--port", port]) == 1
    said = capsys.readouterr().err
    assert f"there is no such port.\n  got: --port {port}\n  allowed: a port from 1 to 65535\n" in said


def test_only_ports_that_exist_are_tried() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 65535))
        taken.listen()
        with pytest.raises(GanWidgetsError, match="got: ports 65535 to 65535 are all taken"):
            demo.free_port(65535)


def test_a_server_that_ends_at_once_is_an_error_that_says_what_to_do() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as server:
        server.wait()
        with pytest.raises(GanWidgetsError, match=r"did not start.\n.*status 3\n.*\n.*gan-widgets doctor"):
            demo.wait_until_ready(1, server)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"BROWSER": "w3m"}, True),
    ],
)
def test_a_display_is_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, expected: bool
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert demo.has_display() is expected
