"""Say what is installed here, whether the views can load, and what to do about what is wrong."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import gan_widgets

PACKAGE = Path(gan_widgets.__file__).resolve().parent
KERNEL_SIDE = ("torch", "numpy", "ipywidgets", "anywidget", "bqplot", "ipycanvas", "traitlets", "ipykernel")
SERVER_SIDE = ("jupyterlab", "jupyter-server", "jupyterlab-widgets")
PAGE_SIDE = ("@jupyter-widgets/jupyterlab-manager", "anywidget", "bqplot", "ipycanvas")
BUNDLE_LIMIT = 30_000
NO_SERVER = "pip install jupyterlab, or run `gan-widgets doctor` in the environment that JupyterLab runs from"


@dataclass(frozen=True)
class Finding:
    """One line of the report; `todo` is empty when all is well with it."""

    section: str
    name: str
    value: str
    todo: str = ""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gan-widgets doctor`."""
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(options: argparse.Namespace) -> int:
    """Print the report; 0 when all is well, 1 when something is to be done."""
    report = list(findings())
    ill = [finding for finding in report if finding.todo]
    if options.json:
        print(json.dumps({"well": not ill, "findings": [asdict(finding) for finding in report]}, indent=2))
    else:
        print(text(report))
    return 1 if ill else 0


def findings() -> Iterator[Finding]:
    """Look at everything, in the order of the report."""
    yield Finding("python", "python", f"{platform.python_version()} at {sys.executable}")
    yield Finding("python", "gan_widgets", f"{gan_widgets.__version__} at {PACKAGE}")
    yield from _versions("kernel side", KERNEL_SIDE, "pip install --upgrade gan_widgets")
    yield from _versions("server side", SERVER_SIDE, NO_SERVER)
    yield from _server_extension()
    yield from _page_extensions()
    yield from _bundles()
    yield from _torch()
    yield from _data()


def text(report: list[Finding]) -> str:
    """Lay the report out for a terminal, the things to do last.

    >>> well, ill = Finding("python", "python", "3.11"), Finding("views", "grid", "missing", "make build")
    >>> print(text([well, ill]))
    python
      python                3.11
    views
      grid                  missing   <- see below
    <BLANKLINE>
    To do:
      grid: make build
    """
    width = max(20, *(len(finding.name) for finding in report))
    lines, section = [], ""
    for finding in report:
        if finding.section != section:
            section = finding.section
            lines.append(section)
        mark = "   <- see below" if finding.todo else ""
        lines.append(f"  {finding.name:<{width}}  {finding.value}{mark}")
    ill = [finding for finding in report if finding.todo]
    todo = ["To do:", *(f"  {finding.name}: {finding.todo}" for finding in ill)] if ill else ["All is well."]
    return "\n".join([*lines, "", *todo])


def _versions(section: str, packages: tuple[str, ...], cure: str) -> Iterator[Finding]:
    for package in packages:
        try:
            yield Finding(section, package, version(package))
        except PackageNotFoundError:
            yield Finding(section, package, "not installed", cure)


def _server_extension() -> Iterator[Finding]:
    """Whether a server started from this environment sends replies at once (see `gan_widgets.server`)."""
    section = "server side"
    try:
        from jupyter_core.paths import jupyter_config_path
        from jupyter_server.extension.config import ExtensionConfigManager
    except ImportError:
        return
    manager = ExtensionConfigManager(read_config_path=[str(path) for path in jupyter_config_path()])
    extensions: dict[str, bool] = manager.get_jpserver_extensions()  # type: ignore[no-untyped-call]
    if extensions.get("gan_widgets.server"):
        yield Finding(section, "server extension", "enabled")
    else:
        cure = "jupyter server extension enable gan_widgets.server  (sliders answer sooner with it)"
        yield Finding(section, "server extension", "not enabled", cure)
    if os.environ.get("GAN_WIDGETS_NODELAY") == "1":
        said = "set by the server that started this process"
    else:
        said = "not known here: only kernels and terminals that JupyterLab started can tell"
    yield Finding(section, "TCP_NODELAY", said)


def _page_extensions() -> Iterator[Finding]:
    """Read what JupyterLab's page will load from the files that the server reads; no server is needed."""
    section = "page side"
    try:
        from jupyter_core.paths import jupyter_path
        from jupyterlab_server.config import get_federated_extensions, get_page_config
    except ImportError:
        yield Finding(section, "extensions", "cannot tell without jupyterlab", NO_SERVER)
        return
    folders = jupyter_path("labextensions")
    found = get_federated_extensions(folders)
    disabled = get_page_config(folders).get("disabledExtensions", [])
    for name in PAGE_SIDE:
        if name not in found:
            owner = "jupyterlab-widgets" if "/" in name else name
            yield Finding(section, name, "not found", f"pip install --force-reinstall --no-deps {owner}")
        elif any(entry == name or entry.startswith(f"{name}:") for entry in disabled):
            yield Finding(section, name, "disabled", f"jupyter labextension enable {name}")
        else:
            yield Finding(section, name, str(found[name]["version"]))


def _bundles() -> Iterator[Finding]:
    """Whether each view's script and style sheet are here, and how large they are."""
    checkout = (PACKAGE.parent / "js" / "package.json").is_file()
    cure = "make build  (it needs Node.js)" if checkout else "install gan_widgets again from its wheel"
    for view in sorted(PACKAGE.glob("widgets/[!_]*.py")):
        files = [PACKAGE / "static" / f"{view.stem}{end}" for end in (".js", ".css")]
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            yield Finding("views", view.stem, f"{' and '.join(missing)} missing", cure)
            continue
        sizes = [file.stat().st_size for file in files]
        said = f"{sizes[0] / 1000:.1f} kB script, {sizes[1] / 1000:.1f} kB style"
        too_large = "report this: a bundle must stay below 30 kB" if max(sizes) >= BUNDLE_LIMIT else ""
        yield Finding("views", view.stem, said, too_large)


def _torch() -> Iterator[Finding]:
    try:
        import torch
    except ImportError as reason:
        yield Finding("compute", "torch", f"does not import: {reason}", "pip install --force-reinstall torch")
        return
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "ROCm" if torch.version.hip else "CPU"
    yield Finding("compute", "torch build", f"{torch.__version__} ({build})")
    cores = os.cpu_count()
    yield Finding("compute", "threads", f"{torch.get_num_threads()} for one operation, on {cores} cores")
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices += [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    yield Finding("compute", "devices", ", ".join(devices))


def _data() -> Iterator[Finding]:
    name = "GAN_WIDGETS_DATA"
    folder = os.environ.get(name)
    if folder is None:
        yield Finding("data", name, "not set (only training on MNIST wants it)")
    elif not Path(folder).is_dir():
        yield Finding("data", name, f"{folder}: no such folder", "name a folder of IDX files, or unset it")
    else:
        yield Finding("data", name, _files(Path(folder)))
    try:
        from gan_widgets.train.data import cache
    except ImportError:  # without torch, which has been said
        return
    yield Finding("data", "cache", _files(cache()))


def _files(folder: Path) -> str:
    count = sum(1 for _ in folder.glob("*ubyte*"))
    return f"{folder}: {count or 'no'} IDX files"
