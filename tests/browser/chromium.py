"""Where Chromium is, and how to get one: used by the browser tests and, before them, by ``make test``.

Run as a script it finds a Chromium, or installs one where it may: Debian's package for root, Playwright's own
for everybody else.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADVICE = (
    "The browser tests need Chromium, and none was found on PATH, in $CHROMIUM or among Playwright's own. "
    "On Debian or Ubuntu, as root: apt-get install chromium. "
    "Elsewhere: .venv/bin/playwright install chromium. "
    "Or set CHROMIUM to the program of a Chromium or Chrome that you have."
)
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_MAC = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find() -> str | None:
    """The program of a Chromium that is here, or None: ``$CHROMIUM``, then PATH, then Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    for candidate in (*_NAMES, *_MAC):
        if program := shutil.which(candidate):
            return program
    return _playwrights_own()


def _playwrights_own() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        program = playwright.chromium.executable_path
    return program if Path(program).exists() else None


def install() -> None:
    """Install a Chromium where this user may; what the installers say is shown, failing is left to `find`."""
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        if subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode == 0:
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Find or install; print where it is, or what to do."""
    if find() is None:
        install()
    program = find()
    print(f"Chromium: {program}" if program else ADVICE)
    return 0 if program else 1


if __name__ == "__main__":
    sys.exit(main())
