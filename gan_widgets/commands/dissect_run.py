"""`gan-widgets dissect`: the run, its files and its table."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import quote

from gan_widgets.commands import dissect_inputs as inputs
from gan_widgets.core.errors import DissectionError, GanWidgetsError, problem
from gan_widgets.core.words import interval
from gan_widgets.dissect import run
from gan_widgets.dissect.cluster import local
from gan_widgets.dissect.result import Dissection
from gan_widgets.dissect.summary import Best

_INTERRUPTED = 130
_AT_LEAST = 0.05


def dissect(options: argparse.Namespace) -> int:
    """Dissect what the options name, save it and print the best units; 130 when Ctrl-C ended it before."""
    files = _files(options.out, options.layers)
    before = {} if options.resume is None else _files(options.resume, options.layers)
    earlier = {layer: _loaded(path) for layer, path in before.items()}
    _check(files.values(), before.values())
    model, latents = inputs.generator(options.model, options.weights, options.prior)
    segmenter = inputs.segmenter(options.concepts)
    with nullcontext() if options.workers is None else local(options.workers) as client:
        try:
            found = run.dissect(
                model,
                list(options.layers),
                latents=latents,
                segmenter=segmenter,
                images=options.images,
                threshold=options.threshold,
                share=options.share,
                start=options.seed_start,
                batch=options.batch,
                null=None if options.null == "none" else options.null,
                resume=earlier or None,
                client=client,
            )
        except DissectionError as error:
            if error.partial is not None:
                _keep(error.partial, files)
            raise
        if not all(one.complete for one in found.values()):
            _keep(found, files)
            return _INTERRUPTED
        for layer, one in found.items():
            one.save(files[layer])
            print(f"{one!r}\n{table(one, options.rows)}\nsaved as {files[layer]}\n")
    return 0


def table(found: Dissection, rows: int) -> str:
    """Write the best units of a dissection, at most so many, in columns.

    Units below an IoU of 0.05 are left out. `p` is the chance of such an IoU in that cell under the null,
    the family-wise one that any of the cells up to this one is luck, `q` the rate of false discoveries
    among cells like it; all need a null.
    """
    best = [one for one in found.best() if one.iou >= _AT_LEAST]
    lines = [
        ("unit", "concept", "category", "IoU", "95 % interval", "p", "family-wise", "q"),
        *map(_row, best[:rows]),
    ]
    if found.p_values is None:
        lines = [line[:5] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    sides = (str.rjust, str.ljust, str.ljust, *[str.rjust] * 5)
    text = [
        "  ".join(side(cell, width) for cell, width, side in zip(line, widths, sides, strict=False)).rstrip()
        for line in lines
    ]
    if len(best) > rows:
        text.append(f"and {len(best) - rows} more; --rows shows them")
    if not best:
        text = [f"no unit has an IoU of {_AT_LEAST} or more with its best concept"]
    return "\n".join(f"  {line}" for line in text)


def _row(best: Best) -> tuple[str, ...]:
    chances = ["–" if p is None or p != p else f"{p:.3f}" for p in (best.p, best.family_wise, best.q)]
    return (
        str(best.unit),
        _plain(best.concept),
        _plain(best.category),
        f"{best.iou:.3f}",
        interval(best.low, best.high),
        *chances,
    )


def _plain(name: str) -> str:
    """Give a name without what would move a terminal's cursor."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name)


def _files(path: Path, layers: Sequence[str]) -> dict[str, Path]:
    """Give each layer's file: the path itself for one layer, else with the layer in its name.

    >>> [str(path) for path in _files(Path("a.safetensors"), ["net.6", "net.9"]).values()]
    ['a.net.6.safetensors', 'a.net.9.safetensors']
    """
    if len(layers) == 1:
        return {layers[0]: path}
    return {layer: path.with_name(f"{path.stem}.{quote(layer, safe='#')}{path.suffix}") for layer in layers}


def _check(files: Iterable[Path], before: Iterable[Path]) -> None:
    """Raise `GanWidgetsError` before anything is run when the result could not be saved."""
    own = {path.resolve() for path in before}
    for path in files:
        taken = path.exists() and path.resolve() not in own
        if taken or not path.parent.is_dir():
            raise GanWidgetsError(
                problem(
                    "the result cannot be saved there.",
                    got=f"{path}: {'it exists' if taken else 'there is no such folder'}",
                    allowed="a new file in a folder that exists, or the one that --resume goes on from",
                    next="Pass another --out.",
                )
            )


def _loaded(path: Path) -> Dissection:
    try:
        return Dissection.load(path)
    except OSError as error:
        raise GanWidgetsError(
            problem(
                "there is nothing to resume.",
                got=f"{type(error).__name__}: {error}",
                allowed="what an earlier run saved as --out",
                next="Leave --resume out to start a new run.",
            )
        ) from error


def _keep(partial: dict[str, Dissection], files: dict[str, Path]) -> None:
    """Save what was counted of a run that ended early, and say how to go on."""
    one = next(iter(partial.values()))
    if not one.images:
        print("\nstopped before anything was counted", file=sys.stderr)
        return
    for layer, part in partial.items():
        part.save(files[layer])
    saved = ", ".join(str(files[layer]) for layer in partial)
    print(
        f"\nstopped after {one.images:,} of {one.planned:,} images, and saved {saved}\n"
        "the same command with --resume and the path of --out goes on from there",
        file=sys.stderr,
    )
