"""The page in a real browser. Where none is installed, its tests are skipped and say so."""

import contextlib
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

import tonewatch.dashboard

STATIC = Path(tonewatch.dashboard.__file__).with_name("static")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = "chromium is not installed: the page was not tried in a browser (install chromium)"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A microphone is there on every machine, and refused where no flag answers for a person.
    "--use-fake-device-for-media-stream",
]
PATIENCE_MS = 30_000
"""How long an expectation may take on a busy machine; met ones return at once."""

expect.set_options(timeout=PATIENCE_MS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say that the browser tests did not run."""
    if CHROMIUM is None:
        terminalreporter.write_line(f"SKIPPED: {MISSING}")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright with the system's Chromium."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    if not (STATIC / "index.html").is_file():
        pytest.fail("the page is not built: make page")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all tests."""
    with _launched(playwright) as launched:
        yield launched


def _launched(playwright: Playwright, *more: str) -> contextlib.closing[Browser]:
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *more])
    return contextlib.closing(launched)


@pytest.fixture
def speaking_browser(playwright: Playwright) -> Iterator[Callable[[Path], Browser]]:
    """Makes browsers whose microphone plays a WAV file once; the page need not ask."""
    with contextlib.ExitStack() as stack:

        def make(sound: Path) -> Browser:
            return stack.enter_context(
                _launched(
                    playwright,
                    "--use-fake-ui-for-media-stream",
                    f"--use-file-for-fake-audio-capture={sound}%noloop",
                )
            )

        yield make


@pytest.fixture(scope="session")
def example_site() -> Iterator[str]:
    """The built page alone, without its server: address of the example calls."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=server.serve_forever, name="example site")
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/demo"
    server.shutdown()
    thread.join()
    server.server_close()


class _Files(http.server.SimpleHTTPRequestHandler):
    """Built files; every other path is the page. As strict about what it loads as the server."""

    protocol_version = "HTTP/1.1"

    def translate_path(self, path: str) -> str:
        found = STATIC / urlsplit(path).path.lstrip("/")
        return str(found if found.is_file() else STATIC / "index.html")

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", "default-src 'self'; style-src 'self'")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""


@dataclass
class Opener:
    """Opens pages, and keeps what they complain about."""

    browser: Browser
    complaints: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()
    """Parts of messages that a test expects in the console."""
    _contexts: list[Any] = field(default_factory=list)

    def __call__(self, url: str, *, browser: Browser | None = None, **options: Any) -> Page:
        """A page in a context of its own."""
        options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}} | options
        context = (browser or self.browser).new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._console)
        page.goto(url)
        return page

    def _console(self, message: Any) -> None:
        wanted = any(part in message.text for part in self.allowed)
        if message.type in ("error", "warning") and not wanted:
            self.complaints.append(f"{message.type}: {message.text}")

    def close(self) -> None:
        """Close everything that was opened; a server calls it before it stops."""
        while self._contexts:
            self._contexts.pop().close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """Opens pages; the test fails if one writes an error or a warning to its console."""
    opener = Opener(browser)
    yield opener
    opener.close()
    assert opener.complaints == []
