"""Four thousand malformed messages from a front end: none escapes, none changes what it may not.

    python benchmarks/malformed.py [--messages 4000]

The messages are those that the view tests make with hypothesis, more of them: wrong types, wrong sizes,
NaN, names of traits that a page may not write, broken buffers, unknown acts. All three views share one
controller, so a message to one could reach the others.
"""

import argparse
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import gan_widgets as gw

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.widgets.messages import buffers, messages


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=4000)
    count = parser.parse_args().messages
    model, _, latents = gw.pretrained("dcgan-mnist")
    lab = gw.attach(model, latents=latents, layer="net.6", samples=4)
    views = [kind(lab) for kind in (gw.ActivationGrid, gw.AblationSliders, gw.LayerPicker)]
    sources = [(view._esm, view._css) for view in views]
    seen = {"sent": 0, "refused": 0}

    @seed(0)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(views), messages, st.lists(buffers, max_size=2))
    def throw(view: gw.LayerPicker, data: object, binary: list[bytes]) -> None:
        view._handle_msg({"content": {"data": data}, "buffers": binary})
        seen["sent"] += 1
        seen["refused"] += bool(view.error)
        assert [(each._esm, each._css) for each in views] == sources
        for each in views:
            for name in each.writable:
                each._checked(name, getattr(each, name))

    throw()
    print(
        f"{seen['sent']:,} messages, {seen['refused']:,} refused in the banner, none raised; "
        "every trait in its domain"
    )
    lab.close()


if __name__ == "__main__":
    main()
