"""Look at an HTML file in headless Chromium: its requests, accessibility, width and picture.

Chromium is the system's (Debian: ``apt-get install chromium``; the ``CHROMIUM`` environment
variable names another one), driven by the PyPI wheel ``playwright``, whose own browser download
is not needed.  The accessibility rules are axe-core's (MPL-2.0), read from the PyPI wheel
``axe-playwright-python``.  Use this module in tests only.

Playwright's sync API keeps an asyncio loop running in the calling thread while a browser is
open: inside these context managers, ``asyncio.run`` fails.  ``page_of`` opens a browser of its
own unless it is given one; ``launch`` opens one for many pages.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, Route, WebSocketRoute, sync_playwright

# Safe for root in a container, and silent on the network.  Playwright adds --headless and
# --no-sandbox itself, along with more switches against background traffic.
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # What is no request, and so is not recorded (preconnect, dns-prefetch), resolves no name.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_AXE = "axe_playwright_python/axe.min.js"
_AXE_TAGS = (
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
)

# Start what would load only once scrolled to, so that its request is seen.
_LOAD_LAZY = """() => {
  for (const e of document.querySelectorAll('[loading=lazy]')) e.loading = 'eager';
  return document.fonts.ready.then(() => true);
}"""

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
  const outside = r => r.width > 0 && r.height > 0 && (r.right > width + 0.5 || r.left < -0.5);
  // Within an ancestor that scrolls or clips, an element widens that ancestor, not the page.
  const contained = e => {
    for (let p = e.parentElement; p && p !== document.body && p !== page; p = p.parentElement)
      if (getComputedStyle(p).overflowX !== 'visible') return true;
    return false;
  };
  const scrolls = e => e !== document.body && e !== page &&
    getComputedStyle(e).overflowX !== 'visible';
  const name = e => e.localName + (e.id ? '#' + e.id : '') +
    [...e.classList].map(c => '.' + c).join('');
  const path = e => {
    const names = [];
    for (let p = e; p && p !== document.body && names.length < 4; p = p.parentElement)
      names.unshift(name(p));
    return names.join(' > ');
  };
  const found = [];
  for (const e of document.body.querySelectorAll('*')) {
    if (contained(e)) continue;
    let rects = [e.getBoundingClientRect()];
    if (!scrolls(e))  // text that sticks out of its own element
      for (const node of e.childNodes)
        if (node.nodeType === Node.TEXT_NODE) {
          const range = document.createRange();
          range.selectNodeContents(node);
          rects.push(...range.getClientRects());
        }
    rects = rects.filter(outside);
    if (!rects.length) continue;
    const left = Math.round(Math.min(...rects.map(r => r.left)));
    const right = Math.round(Math.max(...rects.map(r => r.right)));
    found.push(`${path(e)}: from ${left} to ${right} px, in ${width} px`);
  }
  // Never silent: margins and generated content have no box of their own to name.
  return found.length ? found : [`document: ${page.scrollWidth} px, in ${width} px`];
}"""


class Opened(NamedTuple):
    """A loaded page, and the URLs that it asked for besides its own file (all refused).

    The list is live: what the page asks for later is added to it.
    """

    page: Page
    requests: list[str]


def chromium() -> str | None:
    """Path of the browser to drive, None if there is none (so that a test can be skipped)."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@contextmanager
def launch() -> Iterator[Browser]:
    """Run headless Chromium, for several ``page_of``; raises FileNotFoundError if missing."""
    executable = chromium()
    if executable is None:
        raise FileNotFoundError("chromium is not on the PATH; or name one in $CHROMIUM")
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
    html: Path, width: int, height: int = 900, *, browser: Browser | None = None
) -> Iterator[Opened]:
    """Open a local HTML file in a viewport of the given size, without any network.

    Every request other than for the file itself is refused and recorded: http, WebSocket, and
    file URLs alike (``data:`` and ``blob:`` URLs are no requests).  The page is given half a
    second after it has loaded and its lazy images were asked for.

    Not seen, as Chromium asks for nothing: ``preconnect`` and ``dns-prefetch`` hints, media with
    ``preload=none``, styles and pictures of media queries that do not hold, pings of links.
    """
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
            viewport={"width": width, "height": height}, service_workers="block"
        )
        try:
            context.route("**/*", handle)
            context.route_web_socket("**/*", refuse)
            page = context.new_page()
            page.goto(own_url, wait_until="load")
            page.evaluate(_LOAD_LAZY)
            page.wait_for_timeout(500)
            yield Opened(page, requests)
        finally:
            context.close()


@cache
def _axe_source() -> str:
    """axe.min.js as UTF-8 (importing its package would read it in the locale's encoding)."""
    package = importlib.metadata.distribution("axe-playwright-python")
    return Path(str(package.locate_file(_AXE))).read_text(encoding="utf-8")


def axe_violations(page: Page) -> list[str]:
    """Run axe-core with its WCAG 2.2 A and AA and best-practice rules; return what fails.

    One entry for each failing element: ``RULE [IMPACT] SELECTOR: what to fix``.  What axe
    cannot decide (such as contrast over a picture) is left out.
    """
    page.evaluate(_axe_source())
    violations: list[dict[str, Any]] = page.evaluate(_RUN_AXE, list(_AXE_TAGS))
    return [
        f"{rule['id']} [{rule['impact']}] {' '.join(map(str, node['target']))}: "
        + " ".join(str(node.get("failureSummary") or rule["help"]).split())
        for rule in violations
        for node in rule["nodes"]
    ]


def overflow(page: Page) -> list[str]:
    """Name the elements that make the page wider than its viewport; empty if it is not.

    Elements inside an ancestor that scrolls or clips sideways are ignored.
    """
    found: list[str] = page.evaluate(_OVERFLOW)
    return found


def screenshot(html: Path, png: Path, width: int) -> None:
    """Write a picture of the whole page (seen right to 25000 px high) at a viewport width."""
    with page_of(html, width) as opened:
        opened.page.screenshot(path=png, full_page=True, animations="disabled")
