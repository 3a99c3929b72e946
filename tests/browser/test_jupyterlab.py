"""JupyterLab itself, before any view of ours: what the other browser tests stand on."""

import pytest

from tests.browser.jupyterlab import Lab

pytestmark = pytest.mark.browser

HELLO = """
import anywidget
import traitlets

class Hello(anywidget.AnyWidget):
    _esm = '''
    export default { render({ model, el }) {
      const root = document.createElement("button");
      root.className = "gw-view";
      root.dataset.view = "hello";
      root.addEventListener("click", () => {
        model.set("count", model.get("count") + 1);
        model.save_changes();
      });
      const draw = () => { root.textContent = `clicked ${model.get("count")} times`; };
      model.on("change:count", draw);
      draw();
      root.dataset.ready = "true";
      el.append(root);
    } };
    '''
    count = traitlets.Int(0).tag(sync=True)

hello = Hello()
hello
"""


def test_a_cell_runs_and_its_result_is_on_the_page_and_in_the_kernel(jupyter_lab: Lab) -> None:
    jupyter_lab.open("answer = 2 + 2\nanswer")
    jupyter_lab.run()
    assert jupyter_lab.page.locator(".jp-OutputArea-output").inner_text().strip() == "4"
    assert jupyter_lab.kernel.value("answer") == 4


def test_an_exception_in_a_cell_fails_the_run(jupyter_lab: Lab) -> None:
    jupyter_lab.open("1 / 0")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        jupyter_lab.run()


def test_kernels_know_that_the_server_sends_without_delay(jupyter_lab: Lab) -> None:
    jupyter_lab.open("import os")
    jupyter_lab.run()
    assert jupyter_lab.kernel.value("os.environ.get('GAN_WIDGETS_NODELAY')") == "1"


def test_a_widget_answers_a_click_and_keeps_its_state_over_a_reload(jupyter_lab: Lab) -> None:
    jupyter_lab.open(HELLO)
    jupyter_lab.run()
    button = jupyter_lab.view("hello")
    button.click()
    jupyter_lab.page.get_by_text("clicked 1 times").wait_for()
    assert jupyter_lab.kernel.value("hello.count") == 1
    jupyter_lab.save()
    jupyter_lab.reload()
    assert jupyter_lab.view("hello").inner_text() == "clicked 1 times"


def test_the_page_wears_the_theme_that_was_asked_for(jupyter_lab: Lab) -> None:
    jupyter_lab.open("1")
    shades = {}
    for theme in ("light", "dark"):
        jupyter_lab.theme(theme)
        jupyter_lab.screenshot(f"jupyterlab-{theme}")
        shades[theme] = jupyter_lab.page.evaluate(
            "() => getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim()"
        )
    assert shades["light"] != shades["dark"]
