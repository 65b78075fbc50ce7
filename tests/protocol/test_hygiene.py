"""Parameter hygiene (RFC 6749 §3.1, §3.2): every endpoint that reads parameters, every parameter, every fault.

The endpoints are the application's own routes and the parameters the gateway's own table, so that a new one is held to
it as well. What is spoilt is refused before anybody is authenticated, looked up or redirected.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

import httpx2
import pytest

from gateway.oauth.metadata import PATHS
from gateway.oauth.parameters import MAX_BYTES, MAX_PARAMETERS, MAX_REQUEST, MAX_VALUE, REPEATABLE, SHAPES
from gateway.web.routes import PARTNER_PATHS, all_routes
from tests.world import ISSUER, World, copy_sqlite, serve

BY_BROWSER = (PATHS["authorization_endpoint"], PATHS["end_session_endpoint"])
JSON_ALONE = (PATHS["registration_endpoint"],)
FORM = "application/x-www-form-urlencoded"
RIGHT_TO_LEFT = "\u202e"

Fault = Callable[[str], bytes]
FAULTS: dict[str, Fault] = {
    "twice": lambda name: f"{name}=a&{name}=a".encode(),
    "twice, once without a value": lambda name: f"{name}=&{name}=a".encode(),
    "too long": lambda name: (
        f"{name}={'a' * ((MAX_REQUEST if name == 'request' else MAX_VALUE) + 1)}".encode()
    ),
    "NUL": lambda name: f"{name}=a%00".encode(),
    "a line break and a header": lambda name: f"{name}=a%0d%0bSet-Cookie:%20a=b".encode(),
    "no UTF-8": lambda name: f"{name}=a%ff".encode(),
    "a surrogate": lambda name: f"{name}=%ed%a0%80".encode(),
    "raw bytes": lambda name: f"{name}=".encode() + b"\xc3\xa9",
}
"""Each alone is a reason to refuse, whatever the parameter."""

SAID = ("The parameter", "Parameters must", "too many parameters", "could not be read", "too large")
"""What a person reads."""

TEXTS = ("authorization_details", "claims")
"""May hold any script; JSON is what they have to be."""

UNICODE = (RIGHT_TO_LEFT, "é", "ｏｐｅｎｉｄ", "a\u0301" * 40, "\U0001f600", "\u2028", "\ufeff")


def endpoints() -> Iterator[tuple[str, str]]:
    """Name the method and path of every route that reads parameters of the protocol."""
    for route in all_routes():
        if route.path not in PATHS.values() or route.path in JSON_ALONE:
            continue
        for method in sorted(route.methods or ()):
            if method == "POST" or (method == "GET" and route.path in BY_BROWSER):
                yield method, route.path


ENDPOINTS = list(endpoints())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[World]:
    """One world: nothing here changes anything."""
    folder = tmp_path_factory.mktemp("hygiene")
    with serve(copy_sqlite(sqlite_template, folder), folder) as world:
        yield world


async def send(world: World, method: str, path: str, parameters: list[bytes]) -> list[httpx2.Response]:
    """Send parameters as the very bytes that they are, each request by itself."""
    transport = httpx2.ASGITransport(world.http.app)
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
        answers = []
        for each in parameters:
            # An address has no raw bytes beyond ASCII; a client would escape them.
            url = f"{path}?{quote_from_bytes(each, safe='=&%')}" if method == "GET" else path
            content = each if method == "POST" else None
            answers.append(await client.request(method, url, content=content, headers={"Content-Type": FORM}))
        return answers


def is_refused(path: str, answer: httpx2.Response) -> bool:
    """Whether it is a refusal of the request itself, in the voice of the place, that leads nowhere."""
    if answer.status_code not in (400, 413) or "location" in answer.headers or "set-cookie" in answer.headers:
        return False
    if path not in PARTNER_PATHS:
        return any(each in answer.text for each in SAID)
    # A malformed scope has a code of its own (RFC 6749 §5.2).
    return answer.json()["error"] in ("invalid_request", "invalid_scope", "too_large")


def test_every_endpoint_of_the_protocol_is_in_the_table() -> None:
    """Who reads parameters: all that the metadata names but keys, grants (a path) and registration (JSON)."""
    without = {PATHS[name] for name in ("jwks_uri", "grant_management_endpoint", "registration_endpoint")}
    assert {path for _, path in ENDPOINTS} == set(PATHS.values()) - without


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_spoilt_parameter_is_refused_before_anything_else(
    shared: World, method: str, path: str, fault: str
) -> None:
    """Each of ours, and one that nobody knows."""
    names = [*SHAPES, "unknown"]
    if fault == "twice":
        names = [name for name in names if name not in REPEATABLE]
    if fault == "twice, once without a value":
        names = [name for name in names if name not in REPEATABLE]
    if fault in ("NUL", "a line break and a header"):
        names.remove("unknown")
    if fault == "raw bytes" and method == "GET":
        names = []
    answers = shared.run(send, shared, method, path, [FAULTS[fault](name) for name in names])
    wrong = [
        (name, each.status_code, each.text[:80])
        for name, each in zip(names, answers, strict=True)
        if not is_refused(path, each)
    ]
    assert not wrong


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_letters_of_other_scripts_are_in_no_parameter_but_json(shared: World, method: str, path: str) -> None:
    """Look-alikes, direction marks, marks piled up: a protocol's words are ASCII."""
    names = [name for name in SHAPES if name not in TEXTS]
    spoilt = [f"{name}={quote_from_bytes(text.encode())}".encode() for name in names for text in UNICODE]
    answers = shared.run(send, shared, method, path, spoilt)
    assert not [
        (each, answer.status_code)
        for each, answer in zip(spoilt, answers, strict=True)
        if not is_refused(path, answer)
    ]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_too_many_or_too_much_is_refused(shared: World, method: str, path: str) -> None:
    """One parameter more than is taken, one byte more, and a name that is no name."""
    many = b"&".join(b"p%d=1" % number for number in range(MAX_PARAMETERS + 1))
    much = b"&".join(b"p%d=%s" % (number, b"a" * 8000) for number in range(MAX_BYTES // 8000 + 1))
    sent = [many, b"%ff=1", b"client%5fid=a&client_id=a"]
    if method == "POST":
        # The test's client makes no address of that length.
        sent.append(much)
    for answer in shared.run(send, shared, method, path, sent):
        assert is_refused(path, answer), answer.text


@pytest.mark.parametrize("path", sorted({path for method, path in ENDPOINTS if method == "POST"}))
def test_a_body_of_another_type_is_refused(shared: World, path: str) -> None:
    """415, in the voice of the place."""
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        answer = shared.client().post(
            path, content=b'{"client_id": "quizco-web"}', headers={"Content-Type": kind}
        )
        assert answer.status_code == 415, (kind, answer.text)
        assert answer.headers["Content-Type"].startswith("application/json") is (path in PARTNER_PATHS)
