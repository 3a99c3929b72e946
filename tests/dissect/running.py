"""Small dissections for tests, and a `cancel` that says yes in the middle of one."""

from gan_widgets.dissect.run import dissect


def run(model, latents, segmenter, layer="first", **keywords):
    """Dissect 96 images at a share of 5 %, unless told otherwise."""
    keywords = {"images": 96, "share": 0.05, "progress": False, **keywords}
    return dissect(model, layer, latents=latents, segmenter=segmenter, **keywords)


def after(asked):
    """Make a `cancel` that says yes at the call number `asked`."""
    answers = iter([False] * asked)
    return lambda: next(answers, True)
