"""What the benchmarks in a browser share: a Chromium, a JupyterLab, and notebooks in it, one at a time."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browser import chromium
from tests.browser.jupyterlab import Lab, Server, lab_page, serve


@contextmanager
def chromium_page() -> Iterator[Browser]:
    """Give a headless Chromium, or say what to install."""
    program = chromium.find()
    if program is None:
        raise SystemExit(chromium.ADVICE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
        yield running
        running.close()


@contextmanager
def jupyterlab(*options: str) -> Iterator[Server]:
    """Give a JupyterLab, started with these options and gone at the end."""
    with TemporaryDirectory() as folder, serve(Path(folder), *options) as server:
        yield server


@contextmanager
def notebook(browser: Browser, server: Server, *cells: str) -> Iterator[Lab]:
    """Give a page with a notebook of these cells, run; its kernel ends with it."""
    with lab_page(browser, server) as lab:
        lab.open(*cells)
        lab.run()
        yield lab
