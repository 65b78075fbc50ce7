"""A body that does not arrive holds no place for ever, at whatever address (RFC 9110 §15.5.9)."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.app import make_app
from gateway.web.capacity import Capacity
from gateway.web.pages.visit import COOKIE
from tests.patience import PATIENCE
from tests.protocol.test_bad_input import ROUTES, filled
from tests.world import ISSUER, World, copy_sqlite, serve

FORM = "application/x-www-form-urlencoded"
TAKERS = [path for path, methods in ROUTES.items() if "POST" in methods]
PARTNERS_PLACES = ("/token", "/par", "/introspect", "/revoke", "/device_authorization")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[World]:
    """One world: nothing here changes anything."""
    folder = tmp_path_factory.mktemp("slow")
    with serve(copy_sqlite(sqlite_template, folder), folder) as world:
        yield world


@pytest.fixture(scope="module")
def hurried(shared: World) -> Capacity:
    """The same gateway with very little time: what never ends is late after any time."""
    settings = shared.services.settings.model_copy(update={"body_timeout": 0.01})
    return make_app(replace(shared.services, settings=settings))


@pytest.fixture(scope="module")
def cookie(shared: World) -> str:
    """The session of an administrator, to whom most pages are open."""
    return str(shared.signed_in("admin@platform.example")._client.cookies[COOKIE])


async def begin(app: Capacity, path: str, kind: str, cookie: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """Send the first byte of a body and never its end; give what is answered."""
    sent: list[dict[str, Any]] = []
    pieces = [b"a"]

    async def receive() -> dict[str, Any]:
        if not pieces:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": pieces.pop(), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"host": "gateway.example", "origin": ISSUER, "content-type": kind}
    if cookie:
        headers["cookie"] = f"{COOKIE}={cookie}"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "scheme": "https",
        "server": ("gateway.example", 443),
        "client": ("203.0.113.9", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    async with asyncio.timeout(PATIENCE):
        await app(scope, receive, send)
    body = b"".join(each.get("body", b"") for each in sent)
    return sent[0]["status"], dict(sent[0]["headers"]), body


@pytest.mark.parametrize("path", TAKERS)
def test_rfc9110_15_5_9_no_address_waits_for_ever(
    shared: World, hurried: Capacity, cookie: str, path: str
) -> None:
    """It is answered 408 and the connection ends, or it was refused without its body being read."""
    for kind in (FORM, "multipart/form-data; boundary=x", "application/json"):
        status, headers, body = shared.run(begin, hurried, filled(path), kind, cookie)
        assert status >= 400 or status == 303, (kind, status)
        if status == 408:
            assert headers[b"connection"] == b"close"
            assert b"took too long" in body


@pytest.mark.parametrize("path", PARTNERS_PLACES)
def test_rfc9110_15_5_9_a_partner_is_told_in_json(shared: World, hurried: Capacity, path: str) -> None:
    """The code stands in the registry of errors; nothing was looked up for the caller."""
    status, headers, body = shared.run(begin, hurried, path, FORM, "")
    assert (status, json.loads(body)["error"]) == (408, "too_slow")
    assert headers[b"cache-control"] == b"no-store"


def test_rfc9110_15_5_9_a_log_in_is_told_in_a_page(shared: World, hurried: Capacity) -> None:
    """In words, and without script."""
    status, headers, body = shared.run(begin, hurried, "/login", FORM, "")
    assert status == 408
    assert headers[b"content-type"].startswith(b"text/html")
    assert b"That took too long" in body
