// Runs inside JupyterLab's page. Times a slider from the input event to the frame whose pixels changed.
// One "subject" is one way to show the pictures: how its slider is moved, and how a new picture is noticed.
(() => {
  const after = (selector, root = document) => {
    const found = root.querySelector(selector);
    if (!found) throw new Error(`nothing matches ${selector}`);
    return found;
  };

  // The first moment at which the frame that is being made has been handed to the screen.
  const made = () =>
    new Promise((done) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => done(performance.now());
      channel.port2.postMessage(0);
    });
  // Ours draws while a frame is being made; an <img> that has loaded is in the next one.
  const painted = async (inFrame) => {
    if (!inFrame) await frame();
    return made();
  };

  const pointer = (target, type, x, y) => {
    const shared = {
      bubbles: true, cancelable: true, composed: true, view: window, clientX: x, clientY: y,
      button: type.endsWith("move") ? -1 : 0, buttons: type.endsWith("up") ? 0 : 1,
    };
    const made = type.startsWith("mouse")
      ? new MouseEvent(type, { ...shared, button: 0 })
      : new PointerEvent(type, { ...shared, pointerId: 1, pointerType: "mouse", isPrimary: true });
    target.dispatchEvent(made);
  };

  // noUiSlider listens to the mouse, ours to pointers. A slider that follows either along a horizontal track; `share` runs from 0 to 1.
  const track = (kind, grip, rail, moves) => {
    const middle = (element) => {
      const box = element.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    };
    // measured once, as a hand does: asking again at every move would make the page lay itself out each time
    const box = rail().getBoundingClientRect();
    const place = (share) => [box.left + share * box.width, box.top + box.height / 2];
    return {
      // noUiSlider moves its handle by as much as the pointer moves: it must be taken where it is
      press: (share) => pointer(grip(), `${kind}down`, ...(grip() === rail() ? place(share) : middle(grip()))),
      move: (share) => pointer(moves(), `${kind}move`, ...place(share)),
      release: (share) => pointer(moves(), `${kind}up`, ...place(share)),
    };
  };

  const subjects = {
    ours: () => {
      const view = after('[data-view="ablation-sliders"]');
      const row = () => after('.gw-slider[data-unit="0"]', view);
      const rail = () => row().querySelector("[data-part=track]") ?? row();
      return {
        inFrame: true,
        hand: track("pointer", rail, rail, rail),
        watch: (changed) => {
          const observer = new MutationObserver(changed);
          observer.observe(view, { attributes: true, attributeFilter: ["data-frame"] });
          return () => observer.disconnect();
        },
      };
    },
    interact: () => {
      const box = after(".widget-interact");
      const base = () => after(".noUi-target", box);
      return {
        inFrame: false,
        hand: track("mouse", () => after(".noUi-handle", box), base, () => document.documentElement),
        watch: (changed) => {
          const observer = new MutationObserver((records) => {
            for (const record of records)
              for (const node of record.addedNodes) {
                const image = node.tagName === "IMG" ? node : node.querySelector?.("img");
                if (image?.complete) changed();
                else image?.addEventListener("load", changed, { once: true });
              }
          });
          observer.observe(box, { childList: true, subtree: true });
          return () => observer.disconnect();
        },
      };
    },
  };

  const soon = (ms) => new Promise((done) => setTimeout(done, ms));
  const frame = () => new Promise((done) => requestAnimationFrame(done));

  // One step after another, each waiting for its picture. Returns milliseconds, one per step.
  async function steps(name, count) {
    const { hand, watch, inFrame } = subjects[name]();
    const times = [];
    hand.press(0.5);
    await soon(800);
    for (let k = 0; k < count; k++) {
      await soon(30 + 25 * Math.random());
      const seen = new Promise((done) => {
        const stop = watch(() => {
          stop();
          painted(inFrame).then(done);
        });
      });
      const start = performance.now();
      hand.move(0.1 + 0.8 * ((k * 0.37) % 1));
      const end = await Promise.race([seen, soon(5000)]);
      if (end === undefined) throw new Error(`${name}: no picture within 5 s of step ${k}`);
      times.push(end - start);
    }
    hand.release(0.5);
    await soon(500);
    return times;
  }

  // A drag at 60 events a second. Returns how many different pictures were shown while it lasted, and how long after the last event the last one came.
  async function drag(name, seconds) {
    const { hand, watch, inFrame } = subjects[name]();
    const shown = [];
    let waiting = false;
    const events = Math.round(60 * seconds);
    // four sweeps, so that each event moves by more than the hundredth that both sliders count in
    const to = (k) => 0.1 + 0.8 * Math.abs(((4 * k) / events + 1) % 2 - 1);
    hand.press(to(0));
    await soon(800);
    const stop = watch(() => {
      if (waiting) return; // two pictures in one frame are seen as one
      waiting = true;
      painted(inFrame).then((time) => {
        waiting = false;
        shown.push(time);
      });
    });
    const start = performance.now();
    let last = start;
    for (let k = 0; k < events; k++) {
      const due = start + (1000 * k) / 60;
      await soon(due - performance.now());
      last = performance.now();
      hand.move(to(k + 1));
    }
    await soon(1500);
    stop();
    hand.release(to(events));
    await soon(500);
    return { events, frames: shown.length, lag: shown.length ? shown[shown.length - 1] - last : null };
  }

  window.latency = { steps, drag };
})();
