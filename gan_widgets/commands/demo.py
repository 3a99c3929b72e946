"""Open the tour in JupyterLab, on this machine alone."""

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gan_widgets
from gan_widgets.core.errors import GanWidgetsError, problem

LOOPBACK = "127.0.0.1"
TOUR = "00_tour.ipynb"
PATIENCE = 120.0
LAST_PORT = 65535


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gan-widgets demo`."""
    parser.add_argument("--port", type=int, default=8888, help="the first port to try (default: %(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")


def run(options: argparse.Namespace) -> int:
    """Serve the tour until Ctrl-C; 0 when stopped by hand, JupyterLab's own exit status otherwise."""
    port = free_port(options.port)
    notebook = tour()
    token = secrets.token_hex(24)
    with serving(notebook.parent.parent, port, token) as server:
        address = f"http://{LOOPBACK}:{port}/lab/tree/{notebook.parent.name}/{notebook.name}?token={token}"
        wait_until_ready(port, server)
        print(f"The tour is at\n\n    {address}\n", flush=True)
        if options.no_browser or not has_display():
            why = "as asked, no browser was opened" if options.no_browser else "no display was found here"
            print(f"Open that address in a browser ({why}). Ctrl-C stops the server.", flush=True)
        else:
            webbrowser.open(address)
            print("A browser should open on it now. Ctrl-C stops the server.", flush=True)
        try:
            return server.wait()
        except KeyboardInterrupt:
            return 0


def tour() -> Path:
    """Find the tour: a checkout's own notebook, or for an installed package a copy in the current folder."""
    package = Path(gan_widgets.__file__).resolve().parent
    original = package.parent / "notebooks" / TOUR
    if original.is_file():
        return original
    shipped = package / "notebooks" / TOUR
    if not shipped.is_file():
        raise GanWidgetsError(
            problem(
                "the tour notebook is not here.",
                got=f"neither {original} nor {shipped}",
                allowed="a checkout, or an installed wheel",
                next="Install gan_widgets again from its wheel, or run `make demo` in a checkout.",
            )
        )
    copy = Path.cwd() / "gan_widgets_tour" / TOUR
    if not copy.exists():
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(shipped, copy)
    return copy


def free_port(first: int) -> int:
    """Give the first port from `first` on that nobody listens on; raises `GanWidgetsError` without any."""
    if not 1 <= first <= LAST_PORT:
        raise GanWidgetsError(
            problem(
                "there is no such port.",
                got=f"--port {first}",
                allowed=f"a port from 1 to {LAST_PORT}",
                next="Pass for instance --port 8888, or leave it out.",
            )
        )
    last = min(first + 49, LAST_PORT)
    for port in range(first, last + 1):
        with socket.socket() as probe:
            if (
                os.name == "posix"
            ):  # a port whose last connection has just closed is free; elsewhere this means "share"
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise GanWidgetsError(
        problem(
            "no free port for the server.",
            got=f"ports {first} to {last} are all taken",
            allowed=f"a port from 1024 to {LAST_PORT} that nobody listens on",
            next="Pass another with --port.",
        )
    )


def has_display() -> bool:
    """Tell whether a browser window could appear here."""
    if sys.platform.startswith(("win", "darwin")) or "BROWSER" in os.environ:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def server_command(folder: Path, port: int) -> list[str]:
    """Give the command of a JupyterLab that serves `folder` on loopback and says little."""
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--log-level=WARN"),
        *(f"--ServerApp.ip={LOOPBACK}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        f"--ServerApp.root_dir={folder}",
    ]
    if (
        hasattr(os, "geteuid") and os.geteuid() == 0
    ):  # in a container one often is, and Jupyter asks to be told
        command.append("--allow-root")
    return command


@contextmanager
def serving(folder: Path, port: int, token: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run JupyterLab on `folder`; on leaving, ask it to stop (its kernels with it) and wait until it has."""
    # the token goes by the environment: a command line can be read by everybody on the machine
    environment = {**os.environ, "JUPYTER_TOKEN": token}
    server = subprocess.Popen(server_command(folder, port), env=environment, start_new_session=True)  # noqa: S603
    stop = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield server
    finally:
        signal.signal(signal.SIGTERM, stop)
        if server.poll() is None:
            print("Stopping JupyterLab.", flush=True)
            server.terminate()
            server.wait()


def wait_until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    """Return once the server answers; raise GanWidgetsError when it ends or stays silent instead."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/api", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    ended = server.poll()
    raise GanWidgetsError(
        problem(
            "JupyterLab did not start.",
            got=f"it ended with status {ended}" if ended is not None else f"no answer for {PATIENCE:.0f} s",
            allowed="a server that answers on loopback",
            next="Read its messages above, and run `gan-widgets doctor`.",
        )
    )
