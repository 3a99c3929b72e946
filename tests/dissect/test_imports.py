"""What importing the engine loads, and how it is called."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import gan_widgets
from gan_widgets.dissect.run import dissect

ROOM = Path(gan_widgets.__file__).parent / "dissect"
LATE = {
    "ipywidgets",
    "traitlets",
    "bqplot",
    "IPython",
    "dask",
    "distributed",
    "pandas",
    "skimage",
    "scipy",
    "tqdm",
}


def loaded(code):
    """The packages that a new interpreter has loaded after the code, beyond those that torch loads."""
    listing = "import json, sys; print(json.dumps(list(sys.modules)))"
    names = [
        subprocess.run(
            [sys.executable, "-c", f"{first}; {listing}"], capture_output=True, text=True, check=True
        )
        for first in ("import torch", code)
    ]
    before, after = ({name.split(".")[0] for name in json.loads(run.stdout)} for run in names)
    return after - before


def test_the_engine_loads_nothing_of_jupyter_and_nothing_heavy():
    files = [file.relative_to(ROOM.parent.parent).with_suffix("") for file in ROOM.glob("[!c]*.py")]
    names = [".".join(file.parts).removesuffix(".__init__") for file in files] + [
        "gan_widgets.dissect.compare"
    ]
    assert "gan_widgets.dissect.run" in names
    assert loaded(f"import {', '.join(names)}") & LATE == set()
    assert "pandas" in loaded("import gan_widgets.dissect.run, pandas")


def test_the_package_is_called_like_the_function_in_whichever_order_it_is_imported():
    assert inspect.signature(gan_widgets.dissect) == inspect.signature(dissect)
    for code in (
        "import gan_widgets as gw; f = gw.dissect",
        "import gan_widgets.dissect.run; import gan_widgets as gw; f = gw.dissect",
        "from gan_widgets.dissect.compare import compare; import gan_widgets as gw; f = gw.dissect",
        "from gan_widgets import dissect as f; import gan_widgets.dissect.plan",
    ):
        subprocess.run([sys.executable, "-c", f"{code}; assert callable(f)"], check=True)
