"""A real JupyterLab and a page on it: open a notebook, run it, look at it, ask its kernel.

Everything waits on what JupyterLab itself says (promises, kernel states, attributes), never on time.
"""

import ast
import asyncio
import json
import os
import secrets
import subprocess
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.asynchronous.client import AsyncKernelClient
from playwright.sync_api import Browser, Locator, Page

from gan_widgets.commands.demo import free_port, server_command, wait_until_ready

SHOTS = Path(__file__).resolve().parents[2] / ".ci" / "out"
PATIENCE = 30_000

# the notebook on the page, as JupyterLab's own objects
_NOTEBOOK = "const notebook = window.jupyterapp.shell.currentWidget;"
_READY = """async (path) => {
  const app = window.jupyterapp;
  await app.restored;
  const notebook = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
  await notebook.context.ready;
  await notebook.sessionContext.ready;
  app.shell.activateById(notebook.id);
  while (!notebook.sessionContext.session?.kernel) {
    await new Promise(done => notebook.sessionContext.kernelChanged.connect(done));
  }
  await notebook.sessionContext.session.kernel.info;
  return notebook.sessionContext.session.kernel.id;
}"""
_RUN = f"""async () => {{
  {_NOTEBOOK}
  await window.jupyterapp.commands.execute('notebook:run-all-cells');
  const errors = [];
  for (const cell of notebook.content.model.cells) {{
    for (const output of cell.type === 'code' ? cell.toJSON().outputs : []) {{
      if (output.output_type === 'error') errors.push(output.ename + ': ' + output.evalue);
    }}
  }}
  return errors;
}}"""
_SAVE = f"async () => {{ {_NOTEBOOK} await notebook.context.save(); }}"
_SHUTDOWN = f"async () => {{ {_NOTEBOOK} await notebook.sessionContext.shutdown(); }}"
_THEME = """async (theme) => {
  await window.jupyterapp.commands.execute('apputils:change-theme', {theme});
}"""


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: where it is, how to get in, and the folders it was given."""

    address: str
    token: str
    root: Path
    runtime: Path


@contextmanager
def serve(folder: Path, *options: str) -> Iterator[Server]:
    """A JupyterLab from this environment on loopback, with a token of its own; it writes in `folder`."""
    root = folder / "notebooks"
    root.mkdir()
    token = secrets.token_hex(16)
    homes = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    homes["JUPYTERLAB_SETTINGS_DIR"] = str(folder / "settings")
    homes["JUPYTERLAB_WORKSPACES_DIR"] = str(folder / "workspaces")
    homes["IPYTHONDIR"] = str(folder / "ipython")
    notices = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    notices.parent.mkdir(parents=True)
    notices.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    environment = {**os.environ, **homes, "JUPYTER_TOKEN": token}
    environment.pop("GAN_WIDGETS_NODELAY", None)
    port = free_port(18_888)
    command = [*server_command(root, port), "--LabApp.expose_app_in_browser=True", *options]
    SHOTS.mkdir(parents=True, exist_ok=True)
    with (SHOTS / "jupyterlab.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until_ready(port, server)
            yield Server(f"http://127.0.0.1:{port}", token, root, folder / "runtime")
        finally:
            server.terminate()
            server.wait()


@pytest.fixture(scope="session")
def jupyter_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all browser tests."""
    with serve(tmp_path_factory.mktemp("jupyterlab")) as server:
        yield server


class Kernel:
    """Asks the kernel behind a notebook over a connection of its own, while the page keeps its own."""

    def __init__(self, runtime: Path, kernel_id: str) -> None:
        self.id = kernel_id
        # Playwright's loop runs in the test's thread, so this one runs in another
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = self._wait(self._connect(runtime / f"kernel-{kernel_id}.json"))

    def value(self, expression: str) -> Any:
        """The value of an expression in the kernel's namespace, by way of JSON: ``value("lab.seeds")``."""
        return self._wait(self._value(expression))

    def until(self, expression: str) -> None:
        """Wait until an expression is true in the kernel: what a hand did on the page takes a moment."""
        deadline = time.monotonic() + PATIENCE / 1000
        while not self.value(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"

    def close(self) -> None:
        """End this connection; the kernel lives on."""
        self._wait(self._disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, question: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(question, self._loop).result(PATIENCE / 1000)

    async def _connect(self, connection: Path) -> AsyncKernelClient:
        client = AsyncKernelClient(connection_file=str(connection))
        client.load_connection_file()
        client.start_channels(stdin=False, hb=False)
        await client.wait_for_ready(timeout=PATIENCE / 1000)
        return client

    async def _disconnect(self) -> None:
        self._client.stop_channels()
        self._client.context.destroy(linger=0)

    async def _value(self, expression: str) -> Any:
        asked = {"value": f"__import__('json').dumps({expression}, default=repr)"}
        reply = await self._client.execute("", silent=True, user_expressions=asked, reply=True)
        answer = reply["content"]["user_expressions"]["value"]
        if answer["status"] != "ok":
            raise AssertionError(f"{expression}: {answer['ename']}: {answer['evalue']}")
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))


class Lab:
    """A page on JupyterLab, with one notebook on it at a time."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.path = ""
        self._kernel: Kernel | None = None

    @property
    def kernel(self) -> Kernel:
        """The kernel of the open notebook."""
        assert self._kernel is not None, "open a notebook first"
        return self._kernel

    def open(self, *cells: str, name: str = "test") -> None:
        """Write a notebook with these code cells, show it, and wait for its kernel."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        self.show(notebook, name)

    def show(self, notebook: nbformat.NotebookNode, name: str) -> None:
        """Show a notebook, under a name that no other has, and wait for its kernel."""
        self.path = f"{name}-{secrets.token_hex(4)}.ipynb"
        nbformat.write(notebook, self.server.root / self.path)
        self.page.goto(f"{self.server.address}/lab/tree/{self.path}?reset&token={self.server.token}")
        self._attach()
        self.theme("light")  # the server remembers what the last test chose

    def _attach(self) -> None:
        self.page.wait_for_function("() => window.jupyterapp?.restored")
        self._unveil()
        kernel_id = self.page.evaluate(_READY, self.path)
        if self._kernel is None or self._kernel.id != kernel_id:
            self._kernel = Kernel(self.server.runtime, kernel_id)

    def run(self) -> None:
        """Run all cells and wait until they have ended; an exception in one fails the test."""
        errors = self.page.evaluate(_RUN)
        assert not errors, errors

    def save(self) -> None:
        """Save the notebook with its outputs: a reloaded page shows what was saved."""
        self.page.evaluate(_SAVE)

    def reload(self) -> None:
        """Reload the page; the kernel lives on."""
        self.page.reload()
        self._attach()

    def view(self, name: str) -> Locator:
        """The root element of a view that has drawn itself."""
        found = self.page.locator(f'.gw-view[data-view="{name}"][data-ready="true"]')
        found.first.wait_for()
        return found

    def theme(self, kind: str) -> None:
        """Switch to "light" or "dark" and wait until the page wears it."""
        self.page.evaluate(_THEME, f"JupyterLab {kind.title()}")
        light = "true" if kind == "light" else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        self._unveil()

    def _unveil(self) -> None:
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def screenshot(self, name: str, of: Locator | None = None) -> Path:
        """Save what is seen to ``.ci/out/<name>.png``."""
        target = SHOTS / f"{name}.png"
        (of or self.page).screenshot(path=str(target))
        return target

    def close(self) -> None:
        """Shut the notebook's kernel down, if there is one."""
        if self._kernel is not None:
            self._kernel.close()
            self.page.evaluate(_SHUTDOWN)


@contextmanager
def lab_page(browser: Browser, server: Server) -> Iterator[Lab]:
    """A fresh page on the server, and at the end no page and no kernel."""
    context = browser.new_context(viewport={"width": 1400, "height": 1500})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    lab = Lab(page, server)
    yield lab
    lab.close()
    context.close()


@pytest.fixture
def jupyter_lab(browser: Browser, jupyter_server: Server) -> Iterator[Lab]:
    """A page of its own for one test."""
    with lab_page(browser, jupyter_server) as lab:
        yield lab


@pytest.fixture(scope="module")
def shared_lab(browser: Browser, jupyter_server: Server) -> Iterator[Lab]:
    """One page for all tests of a module, where opening the notebook is most of the work."""
    with lab_page(browser, jupyter_server) as lab:
        yield lab
