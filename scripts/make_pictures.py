"""Makes the pictures of the guide: a real hub, a real browser, an example notebook run to its end.

python scripts/make_pictures.py URL NAME PASSWORD
logs in at the hub that runs at URL with a new NAME (its home must be as it is at the first log-in) and writes
docs/pictures/*.png.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
NOTEBOOK = "examples/01_loading_and_viewing.ipynb"
LARGEST = 300_000
PATIENCE = 60_000  # milliseconds


def main(url: str, name: str, password: str) -> int:
    """Take every picture; 1 where one is too large for the project."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        browser = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox"],  # Chromium's own sandbox cannot be nested in a container
            viewport={"width": 1280, "height": 800},
        )
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        _log_in(page, url, name, password)
        _notebook(page, url, name)
        browser.close()
    return 0 if all(_smaller(picture) for picture in sorted(FOLDER.glob("*.png"))) else 1


def _log_in(page: Page, url: str, name: str, password: str) -> None:
    page.goto(f"{url.rstrip('/')}/hub/login")
    page.fill("#username_input", name)
    page.fill("#password_input", password)
    page.screenshot(path=FOLDER / "log-in.png", clip={"x": 0, "y": 0, "width": 1280, "height": 520})
    page.click("#login_submit")
    page.wait_for_url("**/lab**")
    page.wait_for_selector(".jp-DirListing-item")


def _notebook(page: Page, url: str, name: str) -> None:
    page.goto(f"{url.rstrip('/')}/user/{name}/lab/tree/{NOTEBOOK}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_selector("#jp-main-statusbar >> text=/Python 3.*Idle/")  # earlier, JupyterLab runs nothing
    page.click(".lm-MenuBar-itemLabel >> text=Run")
    page.click(".lm-Menu-itemLabel >> text=/^Run All Cells$/")
    page.wait_for_selector(".jp-OutputArea-output img")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-InputPrompt')].every(p => !p.textContent.includes('*'))"
    )
    slices = page.locator(".jp-CodeCell:has-text('Lung window') .jp-OutputArea-output img")
    for _ in range(3):  # JupyterLab moves the cells while it draws those above
        slices.first.evaluate("image => image.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(1000)
    page.screenshot(path=FOLDER / "notebook.png")


def _smaller(picture: Path) -> bool:
    """Fewer colours where the project has the tool for it; whether the file is small enough."""
    if picture.stat().st_size > LARGEST and shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--ext", ".png", str(picture)], check=True)
    size = picture.stat().st_size
    sys.stdout.write(f"{picture}: {size} bytes\n")
    return size <= LARGEST


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
