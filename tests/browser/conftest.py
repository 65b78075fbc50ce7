"""A real Chromium, the real gateway and the real sample partner for every browser test."""

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.stage import Gateway, serve_gateway, serve_partner
from tests.browser.visitor import Visitor
from tests.browser.watch import Watch
from tests.gateway.web.gallery import NARROWEST, served
from tests.patience import PATIENCE
from tests.ports import free_port
from tests.world import copy_sqlite, fill

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="session")
def base_url() -> None:
    """Say that there is none. The plugin's own fixture is of a kind that pytest warns of, and warnings are errors."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Take the system's Chromium; Playwright's own is a download of its own."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    return {**browser_type_launch_args, "executable_path": found, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def ports() -> tuple[int, int]:
    """The ports of the gateway and of the partner, the same for the whole session of one worker."""
    return free_port(), free_port()


@pytest.fixture(scope="session")
def filler(ports: tuple[int, int]) -> Callable[[str], None]:
    """Fills a database in which the partners live at this session's address."""
    return functools.partial(fill, partner_app=f"http://localhost:{ports[1]}")


@pytest.fixture(scope="session")
def stage_template(tmp_path_factory: pytest.TempPathFactory, filler: Callable[[str], None]) -> Path:
    """A filled SQLite database that tests copy."""
    file = tmp_path_factory.mktemp("stage") / "gateway.db"
    filler(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def app(ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the partners' application."""
    folder = tmp_path_factory.mktemp("partner")
    with serve_partner(f"http://localhost:{ports[0]}", ports[1], folder) as url:
        yield url


@pytest.fixture
def gateway(
    request: pytest.FixtureRequest,
    ports: tuple[int, int],
    tmp_path: Path,
    filler: Callable[[str], None],
) -> Iterator[Gateway]:
    """A gateway of the test's own: on SQLite, or on what the test's parameter names."""
    if getattr(request, "param", "sqlite") == "sqlite":
        url = copy_sqlite(request.getfixturevalue("stage_template"), tmp_path)
        with serve_gateway(url, tmp_path, ports[0]) as found:
            yield found
        return
    server = request.getfixturevalue("postgres_server")
    # Workers share the server, but the partners in each one's databases live at an address of its own.
    template = f"gateway_stage_{ports[1]}"
    server.create_template(template, filler)
    url = server.create_database(template)
    with serve_gateway(url, tmp_path, ports[0]) as found:
        yield found
    server.drop_database(url)


@pytest.fixture
def watched(
    gateway: Gateway, new_context: Callable[..., BrowserContext]
) -> Iterator[Callable[..., tuple[BrowserContext, Watch]]]:
    """Open browsers of which every page is watched."""
    watches = []

    def open_one(**options: Any) -> tuple[BrowserContext, Watch]:
        # Without motion: what is still fading or sliding would be measured half-way.
        context = new_context(**{"reduced_motion": "reduce", **options})
        context.set_default_timeout(PATIENCE * 1000)
        watches.append(Watch(context))
        return context, watches[-1]

    yield open_one
    for watch in watches:
        watch.check()


@pytest.fixture
def make_visitor(
    watched: Callable[..., tuple[BrowserContext, Watch]], gateway: Gateway, app: str
) -> Callable[..., Visitor]:
    """Let people in, each with a browser of their own; options are Playwright's, for the context."""

    def make(*, expect: tuple[int, ...] = (), **options: Any) -> Visitor:
        context, watch = watched(**options)
        watch.expect(*expect)
        return Visitor(context.new_page(), gateway, app)

    return make


@pytest.fixture
def asha(make_visitor: Callable[..., Visitor]) -> Visitor:
    """Asha at her browser."""
    return make_visitor()


@pytest.fixture
def narrow_page(page: Page) -> Iterator[Page]:
    """A narrow window that stands in the gallery, to show its pages in."""
    page.set_default_timeout(PATIENCE * 1000)
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    with served() as address:
        # Its policy is that of every page, and lets the one script run as well.
        page.goto(f"{address}/passkey")
        yield page
