"""The operations under load, by the letters of docs/performance.md."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.load import Load
from bench.requests import basic, render
from bench.seeds import CLIENT, REDIRECT, SECRET, Seeds
from tests.world import VERIFIER

LIVE_TOKENS = 500
"""How many tokens the reading operations go through in turn."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        load: makes requests; how many, if each can be sent only once.
        fastest: requests a second that nothing exceeds, so that single-use requests do not run out.
    """

    title: str
    load: Callable[[Seeds, int], Load]
    fastest: int = 0


def _post(path: str, **form: str) -> bytes:
    return render("POST", path, form=form, Authorization=basic(CLIENT, SECRET))


def _own_token(seeds: Seeds, _: int) -> Load:
    return Load([_post("/token", grant_type="client_credentials")], b'"access_token"')


def _exchange(seeds: Seeds, count: int) -> Load:
    requests = [
        _post(
            "/token",
            grant_type="authorization_code",
            code=code,
            redirect_uri=REDIRECT,
            code_verifier=VERIFIER,
        )
        for code in seeds.mint("ac", count)
    ]
    return Load(requests, b'"access_token"', is_single_use=True)


def _refresh(seeds: Seeds, count: int) -> Load:
    tokens = seeds.mint("rt", count)
    requests = [_post("/token", grant_type="refresh_token", refresh_token=token) for token in tokens]
    return Load(requests, b'"refresh_token"', is_single_use=True)


def _revoke(seeds: Seeds, count: int) -> Load:
    return Load(
        [_post("/revoke", token=token) for token in seeds.mint("rt", count)], b"{}", is_single_use=True
    )


def _introspect(seeds: Seeds, _: int) -> Load:
    return Load(
        [_post("/introspect", token=token) for token in seeds.mint("at", LIVE_TOKENS)], b'"active":true'
    )


def _userinfo(seeds: Seeds, _: int) -> Load:
    tokens = seeds.mint("at", LIVE_TOKENS)
    return Load(
        [render("GET", "/userinfo", Authorization=f"Bearer {token}") for token in tokens], b"@school.example"
    )


OPERATIONS: Mapping[str, Operation] = {
    "A": Operation("client credentials: a partner's own token", _own_token),
    "B": Operation("code and PKCE exchange", _exchange, 6000),
    "C": Operation("refresh with rotation", _refresh, 6000),
    "D": Operation("introspection", _introspect),
    "E": Operation("userinfo, eight fields and a durable hand-off row", _userinfo),
    "F": Operation("revocation of a refresh token and its family", _revoke, 8000),
}

REFERENCE: Mapping[str, Operation] = {
    "constant": Operation("reference: a constant answer", lambda *_: _plain("/constant")),
    "insert": Operation("reference: one durable INSERT a request", lambda *_: _plain("/insert")),
    "coalesced": Operation("reference: durable INSERTs that share commits", lambda *_: _plain("/coalesced")),
}


def _plain(path: str) -> Load:
    return Load([render("GET", path)], b'"done":true')
