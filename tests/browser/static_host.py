"""Views on a page with no kernel: the shipped bundles, mounted on a model that a test sets and reads."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
ADVICE = "The static host could not be built. Run `make build` once (it needs Node.js), then these tests."
_MOUNT = "([name, size, changes]) => host.mount(name, {...host.demo(name, ...size), ...changes})"
_TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Host:
    """The page, and the model of the view mounted last."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.goto((ROOT / "js/dist/index.html").as_uri())

    def mount(
        self,
        name: str,
        size: tuple[int, ...] = (),
        **changes: Any,
    ) -> Locator:
        """Show a view of the demo state of this size with these traits changed; its root, once drawn."""
        number = self.page.evaluate(_MOUNT, [name, list(size), changes])
        root = self.page.locator("#views > div").nth(number).locator(".gw-view")
        expect(root).to_have_attribute("data-ready", "true")
        return root

    def receive(self, **state: Any) -> None:
        """Set traits as one message from the kernel does, and wait until they are drawn."""
        self.page.evaluate("state => host.receive(state)", state)
        self.drawn()

    def drawn(self) -> None:
        """Wait until what changed is painted."""
        self.page.evaluate(_TWO_FRAMES)

    def get(self, name: str) -> Any:
        """A trait as the model of the last view has it."""
        return self.page.evaluate("name => host.get(name)", name)

    @property
    def written(self) -> list[dict[str, Any]]:
        """Every message that the last view sent to the kernel, in order; what they changed is painted."""
        self.drawn()
        return self.page.evaluate("host.written")

    @property
    def sent(self) -> list[Any]:
        """Every custom message that the last view sent."""
        return self.page.evaluate("host.sent")


@pytest.fixture(scope="session")
def built_host() -> Path:
    """The static host, built from the sources as they are now."""
    node = shutil.which("node")
    if node is None or not (ROOT / "js/node_modules").is_dir():
        pytest.fail(ADVICE, pytrace=False)
    made = subprocess.run(
        [node, "build.mjs", "host"], cwd=ROOT / "js", capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.fail(f"{ADVICE}\n{made.stderr}", pytrace=False)
    return ROOT / "js/dist/index.html"


@pytest.fixture
def host(browser: Browser, built_host: Path) -> Iterator[Host]:
    """A fresh page at two device pixels per pixel; an error on it fails the test."""
    context = browser.new_context(viewport={"width": 960, "height": 1000}, device_scale_factor=2)
    page = context.new_page()
    page.set_default_timeout(20_000)
    opened = Host(page)
    yield opened
    context.close()
    assert opened.errors == []
