"""Preview of every page in every state: `python -m tests.gateway.web.gallery FOLDER [--only PREFIX]`.

Writes HTML files that open without a server and, when Chromium is there, screenshots at 1280 and 360 pixels,
light and dark, and the findings of axe. Exits 1 when there are findings.
"""

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from gateway.web.pages.render import page, static_files
from gateway.web.pages.views import View
from tests.gateway.web.samples import SAMPLES

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOOKS = [(width, scheme) for width in (1280, 360) for scheme in SCHEMES]
NARROWEST = 320
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class _Answer(BaseHTTPRequestHandler):
    """Serves the samples and the static files under the policy that the gateway will send."""

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].removeprefix("/")
        kind, body = static_files().get(name.removeprefix("static/"), ("text/html; charset=utf-8", b""))
        if name in SAMPLES:
            body = page(*SAMPLES[name])
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header(
            "Content-Security-Policy", POLICY + "; script-src 'self'" * name.startswith("passkey")
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """Serve the gallery on a free port; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def show(browser_page: Any, name: str, view: View) -> None:
    """Show a page in place of the one that is open, under its address and policy: loading takes four times as long."""
    browser_page.set_content(page(name, view).decode())


def run_axe(browser_page: Any, kind: str, values: list[str]) -> list[str]:
    """What axe has against the page shown by rules of a kind: one line for each element."""
    from axe_playwright_python.sync_playwright import Axe

    # A page that was waited for by its words may still be without its style sheet.
    browser_page.wait_for_load_state("load")
    if not browser_page.evaluate("'axe' in window"):
        browser_page.evaluate(Axe().axe_script)
    # What passes is ten times as long as everything else: it stays in the browser.
    found: list[str] = browser_page.evaluate(
        """runOnly => axe.run({runOnly}).then(({violations}) => violations.flatMap(rule => rule.nodes.map(
            node => `${rule.id}: ${node.html.slice(0, 120)} ${(node.failureSummary || '').slice(0, 200)}`)))""",
        {"type": kind, "values": values},
    )
    return found


def axe_findings(browser_page: Any) -> list[str]:
    """What axe has against the page shown, and what is seen though it says `hidden`; empty when all is well."""
    shown: list[str] = browser_page.evaluate(
        "() => [...document.querySelectorAll('[hidden]')].filter(e => e.checkVisibility())"
        ".map(e => `is seen though hidden: ${e.outerHTML.slice(0, 120)}`)"
    )
    return [*shown, *run_axe(browser_page, "tag", AXE_TAGS)]


def contrast_findings(browser_page: Any) -> list[str]:
    """What axe has against the colours alone: nothing else depends on the scheme."""
    return run_axe(browser_page, "rule", ["color-contrast", "link-in-text-block"])


def overflow(browser_page: Any) -> int:
    """By how many pixels the page is wider than its window (WCAG 2.2 SC 1.4.10)."""
    browser_page.wait_for_load_state("load")
    width: int = browser_page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def cut_off(browser_page: Any) -> list[str]:
    """What of the content is wider than the box that cuts it off, or stands out of its card (SC 1.4.4, 1.4.10).

    A field is left out: what is typed into it moves along in it.
    """
    found: list[str] = browser_page.evaluate(
        """() => [...document.querySelectorAll('main, main *')]
            .filter(e => !e.closest('.unseen, .table-room, svg, input, textarea, select'))
            .filter(e => e.getBoundingClientRect().width > 1)
            .filter(e => {
                const clips = ['hidden', 'clip'].includes(getComputedStyle(e).overflowX)
                const boxed = e.matches('main, .card, .block, .door, fieldset, button, .button')
                return (clips || boxed) && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
            })
            .slice(0, 4).map(e => `${e.scrollWidth} in ${e.clientWidth} px: ${e.outerHTML.slice(0, 90)}`)"""
    )
    return found


def enlarge_text(browser_page: Any, percent: int) -> None:
    """Enlarge the text alone, as a person's own setting does (WCAG 2.2 SC 1.4.4)."""
    browser_page.evaluate(
        "percent => document.documentElement.style.fontSize = percent * 1.0625 + '%'", percent
    )


def too_narrow(browser_page: Any) -> list[str]:
    """What does not fit at 320 pixels, with text as it is and at twice its size."""
    findings = []
    for percent in (100, 200):
        enlarge_text(browser_page, percent)
        if overflow(browser_page) > 0:
            findings.append(f"scrolls sideways by {overflow(browser_page)} px at {percent} %")
        findings += [f"is cut off at {percent} %: {line}" for line in cut_off(browser_page)]
    enlarge_text(browser_page, 100)
    return findings


def write_files(folder: Path, names: list[str]) -> None:
    """Write every sample as a file beside its style sheet."""
    (folder / "static").mkdir(parents=True, exist_ok=True)
    for name, (_, content) in static_files().items():
        (folder / "static" / name).write_bytes(content)
    for name in names:
        (folder / f"{name}.html").write_bytes(page(*SAMPLES[name]).replace(b'="/static/', b'="static/'))


def shoot(folder: Path, names: list[str]) -> list[str]:
    """Take the screenshots and return all findings: axe, console messages, sideways scrolling."""
    from playwright.sync_api import sync_playwright

    findings: list[str] = []

    def hear(message: Any) -> None:
        findings.append(f"{message.location['url']} console: {message.text}")

    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        for width, scheme in LOOKS:
            tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            tab.on("console", hear)
            for name in names:
                tab.goto(f"{address}/{name}")
                findings += [f"{name} {width} {scheme} {line}" for line in axe_findings(tab)]
                for narrow in (width, NARROWEST):
                    tab.set_viewport_size({"width": narrow, "height": 800})
                    if overflow(tab) > 0:
                        findings.append(f"{name} scrolls sideways by {overflow(tab)} px at {narrow}")
                tab.set_viewport_size({"width": width, "height": 800})
                tab.screenshot(path=folder / f"{name}.{width}.{scheme}.png", full_page=True)
            tab.close()
        browser.close()
    return findings


def main(arguments: list[str]) -> int:
    """Make the gallery; the number of findings decides the exit code."""
    parser = argparse.ArgumentParser(prog="gallery", description="Preview every page in every state.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="only samples whose name begins with this")
    chosen = parser.parse_args(arguments)
    names = [name for name in SAMPLES if name.startswith(chosen.only)]
    write_files(chosen.folder, names)
    print(f"{len(names)} pages in {chosen.folder}")
    if not Path(CHROMIUM).exists():
        print(f"no screenshots: there is no {CHROMIUM}")
        return 0
    findings = shoot(chosen.folder, names)
    print("\n".join(findings) or "axe finds nothing, nothing scrolls sideways, the console is empty")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
