"""The built site, served on this machine and opened in Chromium."""

import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from built import SITE  # type: ignore[import-not-found]
from playwright.sync_api import Browser, Page, sync_playwright

Opened = Callable[..., AbstractContextManager[tuple[Page, list[str]]]]
"""`opened(address, **options)`: a page, and all that it asked of others or complained of."""

Served = Callable[[Path], AbstractContextManager[str]]

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The address at which a folder is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def served() -> Served:
    return _served


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    if not (SITE / "index.html").is_file():
        pytest.fail(f"{SITE} holds no site: run make site first")
    with _served(SITE) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.fail("no Chromium: install one, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield running
        running.close()


@contextmanager
def _opened(browser: Browser, address: str, **options) -> Iterator[tuple[Page, list[str]]]:
    """A page in a context of its own, and all that it asked of others or complained of."""
    wrong: list[str] = []
    own = "/".join(address.split("/")[:3]) + "/"

    def asked(url: str) -> None:
        if not url.startswith((own, "data:", "blob:")):
            wrong.append(url)

    def complained(kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            wrong.append(text)

    context = browser.new_context(**options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("request", lambda request: asked(request.url))
    page.on("websocket", lambda socket: asked(socket.url))
    page.on("console", lambda message: complained(message.type, message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.goto(address)
    yield page, wrong
    context.close()


@pytest.fixture
def opened(browser) -> Opened:
    return functools.partial(_opened, browser)


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site."""
    return SITE
