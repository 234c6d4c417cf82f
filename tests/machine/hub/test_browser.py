"""Two participants with real browsers: log in together, run a notebook from the examples, edit, log out, come back.

Pictures of what they see are left in SKRT_HUB_TEST_PICTURES, where that names a folder.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, Route

from skrt_workspace.install.first_scripts import listed
from tests.support.browsers import PATIENCE, needs_chromium, picture
from tests.support.hubs import Hub

MOST_SCRIPTS = 40  # a part of them is for the notebook's formulas
# Which settings amount to something else where JupyterLab's own checker fills them in: the comment in the setting makes
# that one do it (labextension/static/settings.js).
SETTINGS = """async plugins => {
  let needed;
  self.rspackChunk_jupyterlab_application_top.push([['probe'], {}, found => { needed = found; }]);
  const shared = needed.S.default['@jupyterlab/settingregistry'];
  const checker = new ((await Object.values(shared)[0].get())().DefaultSchemaValidator)();
  const filled = (plugin, raw) => {
    const asked = { ...plugin, raw, data: { composite: {}, user: {} } };
    return checker.validateData(asked) || asked.data;
  };
  const sorted = value => JSON.stringify(value, (_, part) => part && part.constructor === Object
    ? Object.fromEntries(Object.entries(part).sort()) : part);
  let quick = 0;
  const differ = plugins.filter(plugin => {
    const ours = filled(plugin, '{}');
    quick += !checker._validator.getSchema(`jupyterlab-plugin:${encodeURIComponent(plugin.id)}`);
    return sorted(ours) !== sorted(filled(plugin, '{/**/}'));
  });
  return quick > plugins.length / 2 ? differ.map(plugin => plugin.id) : ['all are checked by JupyterLab itself'];
}"""
NOTEBOOK = "examples/01_loading_and_viewing.ipynb"

pytestmark = needs_chromium


class Visitor:
    """A participant's browser, with cookies of its own."""

    def __init__(self, browser: Browser, hub: Hub, name: str) -> None:
        self.hub, self.name = hub, name
        self.page: Page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
        self.page.set_default_timeout(PATIENCE)

    def picture(self, what: str) -> None:
        picture(self.page, f"{self.name}-{what}")

    def submit_log_in(self) -> None:
        self.page.goto(self.hub.url)
        self.page.fill("#username_input", self.name)
        self.page.fill("#password_input", "correct horse")
        self.page.click("#login_submit", no_wait_after=True)

    def wait_for_lab(self) -> None:
        self.page.wait_for_url("**/user/**/lab**")
        self.page.wait_for_selector("#jp-main-dock-panel")

    def open_notebook(self) -> None:
        self.page.goto(f"{self.hub.url}user/{self.name}/lab/tree/{NOTEBOOK}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        self.page.wait_for_selector("text=/Python 3 .* Idle/")

    def new_notebook(self) -> None:
        """A new notebook with its kernel, the cursor in its first cell."""
        self.page.goto(f"{self.hub.url}user/{self.name}/lab?reset")
        self.page.click("text=New notebook")
        self.page.click(".jp-Notebook .cm-content")
        self.wait_for_kernel()

    def run_all(self) -> None:
        self.page.click(".jp-Notebook .jp-Cell >> nth=0")
        self.page.click("text=Run >> nth=0")
        self.page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')

    def finish(self) -> dict[str, Any]:
        """Wait until every cell has run, saving meanwhile as a participant would; returns the notebook as saved."""
        end = time.monotonic() + PATIENCE / 1000
        self.page.keyboard.press("Escape")
        while time.monotonic() < end:
            self.page.keyboard.press("Control+s")
            time.sleep(1)
            answer = self.api(f"api/contents/{NOTEBOOK}")
            if "content" not in answer:
                continue  # it is being saved at this very moment
            notebook: dict[str, Any] = answer["content"]
            code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
            if all(cell["execution_count"] for cell in code if "".join(cell["source"]).strip()):
                return notebook
        raise AssertionError("the notebook did not come to its end")

    def api(self, path: str) -> Any:
        answer = self.page.request.get(f"{self.hub.url}user/{self.name}/{path}")
        return answer.json()


def outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in notebook["cells"] if cell["cell_type"] == "code" for output in cell["outputs"]]


def test_what_is_run_before_the_kernel_has_begun_waits_for_it(running: Hub, browser: Browser) -> None:
    """JupyterLab by itself drops such cells without a word."""
    visitor = Visitor(browser, running, "eager")
    visitor.submit_log_in()
    visitor.wait_for_lab()
    held: list[Route] = []
    visitor.page.route("**/api/sessions?*", lambda route: held.append(route) if is_start(route) else route.continue_())
    visitor.page.goto(f"{running.url}user/eager/lab/tree/{NOTEBOOK}")
    visitor.page.click(".jp-Notebook .jp-CodeCell >> nth=0 >> .cm-content")
    for _ in range(3):  # a cell, a text, a cell
        visitor.page.keyboard.press("Shift+Enter")
    prompt = visitor.page.locator(".jp-CodeCell .jp-InputPrompt")
    visitor.page.wait_for_function("document.querySelector('.jp-CodeCell .jp-InputPrompt').innerText.includes('*')")
    assert len(held) == 1, "one kernel is asked for"
    held[0].continue_()
    visitor.page.wait_for_function("document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')[1].innerText == '[2]:'")
    assert prompt.nth(0).inner_text() == "[1]:"
    assert visitor.page.locator(".jp-Dialog").count() == 0


def test_a_link_to_a_notebook_opens_that_and_few_files_are_asked_for(running: Hub, browser: Browser) -> None:
    visitor = Visitor(browser, running, "emil")
    visitor.submit_log_in()
    visitor.wait_for_lab()
    visitor.page.wait_for_selector(".skrt-start")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    visitor.page.goto(f"{running.url}user/emil/lab/tree/{NOTEBOOK}")
    visitor.page.wait_for_selector(".jp-Notebook .jp-Cell")
    visitor.wait_for_kernel()
    tabs = visitor.page.locator("#jp-main-dock-panel .lm-TabBar-tabLabel").all_inner_texts()
    assert [tab for tab in tabs if tab] == [NOTEBOOK.rpartition("/")[2]]
    visitor.picture("link")
    assert visitor.page.url.endswith(f"/lab/tree/{NOTEBOOK}")
    names = [path.partition("/user/emil/")[2].partition(".")[0] for path in asked if path.endswith(".js")]
    assert "lab/extensions/skrt-workspace/static/first" in names
    once = {name.replace("lab/static", "static/lab").replace("labextensions", "lab/extensions") for name in listed()}
    assert once.isdisjoint(names), "what is in the one file is not asked for again"
    # Where a newer JupyterLab has other files, write down anew what it asks for: install/first_scripts.txt.
    assert len(names) <= MOST_SCRIPTS, names
    assert visitor.page.evaluate(SETTINGS, visitor.api("lab/api/settings")["settings"]) == []


def test_a_link_to_a_folder_shows_the_start_page(running: Hub, browser: Browser) -> None:
    visitor = Visitor(browser, running, "emil")
    visitor.submit_log_in()
    visitor.wait_for_lab()
    visitor.page.goto(f"{running.url}user/emil/lab/tree/examples?reset")
    visitor.page.wait_for_selector(".skrt-start[data-ready]")
    visitor.page.wait_for_selector('.jp-DirListing-item:has-text("01_loading")')


def is_start(route: Route) -> bool:
    return route.request.method == "POST"


@pytest.mark.long
def test_two_participants_from_log_in_to_coming_back(running: Hub, browser: Browser) -> None:
    visitors = [Visitor(browser, running, name) for name in ("anna", "berta")]
    for visitor in visitors:
        visitor.submit_log_in()
    for visitor in visitors:
        visitor.wait_for_lab()
        visitor.picture("lab")
    for visitor in visitors:
        visitor.open_notebook()
        visitor.run_all()
    for visitor in visitors:
        notebook = visitor.finish()
        visitor.page.click(".jp-Notebook .jp-Cell >> nth=6")
        visitor.picture("run")
        assert not [output for output in outputs(notebook) if output["output_type"] == "error"]
        assert [output for output in outputs(notebook) if "image/png" in output.get("data", {})]

    anna, berta = visitors
    anna.page.click(".jp-Notebook .jp-Cell >> nth=0")
    anna.page.keyboard.press("Escape")
    anna.page.keyboard.press("b")
    anna.page.keyboard.press("Enter")
    anna.page.keyboard.type("# a note of Anna's")
    anna.page.keyboard.press("Shift+Enter")
    anna.finish()
    assert "a note of Anna's" in json.dumps(anna.api(f"api/contents/{NOTEBOOK}")["content"])
    assert "a note of Anna's" not in json.dumps(berta.api(f"api/contents/{NOTEBOOK}")["content"])

    anna.page.goto(f"{running.url}hub/logout")
    anna.page.wait_for_selector("#login_submit")
    anna.picture("logged-out")
    anna.submit_log_in()
    anna.wait_for_lab()
    anna.open_notebook()
    anna.page.wait_for_selector("text=a note of Anna's")
    anna.picture("back")

    status = berta.page.goto(f"{running.url}user/anna/lab/tree/{NOTEBOOK}")
    assert status is not None and status.status in (403, 404)
    berta.picture("refused")


@pytest.mark.long
def test_the_interactive_viewer_works_in_the_page(running: Hub, browser: Browser) -> None:
    """scikit-rt's BetterViewer, drawn by ipympl: moving its slider changes the picture."""
    visitor = Visitor(browser, running, "clara")
    visitor.submit_log_in()
    visitor.wait_for_lab()
    visitor.new_notebook()
    visitor.page.keyboard.insert_text(
        "%matplotlib widget\n"
        "from skrt import BetterViewer, Image\nfrom skrt_workspace import phantom\n"
        "ct = Image(str(next(phantom.path().rglob('*.nii*'))))\n"
        "viewer = BetterViewer(ct, intensity=[-1200, 400], figsize=4)\n"
    )
    visitor.page.keyboard.press("Shift+Enter")
    picture = visitor.page.locator(".jp-OutputArea-output canvas").first
    picture.wait_for()
    visitor.page.wait_for_selector(".jp-OutputArea-output .noUi-handle")
    time.sleep(3)
    before = picture.screenshot()
    visitor.page.query_selector_all(".jp-OutputArea-output .noUi-handle")[-1].click()  # the one for the slice
    for _ in range(6):
        visitor.page.keyboard.press("ArrowUp")
    end = time.monotonic() + 60
    after = before
    while after == before and time.monotonic() < end:
        time.sleep(1)
        with contextlib.suppress(Error):  # it is drawn anew at this moment
            after = picture.screenshot()
    visitor.picture("viewer")
    assert after != before
    said = "\n".join(part.inner_text() for part in visitor.page.query_selector_all(".jp-OutputArea-output pre"))
    assert "Error" not in said, said


@pytest.mark.long
def test_a_kernel_that_took_too_much_memory_is_explained(make_hub: Callable[..., Hub], browser: Browser) -> None:
    hub = make_hub(limits={"memory": "700 MB"})
    hub.run("up")
    visitor = Visitor(browser, hub, "dora")
    visitor.submit_log_in()
    visitor.wait_for_lab()
    visitor.new_notebook()
    visitor.page.keyboard.insert_text("much = b'x' * 2_000_000_000")
    visitor.page.keyboard.press("Shift+Enter")
    visitor.page.wait_for_selector("text=/memory.*700 MB|700 MB.*memory/ >> visible=true")
    visitor.picture("memory")
    assert visitor.api("api/kernels") != []  # the server is still there


@pytest.mark.long
def test_a_browser_among_thirty_who_log_in_at_once(make_hub: Callable[..., Hub], browser: Browser) -> None:
    hub = make_hub()
    hub.run("up")
    with ThreadPoolExecutor(1) as thread:
        crowd = thread.submit(hub.run, "bench", "--people", "30", "--json")
        while len(hub.status()["servers"]) < 4:  # one comes alone first; then all together
            assert not crowd.done()
            time.sleep(0.2)
        visitor = Visitor(browser, hub, "emma")
        visitor.submit_log_in()
        visitor.page.wait_for_load_state()
        visitor.picture("burst-waiting")
        visitor.wait_for_lab()
        visitor.picture("burst-lab")
        visitor.open_notebook()
        visitor.run_all()
        notebook = visitor.finish()
        visitor.picture("burst-run")
        assert not [output for output in outputs(notebook) if output["output_type"] == "error"]
        assert json.loads(crowd.result().stdout)["systems"][0]["failures"] == []
