"""docs/images/dashboard.png: the page as it is during the demo call.

    python tools/picture.py [OUTPUT]

Starts the monitor on a free port, plays the demo call in a headless Chromium, and takes the picture
once a moment was flagged. Needs the `dev` extra and the system's Chromium.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect, sync_playwright

TARGET = Path(__file__).parent.parent / "docs" / "images" / "dashboard.png"
SIZE = {"width": 1360, "height": 900}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def draw(page: Page, address: str, target: Path) -> None:
    """Play the demo call and take the picture behind its first flag."""
    while True:
        try:
            page.goto(address)
            break
        except PlaywrightError:
            page.wait_for_timeout(200)  # the address is told before the rooms behind it stand
    page.get_by_role("button", name=re.compile("demo", re.IGNORECASE)).first.click()
    expect(page.locator(".flags li").first).to_be_visible(timeout=120_000)
    page.wait_for_timeout(8_000)
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target)


def main() -> None:
    """Serve, draw, stop."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as outputs:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tonewatch",
                "serve",
                "--port",
                "0",
                "--output",
                outputs,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        try:
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found, "the server named no address"
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
                page = browser.new_page(viewport=SIZE, device_scale_factor=1.5, locale="en-GB")
                draw(page, found.group(), target)
                browser.close()
        finally:
            server.terminate()
            server.wait(timeout=30)
    print(target)


if __name__ == "__main__":
    main()
