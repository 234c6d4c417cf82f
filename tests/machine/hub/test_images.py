"""A double click on images in JupyterLab on a real hub, in a browser without a graphics card."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Response

from skrt_hub.environment import Environment
from tests.support.browsers import chromium
from tests.support.hubs import Hub

from .test_browser import Visitor

SOFTWARE_WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
STUDY = "20260105_090000"
READY = '.lm-DockPanel-widget:not(.lm-mod-hidden) [data-ready="true"]'

# The study's scan a second time in a frame of its own, and a registration that bends it back onto the first.
DEFORMABLE = """
import sys
from pathlib import Path
import numpy as np
import pydicom
from pydicom.dataset import Dataset

study, other = Path(sys.argv[1]), pydicom.uid.generate_uid()
series = pydicom.uid.generate_uid()
scans = [path for path in study.rglob("*.dcm") if pydicom.dcmread(path, stop_before_pixels=True).Modality == "CT"]
(study / "second").mkdir()
for number, path in enumerate(scans):
    one = pydicom.dcmread(path)
    own = str(one.FrameOfReferenceUID)
    one.FrameOfReferenceUID, one.SeriesInstanceUID = other, series
    one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    one.save_as(study / "second" / f"{number}.dcm")
bent = pydicom.dcmread(scans[0], stop_before_pixels=True)
bent.Modality, bent.SOPClassUID, bent.SeriesDescription = "REG", "1.2.840.10008.5.1.4.1.1.66.3", "bent"
bent.SeriesInstanceUID = pydicom.uid.generate_uid()
for name in ("Rows", "Columns"):
    delattr(bent, name)
grid, item = Dataset(), Dataset()
grid.ImagePositionPatient, grid.ImageOrientationPatient = [-200, -200, -120], [1, 0, 0, 0, 1, 0]
grid.GridDimensions, grid.GridResolution = [9, 9, 9], [50, 50, 30]
z, y, x = np.indices((9, 9, 9))
grid.VectorGridData = np.stack([15 * np.sin(y), 15 * np.cos(x), 0 * z], axis=-1).astype("<f4").tobytes()
item.SourceFrameOfReferenceUID, item.DeformableRegistrationGridSequence = other, [grid]
bent.DeformableRegistrationSequence = [item]
bent.save_as(study / "bent.dcm")
"""

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(*SOFTWARE_WEBGL) as started:
        yield started


def bring(hub: Hub, environment: Environment, name: str) -> Path:
    """A study of the phantom, in somebody's home."""
    home = hub.state / "homes" / name
    source = environment.folder / "share" / "skrt-workspace" / "phantom" / "patients" / "Phantom-1" / STUDY
    shutil.copytree(source, home / "study")
    owner = home.stat()
    for path in (home / "study", *(home / "study").rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    return home


def test_images_open_by_a_double_click(
    make_hub: Callable[..., Hub], environment: Environment, browser: Browser
) -> None:
    hub = make_hub()
    hub.run("up")
    anna = Visitor(browser, hub, "anna")
    anna.submit_log_in()
    anna.wait_for_lab()
    home = bring(hub, environment, "anna")
    (home / "text.dcm").write_bytes(b"hello")
    page = anna.page
    scripts: list[Response] = []
    page.on("response", lambda one: scripts.append(one) if "/niivue." in one.url else None)

    dose = next((home / "study").rglob("RTDOSE*.dcm")).relative_to(home)
    page.goto(f"{hub.url}user/anna/lab/tree/{dose.parent}?reset")
    page.dblclick(f'.jp-DirListing-item[title*="{dose.name}"]')
    page.wait_for_selector(READY)
    words = page.inner_text(".skrt-look-readout")
    assert "mm (LPS)" in words
    assert "Gy" in words
    assert {"Heart", "GTV", "PTV"} <= {text.strip("■ \n") for text in page.locator(".skrt-look-box").all_inner_texts()}
    anna.picture("dose")
    box = page.locator(".skrt-look-frame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.3)
    page.wait_for_function("words => document.querySelector('.skrt-look-readout').textContent !== words", arg=words)
    (script,) = scripts
    assert "immutable" in script.headers["cache-control"], "the class shares it, and a browser asks once"
    assert not list(home.rglob("*-checkpoint.dcm")), "no second copy of an image in the home"

    page.goto(f"{hub.url}user/anna/lab?reset")
    page.dblclick('.jp-DirListing-item[title*="text.dcm"]')
    page.wait_for_selector(".skrt-look-refused:has-text('cannot be read as DICOM')")
    page.click('.jp-DirListing-item[title*="Name: study"]', button="right")
    page.click(".lm-Menu-itemLabel:has-text('Open Study')")
    page.click(".skrt-study-series:has-text('RTSTRUCT planning')")
    page.wait_for_selector(READY)
    anna.picture("study")


def test_a_deformable_registration_opens(running: Hub, environment: Environment, browser: Browser) -> None:
    anna = Visitor(browser, running, "anna")
    anna.submit_log_in()
    anna.wait_for_lab()
    home = bring(running, environment, "anna")
    made = subprocess.run(
        [environment.python, "-c", DEFORMABLE, home / "study"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    owner = home.stat()
    for path in (home / "study").rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid)
    page = anna.page
    page.goto(f"{running.url}user/anna/lab/tree/study?reset")
    page.dblclick('.jp-DirListing-item[title*="bent.dcm"]')
    page.wait_for_selector(READY)
    assert "9 x 9 x 9 points" in page.inner_text(".skrt-look")
    assert "other" in page.inner_text(".skrt-look-readout")
    page.locator(".skrt-look-bar label:has-text('deformation') select").select_option("arrows")
    page.locator(".skrt-look-bar label:has-text('show') select").select_option("axial")
    page.wait_for_timeout(2000)
    anna.picture("deformable")
