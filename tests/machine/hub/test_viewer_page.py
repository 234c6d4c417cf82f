"""The viewer in a participant's notebook: it draws in a browser without a graphics card, and asks nobody outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsers import another, chromium, needs_chromium
from tests.support.hubs import Hub

from .test_browser import Visitor

pytestmark = [needs_chromium, pytest.mark.long]
SOFTWARE_WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
NO_WEBGL = ("--disable-3d-apis",)
READY = '.jp-OutputArea [data-ready="true"]'
LOAD = """
import warnings
warnings.simplefilter("ignore")
import numpy as np
from skrt_workspace import beside, data, phantom, view
loaded = data.load(phantom.path() / "patients" / "Phantom-2")
"""
PLAN = LOAD + "shown = view(loaded.images[0], structures=loaded.structure_sets[0], dose=loaded.doses[0])\nshown"
TOLD = 'print("drawn", [float(n) for n in shown.roi("new").get_centroid()], [one[2] for one in shown.measured])'
TWO = """
scans = [image for image in loaded.images if "CT" in image.title]
moves = lambda points: points * 0 + np.array([6.0, 0.0, 0.0])
one, two = view(scans[0], other=scans[-1], height=420), view(scans[-1], deformation=moves, height=420)
beside(one, two)"""
LARGE = """
import numpy as np, skrt
from skrt_workspace import view
x, y, z = np.ogrid[-128:128, -128:128, -75:75]
noise = np.random.default_rng(1).normal(0, 15, (256, 256, 150))
values = np.where((x / 110) ** 2 + (y / 90) ** 2 < 1, 40, -1000) + noise
dose = 60 * np.exp(-((x / 40) ** 2 + (y / 40) ** 2 + (z / 40) ** 2))
sizes = {"voxel_size": [1, 1, 2], "origin": [-128, -128, -150]}
view(skrt.Image(values, **sizes), dose=skrt.Image(dose, **sizes))"""
HUGE = """
import gc, resource, numpy as np, skrt
from skrt_workspace import view
x, y = np.ogrid[-256:256, -256:256]
values = np.empty((512, 512, 300), np.float32)
random = np.random.default_rng(1)
for z in range(300):
    values[:, :, z] = np.where((x / 220) ** 2 + (y / 180) ** 2 < 1, 40 + z / 10, -1000)
    values[:, :, z] += random.normal(0, 15, (512, 512))
image = skrt.Image(values, voxel_size=[0.8, 0.8, 1], origin=[-205, -205, -150])
used = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096
image.get_data()
before = used()
shown = view(image)
shown"""
TAKES = """
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print("takes", (most - before) >> 20, (used() - before) >> 20)"""
# Milliseconds for one step, each drawn to its end.
SPEED = """() => {
  const niivue = document.querySelector('.jp-OutputArea canvas').niivue;
  const { gl } = niivue;
  const time = step => {
    const begun = performance.now();
    for (let number = 0; number < 20; number++) {
      step(number);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    }
    return (performance.now() - begun) / 20;
  };
  niivue.moveCrosshairInVox(0, 0, 1);
  const scroll = time(number => niivue.moveCrosshairInVox(0, 0, number % 2 ? 1 : -1));
  niivue.setSliceType(4);
  const turn = time(number => niivue.setRenderAzimuthElevation(9 * number, 10));
  return { scroll, turn, bytes: niivue.volumes.reduce((sum, volume) => sum + volume.img.byteLength, 0) };
}"""
# How much is drawn over the canvas within two pixels of places in the axial plane, mm (LPS).
LINES = """async points => {
  const loaded = performance.getEntriesByType('resource').map(one => one.name);
  const { tiles } = await import(loaded.find(name => /static\\/lines\\.[0-9a-f]+\\.js/.test(name)));
  const tile = tiles(document.querySelector('.jp-OutputArea canvas').niivue).find(one => one.through === 2);
  const context = document.querySelector('.skrt-look-lines').getContext('2d');
  return points.map(([x, y]) => {
    const [left, top] = tile.pixel([-x, -y, 0]).map(Math.round);
    return context.getImageData(left - 2, top - 2, 5, 5).data.reduce((sum, value) => sum + value, 0);
  });
}"""
# Whether anything is drawn over the right fifth of the canvas: 3D was there, and an axial plane is in the middle.
BESIDE = """() => {
  const { width, height } = document.querySelector('.skrt-look-lines');
  const context = document.querySelector('.skrt-look-lines').getContext('2d');
  const right = context.getImageData(Math.round(0.8 * width), 0, Math.round(0.2 * width), height);
  return right.data.some(value => value > 0);
}"""
# Where places in mm (LPS) of the axial plane are on the page.
PIXELS = """async points => {
  const loaded = performance.getEntriesByType('resource').map(one => one.name);
  const { tiles } = await import(loaded.find(name => /static\\/lines\\.[0-9a-f]+\\.js/.test(name)));
  const { niivue } = document.querySelector('.jp-OutputArea canvas');
  const { canvas } = niivue;
  const tile = tiles(niivue).find(one => one.through === 2);
  const box = canvas.getBoundingClientRect();
  const size = box.width / canvas.width;
  return points.map(([x, y]) => tile.pixel([-x, -y, 0]).map((one, axis) => one * size + [box.left, box.top][axis]));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that draws WebGL with the processor."""
    with chromium(*SOFTWARE_WEBGL) as started:
        yield started


def opened(browser: Browser, hub: Hub, name: str, *cells: str, outside: list[str] | None = None) -> Visitor:
    """A person's notebook in a browser, with its first cell run; requests to anywhere else are added to `outside`."""
    person = hub.at_work(name)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    parts = [nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=parts, metadata=kernel)
    person.api("PUT", "api/contents/look.ipynb", {"type": "notebook", "format": "json", "content": notebook})
    visitor = Visitor(browser, hub, name)
    if outside is not None:
        local = (hub.url, hub.url.replace("http", "ws"), "data:", "blob:")
        visitor.page.on("request", lambda one: None if one.url.startswith(local) else outside.append(one.url))
    visitor.submit_log_in()
    visitor.wait_for_lab()
    visitor.page.goto(f"{hub.url}user/{name}/lab/tree/look.ipynb")
    visitor.page.wait_for_selector(".jp-Notebook .jp-Cell")
    visitor.wait_for_kernel()
    run(visitor.page, 0)
    return visitor


def run(page: Page, number: int) -> None:
    page.locator(".jp-CodeCell .cm-content").nth(number).click()
    page.keyboard.press("Control+Enter")


def choose(page: Page, name: str, option: str) -> None:
    page.locator(f".skrt-look-bar label:has-text('{name}') select").first.select_option(option)


def drag(page: Page, points: list[list[float]]) -> None:
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def test_it_draws_what_is_under_the_pointer_and_asks_nobody_outside(running: Hub, browser: Browser) -> None:
    outside: list[str] = []
    visitor = opened(browser, running, "anna", PLAN, TOLD, outside=outside)
    page = visitor.page
    page.wait_for_selector(READY)
    page.wait_for_timeout(3000)
    visitor.picture("viewer")
    before = page.inner_text(".skrt-look-readout")
    assert "mm (LPS)" in before
    assert "HU" in before
    assert "Gy" in before
    assert page.locator(".skrt-look-dvh polyline").count() == page.locator(".skrt-look-box").count() - 1

    # A distance, and a contour, at places that are known.
    choose(page, "pointer", "measure")
    drag(page, page.evaluate(PIXELS, [[0, 0], [30, 0], [60, 0]]))
    assert abs(float(page.inner_text(".skrt-look-state").split()[0]) - 60) < 1.5
    choose(page, "pointer", "draw")
    page.wait_for_timeout(1000)  # its controls take a line of the canvas
    corners = [[20, -30], [40, -30], [40, -10], [20, -10], [20, -28]]
    drag(page, page.evaluate(PIXELS, corners))
    page.wait_for_selector(".skrt-look-box:has-text('new')")
    visitor.picture("drawn")
    run(page, 1)
    page.wait_for_selector("pre:has-text('drawn')")
    said: Any = page.inner_text("pre:has-text('drawn')").removeprefix("drawn ")
    centre, measured = json.loads(f"[{said.replace('] [', '], [')}]")
    assert abs(centre[0] - 30) < 1.4, "half a voxel"
    assert abs(centre[1] + 20) < 1.4
    assert abs(measured[0] - 60) < 1.5
    assert outside == []


def test_two_images_go_together(running: Hub, browser: Browser) -> None:
    visitor = opened(browser, running, "bob", LOAD + TWO)
    page = visitor.page
    page.wait_for_function(f"document.querySelectorAll('{READY}').length === 2")
    hidden = (
        "[...document.querySelectorAll('.jp-OutputArea .skrt-look')].map(one => one.scrollHeight - one.clientHeight)"
    )
    assert max(page.evaluate(hidden)) <= 1, "words are out of sight"
    for way in ("difference", "checkerboard", "slider"):
        choose(page, "two images", way)
        page.wait_for_timeout(1000)
        visitor.picture(f"two-{way}")
    choose(page, "deformation", "arrows")
    box = page.locator(".skrt-look-frame").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.75)
    page.wait_for_function(
        "() => new Set([...document.querySelectorAll('.skrt-look-readout')].map(one => one.textContent.split('mm')[0]))"
        ".size === 1"
    )
    visitor.picture("beside")


def test_a_large_image_is_turned_and_scrolled_in_time(running: Hub, browser: Browser) -> None:
    visitor = opened(browser, running, "carl", LARGE)
    visitor.page.wait_for_selector(READY)
    visitor.page.wait_for_timeout(4000)
    # 60 Gy in the middle are 30 Gy after 33.2 mm and 40 Gy after 25.4 mm, where the isodose lines of 30 and 40 Gy are.
    choose(visitor.page, "show", "axial")
    visitor.page.wait_for_timeout(1000)
    near = visitor.page.evaluate(LINES, [[33.2, 0], [-23.5, -23.5], [0, 25.4], [29.3, 0], [0, -29.3]])
    assert [amount > 0 for amount in near] == [True, True, True, False, False]
    assert not visitor.page.evaluate(BESIDE), "3D stays where only a plane is shown"
    visitor.picture("axial")
    choose(visitor.page, "show", "planes and 3D")
    found = visitor.page.evaluate(SPEED)
    visitor.picture("large")
    print(json.dumps(found))
    assert found["scroll"] < 100, "milliseconds, with the processor alone"
    assert found["turn"] < 100
    assert found["bytes"] < 64 << 20


def test_a_whole_body_is_turned_and_scrolled(running: Hub, browser: Browser) -> None:
    visitor = opened(browser, running, "emil", HUGE, TAKES)
    page = visitor.page
    page.wait_for_selector(READY, timeout=120_000)
    page.wait_for_timeout(6000)
    visitor.picture("huge")
    found = page.evaluate(SPEED)
    run(page, 1)
    page.wait_for_selector("pre:has-text('takes')")
    print(json.dumps({**found, "kernel": page.inner_text("pre:has-text('takes')")}))
    assert found["bytes"] <= 160 << 20
    assert found["scroll"] < 1000
    assert found["turn"] < 300


def test_without_webgl_the_kernel_draws(running: Hub, browser: Browser) -> None:
    with another(browser, *NO_WEBGL) as without:
        visitor = opened(without, running, "dora", PLAN)
        page = visitor.page
        page.wait_for_selector(f"{READY} img")
        first = page.get_attribute(f"{READY} img", "src")
        page.locator(".skrt-look-bar input").nth(2).evaluate(
            "input => { input.value = input.min; input.dispatchEvent(new Event('change')); }"
        )
        page.wait_for_function("first => document.querySelector('.skrt-look img').src !== first", arg=first)
        visitor.picture("no-webgl")
        assert "mm (LPS)" in page.inner_text(".skrt-look-readout")
