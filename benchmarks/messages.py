"""Ten thousand slider messages: no queue, the last one wins, no memory gained.

    python benchmarks/messages.py [--messages 10000]

*page*: that many pointer events reach one slider in JupyterLab, ten in every frame, far more than the
kernel can answer. The queue is the number of messages on the wire that the kernel has not finished.
*kernel*: twice that many messages to one view, and the resident memory that the second half gains.
"""

import argparse
import gc

import psutil
from browser import chromium_page, jupyterlab, notebook

SET_UP = """
import gan_widgets as gw
G, D, latents = gw.pretrained("dcgan-mnist")
lab = gw.attach(G, latents=latents, layer="net.6", samples=4)
sliders = gw.AblationSliders(lab)
sliders
"""
# counts comm messages that left on this page's kernel sockets against the "idle" the kernel answers each with
TAP = """() => {
  const seen = {sent: 0, done: 0, deepest: 0};
  const waiting = new Set();
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  kernel.anyMessage.connect((_, {msg, direction}) => {
    if (direction === 'send' && msg.header.msg_type === 'comm_msg') {
      waiting.add(msg.header.msg_id);
      seen.sent += 1;
      seen.deepest = Math.max(seen.deepest, waiting.size);
      return;
    }
    const idle = msg.header.msg_type === 'status' && msg.content.execution_state === 'idle';
    if (idle && waiting.delete(msg.parent_header.msg_id)) {
      seen.done += 1;
    }
  });
  window.tapped = {seen, waiting};
}"""
STORM = """async (count) => {
  const slider = document.querySelector('.gw-slider[data-unit="0"]');
  const box = slider.getBoundingClientRect();
  const fire = (type, share) => slider.dispatchEvent(new PointerEvent(type, {
    bubbles: true, cancelable: true, composed: true,
    pointerId: 1, isPrimary: true, buttons: type === 'pointerup' ? 0 : 1,
    clientX: box.left + share * box.width, clientY: box.top + box.height / 2,
  }));
  const place = (k) => 0.1 + 0.8 * Math.abs(((k / 90) % 2) - 1);
  fire('pointerdown', place(0));
  for (let k = 1; k < count; k++) {
    fire('pointermove', place(k));
    if (k % 10 === 0) await new Promise(requestAnimationFrame);
  }
  fire('pointermove', 0.75);
  fire('pointerup', 0.75);
  const start = performance.now();
  const still = () => window.tapped.waiting.size > 0 || performance.now() - start < 500;
  while (still() && performance.now() - start < 10000) await new Promise(requestAnimationFrame);
  return {...window.tapped.seen, strength: Number(slider.dataset.strength)};
}"""


def in_the_page(messages: int) -> bool:
    with chromium_page() as browser, jupyterlab() as server, notebook(browser, server, SET_UP) as lab:
        lab.view("ablation-sliders")
        lab.page.evaluate(TAP)
        seen = lab.page.evaluate(STORM, messages)
        applied = lab.kernel.value(
            "[edit.strength if isinstance(edit.strength, float) else edit.strength[0] for edit in lab.edits]"
        )
    print(
        f"page    {messages:,} events, {seen['sent']:,} messages, "
        f"queue depth at most {seen['deepest']} (bar: 1)"
    )
    print(f"        the slider says {seen['strength']}, lab.edits says {applied}")
    return bool(seen["deepest"] <= 1 and len(applied) == 1 and abs(applied[0] - seen["strength"]) < 1e-6)


def in_the_kernel(messages: int) -> bool:
    import gan_widgets as gw

    model, _, latents = gw.pretrained("dcgan-mnist")
    lab = gw.attach(model, latents=latents, layer="net.6", samples=4)
    sliders = gw.AblationSliders(lab)

    def storm() -> None:
        for k in range(messages):
            preview = {"units": [k % 64], "strength": (k % 100 + 1) / 100}
            data = {"method": "update", "state": {"preview": preview}, "buffer_paths": []}
            sliders._handle_msg({"content": {"data": data}, "buffers": []})

    resident = []
    for _ in range(2):
        storm()
        gc.collect()
        resident.append(psutil.Process().memory_info().rss / 2**20)
    drift = resident[1] - resident[0]
    last = lab.pending[-1]
    print(
        f"kernel  {messages:,} messages, then {messages:,} more: {drift:+.1f} MB (bar: +8 MB); "
        f"last preview {last}"
    )
    expected = ((messages - 1) % 100 + 1) / 100
    strength = last.strength if isinstance(last.strength, float) else last.strength[0]
    lab.close()
    return drift <= 8 and last.units == ((messages - 1) % 64,) and abs(strength - expected) < 1e-6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=10_000)
    messages = parser.parse_args().messages
    good = [in_the_page(messages), in_the_kernel(messages)]
    raise SystemExit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
