"""Look at an HTML file in headless Chromium: its requests, accessibility and width.

Chromium is the system's (the ``CHROMIUM`` environment variable names another one), driven by
playwright; the accessibility rules are axe-core's, read from the wheel ``axe-playwright-python``.
Playwright keeps an asyncio loop running in the thread while a browser is open.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, WebSocketRoute, sync_playwright

# Silent on the network: what is no request, and so is not recorded, resolves no name.
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_AXE = "axe_playwright_python/axe.min.js"
_AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# Without preload, axe does not itself fetch the page's style sheets (for an experimental rule).
_RUN_AXE = """async tags => {
  const options = {
    runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], preload: false,
  };
  return (await axe.run(document, options)).violations;
}"""

_OVERFLOW = """() => {
  const page = document.scrollingElement, width = document.documentElement.clientWidth;
  if (page.scrollWidth <= window.innerWidth) return [];
  // Within an ancestor that scrolls or clips, an element widens that ancestor, not the page.
  const contained = e => {
    for (let p = e.parentElement; p && p !== document.body && p !== page; p = p.parentElement)
      if (getComputedStyle(p).overflowX !== 'visible') return true;
    return false;
  };
  const found = [`document: ${page.scrollWidth} px, in ${width} px`];
  for (const e of document.body.querySelectorAll('*')) {
    const box = e.getBoundingClientRect();
    if (box.width && box.right > width + 0.5 && !contained(e))
      found.push(`${e.localName}#${e.id}.${e.className}: to ${Math.round(box.right)} px`);
  }
  return found;
}"""


def chromium() -> str | None:
    """Path of the browser to drive, None if there is none (so that a test can be skipped)."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@contextmanager
def launch() -> Iterator[Browser]:
    """Run headless Chromium, for several ``page_of``."""
    executable = chromium()
    assert executable, "chromium is not on the PATH; or name one in $CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, headless=True, chromium_sandbox=False, args=_FLAGS
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page_of(
    html: Path, width: int, *, browser: Browser | None = None
) -> Iterator[tuple[Page, list[str]]]:
    """Open a local HTML file in a viewport of some width; refuse and list all other requests."""
    own_url = html.resolve(strict=True).as_uri()
    requests: list[str] = []

    def handle(route: Route) -> None:
        if route.request.url.partition("#")[0] == own_url:
            route.continue_()
        else:
            requests.append(route.request.url)
            route.abort()

    def refuse(socket: WebSocketRoute) -> None:
        requests.append(socket.url)
        socket.close()

    with launch() if browser is None else nullcontext(browser) as running:
        context = running.new_context(
            viewport={"width": width, "height": 900}, service_workers="block"
        )
        try:
            context.route("**/*", handle)
            context.route_web_socket("**/*", refuse)
            page = context.new_page()
            page.goto(own_url, wait_until="load")
            page.wait_for_timeout(200)
            yield page, requests
        finally:
            context.close()


def axe_violations(page: Page) -> list[str]:
    """Run axe-core with its WCAG 2.2 A and AA and best-practice rules; return what fails."""
    # importing its package would read it in the encoding of the locale
    package = importlib.metadata.distribution("axe-playwright-python")
    page.evaluate(Path(str(package.locate_file(_AXE))).read_text(encoding="utf-8"))
    violations: list[dict[str, Any]] = page.evaluate(_RUN_AXE, list(_AXE_TAGS))
    return [
        f"{rule['id']} [{rule['impact']}] {' '.join(map(str, node['target']))}: "
        + " ".join(str(node.get("failureSummary") or rule["help"]).split())
        for rule in violations
        for node in rule["nodes"]
    ]


def overflow(page: Page) -> list[str]:
    """Name the elements that make the page wider than its viewport; empty if it is not."""
    found: list[str] = page.evaluate(_OVERFLOW)
    return found
