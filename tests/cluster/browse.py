"""Two participants in a real browser: log in, run a notebook to its end, edit, log out, come back to the edit.

    python tests/cluster/browse.py http://127.0.0.1:8000/ FOLDER-FOR-SCREENSHOTS NOTEBOOK...

Needs playwright and a Chromium (SKRT_HUB_TEST_CHROMIUM, else /usr/bin/chromium).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PASSWORD = "a long enough password"
EDIT = "edited by"


async def visit(browser: Browser, url: str, name: str, notebooks: list[str], shots: Path) -> dict[str, float]:
    """One participant's whole visit; seconds for each stage."""
    times: dict[str, float] = {}
    began = time.monotonic()
    context = await browser.new_context(viewport={"width": 1400, "height": 1000})
    page = await context.new_page()
    await log_in(page, url, name)
    times["lab"] = time.monotonic() - began
    for number, notebook in enumerate(notebooks):
        started = time.monotonic()
        await open_notebook(page, url, name, notebook)
        await run_all(page)
        times[notebook] = time.monotonic() - started
        await page.screenshot(path=shots / f"{name}-{number}-end.png")
        await show_picture(page)
        await page.screenshot(path=shots / f"{name}-{number}-picture.png")
        await edit(page, name)
        await page.screenshot(path=shots / f"{name}-{number}-edited.png")
    await page.goto(f"{url}hub/logout")
    await page.screenshot(path=shots / f"{name}-logged-out.png")
    await log_in(page, url, name)
    await open_notebook(page, url, name, notebooks[0])
    await expect(page.locator(".jp-Notebook").get_by_text(f"{EDIT} {name}").first).to_be_visible(timeout=60_000)
    await page.screenshot(path=shots / f"{name}-back.png")
    await context.close()
    return times


async def log_in(page: Page, url: str, name: str) -> None:
    """Through the form, until JupyterLab is there."""
    await page.goto(f"{url}hub/login")
    await page.fill("#username_input", name)
    await page.fill("#password_input", PASSWORD)
    await page.click("#login_submit")
    await page.wait_for_url("**/lab**", timeout=240_000)
    await page.locator("#jp-main-dock-panel").wait_for(timeout=240_000)


async def open_notebook(page: Page, url: str, name: str, notebook: str) -> None:
    """Open a notebook in JupyterLab with a fresh workspace, and wait for its kernel."""
    await page.goto(f"{url}user/{name}/lab/workspaces/visit/tree/{notebook}?reset")
    await page.locator(".jp-Notebook").first.wait_for(timeout=120_000)
    # Without a kernel the indicator says idle too, so its name is waited for first.
    await page.locator('.jp-NotebookPanel-toolbar .jp-KernelName:has-text("Python 3")').first.wait_for(timeout=120_000)
    await page.locator('.jp-NotebookPanel-toolbar [data-status="idle"]').first.wait_for(timeout=120_000)
    await asyncio.sleep(1)


async def run_all(page: Page, *, patience: float = 400) -> None:
    """Run all cells and wait until every code cell has its number and the kernel is idle. Raises for an error shown."""
    await page.click('li.lm-MenuBar-item:has-text("Run")')
    await page.click('li[data-command="runmenu:run-all"]')
    end = time.monotonic() + patience
    while time.monotonic() < end:
        await asyncio.sleep(1)
        assert not await page.locator("dialog.jp-Dialog").count(), await page.locator("dialog.jp-Dialog").inner_text()
        waiting = await page.locator('.jp-InputPrompt:has-text("[*]")').count()
        idle = await page.locator('.jp-NotebookPanel-toolbar [data-status="idle"]').count()
        if not waiting and idle:
            break
    else:
        raise TimeoutError(f"the notebook did not end within {patience:.0f} s")
    errors = page.locator('.jp-RenderedText[data-mime-type="application/vnd.jupyter.stderr"] >> text=Traceback')
    assert await errors.count() == 0, await errors.first.text_content()


async def show_picture(page: Page) -> None:
    """Scroll to the last plot."""
    pictures = page.locator(".jp-OutputArea-output img")
    if await pictures.count():
        await pictures.last.scroll_into_view_if_needed()
        await asyncio.sleep(0.5)


async def edit(page: Page, name: str) -> None:
    """Add a cell above the first one, write a line in it, run it and save."""
    cell = page.locator(".jp-Notebook .jp-Cell").first
    await cell.scroll_into_view_if_needed()
    await cell.click()
    await page.keyboard.press("Escape")  # command mode, in which A adds a cell above
    await page.keyboard.press("a")
    await page.keyboard.press("Enter")
    await page.keyboard.type(f"# {EDIT} {name}")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.press("Control+s")
    await asyncio.sleep(3)


async def together(url: str, shots: Path, notebooks: list[str], names: tuple[str, ...]) -> None:
    """All participants at once, in one browser program with separate sessions."""
    async with async_playwright() as playwright:
        program = os.environ.get("SKRT_HUB_TEST_CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        rows = await asyncio.gather(*(visit(browser, url, name, notebooks, shots) for name in names))
        await browser.close()
    for name, times in zip(names, rows, strict=True):
        print(name, ", ".join(f"{stage}: {seconds:.1f} s" for stage, seconds in times.items()))


def main(words: list[str] | None = None) -> int:
    """Visit with two participants and print their times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("shots", type=Path)
    parser.add_argument("notebooks", nargs="+")
    parser.add_argument("--names", nargs="+", default=["ana", "ben"])
    arguments = parser.parse_args(words)
    arguments.shots.mkdir(parents=True, exist_ok=True)
    asyncio.run(together(arguments.url, arguments.shots, arguments.notebooks, tuple(arguments.names)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
