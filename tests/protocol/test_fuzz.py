"""A fuzz run over every endpoint: a few thousand requests that are almost right, from a fixed seed.

No answer is a 500, none gives input back unescaped, none leads a browser elsewhere, and every JSON refusal is
one of the registry's. The transport is ASGI itself, so that headers and paths arrive as the very bytes sent.
"""

import base64
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes, urljoin

import httpx2

from gateway.kit.errors import ERRORS, Where
from gateway.web.routes import PARTNER_PATHS, all_routes
from tests.profiles import EXPLORES
from tests.world import (
    CAMPUSPRESS_REDIRECT,
    ISSUER,
    PASSWORD,
    QUIZCO_REDIRECT,
    QUIZCO_SECRET,
    VERIFIER,
    World,
)

REQUESTS = 40_000 if EXPLORES else 1000
"""For each database, which gets requests of its own."""
MARK = b"<mark'\">"
HOSTILE = (
    b"", b" ", b"\x00", b"\r\nSet-Cookie: a=b", MARK, b'"' + MARK, b"javascript:alert(1)//" + MARK,
    b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", "é".encode(), "\u202egnp.exe".encode(), "\U0001f600".encode() * 40,
    "ﬁ\u0301\u200d\ufeff\u2028".encode(), b"../../../../etc/passwd", b"' OR 1=1 --", b"{{7*7}}${7*7}#{7*7}",
    b"9" * 5000, b"-1", b"1e999", b"NaN", b"null", b"true", b"0x10", b"A" * 9000, b"a b  c" * 50, b"[" * 2000,
    b'{"a":' * 500, b"https://evil.example/", b"//evil.example", b"/\\evil.example", b"http://localhost:8100@evil.example",
    b"openid " * 900, b"none login", b"cg_at_" + b"x" * 43, b"urn:ietf:params:oauth:request_uri:cg_req_x",
    b"e30.e30.", b"eyJhbGciOiJub25lIn0.e30.", b"eyJhbGciOiJFUzI1NiIsImNyaXQiOjF9.e30.AA", b"W1tb" * 900,
)  # fmt: skip
"""Values that somebody would try."""
NO_TEXTS = (b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", "ﬁ\u0301\u200d\ufeff\u2028".encode())
"""Of them those that are no text, or no text to every database."""
NAMES = (
    b"client_id",
    b"scope",
    b"state",
    b"nonce",
    b"max_age",
    b"request",
    b"request_uri",
    b"ticket",
    b"next",
)
KINDS = (
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=x",
)

Pairs = list[tuple[bytes, bytes]]


@dataclass
class Case:
    """One request, before it is spoilt."""

    method: str
    path: str
    query: Pairs = field(default_factory=list)
    form: Pairs = field(default_factory=list)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    kind: bytes = b"application/x-www-form-urlencoded"
    body: bytes | None = None

    def url(self) -> str:
        query = encoded(self.query)
        return self.path + (f"?{query}" if query else "")

    def content(self) -> bytes | None:
        if self.body is not None:
            return self.body
        return encoded(self.form).encode() if self.method != "GET" else None


def encoded(pairs: Pairs) -> str:
    return "&".join(
        f"{quote_from_bytes(name, safe='')}={quote_from_bytes(value, safe='')}" for name, value in pairs
    )


def basic(client_id: str, secret: str) -> tuple[bytes, bytes]:
    return b"Authorization", b"Basic " + base64.b64encode(f"{client_id}:{secret}".encode())


def pairs_of(values: dict[str, str]) -> Pairs:
    return [(name.encode(), value.encode()) for name, value in values.items()]


class Fuzz:
    """Makes spoilt requests out of good ones."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)
        browser = world.signed_in()
        page = world.ask(browser)
        tokens = world.tokens(email="aoife@northfield.example")
        self.cookie = (
            b"Cookie",
            "; ".join(f"{each.name}={each.value}" for each in browser._client.cookies.jar).encode(),
        )
        code = world.approve(email="ben@lakeside.example")
        quizco, self.token = basic(world.quizco, QUIZCO_SECRET), tokens["access_token"]
        exchange = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": QUIZCO_REDIRECT,
            "code_verifier": VERIFIER,
        }
        refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "scope": "openid"}
        given = {"token": tokens["access_token"], "token_type_hint": "access_token"}
        assertion = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": world.assertion(),
        }
        campuspress = {
            **world.authorization(),
            "redirect_uri": CAMPUSPRESS_REDIRECT,
            "client_id": "campuspress-shop",
        }
        plain = pairs_of(
            world.authorization(prompt="consent", max_age="600", login_hint="a", response_mode="query")
        )
        consent = [
            (name.encode(), value.encode()) for name, value in page.form("/consent").filled({}, "share")
        ]
        bearer = b"Authorization", f"Bearer {tokens['access_token']}".encode()
        self.good = [
            Case("POST", "/token", form=pairs_of(exchange), headers=[quizco]),
            Case("POST", "/token", form=pairs_of(refresh), headers=[quizco]),
            Case("POST", "/token", form=pairs_of({**exchange, **assertion})),
            Case("POST", "/par", form=plain, headers=[quizco]),
            Case("POST", "/par", form=pairs_of({**campuspress, **assertion})),
            Case("POST", "/introspect", form=pairs_of(given), headers=[quizco]),
            Case("POST", "/revoke", form=pairs_of({**given, "token": "cg_rt_unknown"}), headers=[quizco]),
            Case("GET", "/userinfo", headers=[bearer]),
            Case("POST", "/userinfo", form=[(b"access_token", tokens["access_token"].encode())]),
            Case("GET", "/authorize", query=plain),
            Case("GET", "/authorize", query=plain, headers=[self.cookie]),
            Case("POST", "/authorize", form=plain, headers=[self.cookie]),
            Case("POST", "/consent", form=consent, headers=[self.cookie]),
            Case("POST", "/consent", form=consent, headers=[self.cookie, (b"Origin", ISSUER.encode())]),
        ]
        self.pages = list(self._pages(consent))

    def _pages(self, consent: Pairs) -> Iterator[Case]:
        """Every other route, with the fields that its form may have."""
        token = next(value for name, value in consent if name == b"csrf_token")
        form = [
            (b"csrf_token", token),
            (b"email", b"a@b.example"),
            (b"password", b""),
            (b"ticket", b"x"),
            (b"next", b"/"),
        ]
        form += [
            (b"field", b"phone_number"),
            (b"phone_number", b"+353851234567"),
            (b"new_password", PASSWORD.encode()),
        ]
        for route in all_routes():
            # A log-out would end the walk; a hashed password costs more than everything else here together.
            if route.path in PARTNER_PATHS or route.path in (
                "/authorize",
                "/consent",
                "/logout",
                "/reauthenticate",
            ):
                continue
            for method in sorted((route.methods or set()) - {"HEAD"}):
                given = form if method == "POST" else []
                yield Case(
                    method,
                    route.path,
                    query=[(b"next", b"/"), (b"done", b"x")],
                    form=given,
                    headers=[self.cookie],
                )

    def cases(self) -> Iterator[Case]:
        for _ in range(REQUESTS):
            # Half of all for partners' endpoints and the screen, however many pages there come to be.
            good = self.dice.choice(self.dice.choice((self.good, self.pages)))
            case = Case(good.method, good.path, list(good.query), list(good.form), list(good.headers))
            case.path = re.sub(r"{[^}]+}", lambda _: self._segment(), case.path)
            for _ in range(self.dice.choice((1, 1, 1, 2, 3))):
                self.dice.choice(
                    (self._value, self._value, self._value, self._shape, self._header, self._request)
                )(case)
            yield case

    def _segment(self) -> str:
        value = self.dice.choice(HOSTILE)[:200] or b"x"
        return quote_from_bytes(value, safe="")

    def _pairs(self, case: Case) -> Pairs:
        return self.dice.choice([pairs for pairs in (case.query, case.form) if pairs] or [case.query])

    def _value(self, case: Case) -> None:
        """Spoil one value."""
        pairs = self._pairs(case)
        if pairs:
            place = self.dice.randrange(len(pairs))
            name, value = pairs[place]
            spoilt = self.dice.choice(HOSTILE)
            pairs[place] = (
                name,
                self.dice.choice((spoilt, value + spoilt, value[: len(value) // 2], value.upper())),
            )

    def _shape(self, case: Case) -> None:
        """Leave out, repeat, rename, add, or add very many."""
        pairs = self._pairs(case)
        way = self.dice.randrange(5)
        if way == 0 and pairs:
            pairs.pop(self.dice.randrange(len(pairs)))
        elif way == 1 and pairs:
            pairs.append(self.dice.choice(pairs))
        elif way == 2 and pairs:
            pairs[self.dice.randrange(len(pairs))] = self.dice.choice(HOSTILE), b"x"
        elif way == 3:
            pairs.append((self.dice.choice(NAMES), self.dice.choice(HOSTILE)))
        else:
            pairs.extend((b"x%d" % number, b"") for number in range(self.dice.choice((10, 70, 3000))))

    def _header(self, case: Case) -> None:
        """Spoil or add a header."""
        names = (
            b"Authorization",
            b"Cookie",
            b"Origin",
            b"Content-Type",
            b"X-Forwarded-For",
            b"Accept-Language",
            b"Host",
        )
        value = re.sub(rb"[\x00\r\n]", b" ", self.dice.choice(HOSTILE))[:2000]
        prefix = self.dice.choice(
            (b"", b"Basic ", b"Bearer ", b"__Host-session=", b"basic " + base64.b64encode(value))
        )
        case.headers.append((self.dice.choice(names), prefix + value))
        if self.dice.random() < 0.3:
            case.headers.pop(0)

    def _request(self, case: Case) -> None:
        """Take another method, another type, or a body that is no form."""
        way = self.dice.randrange(3)
        if way == 0:
            case.method = self.dice.choice(("GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "BREW"))
        elif way == 1:
            case.kind = self.dice.choice(KINDS).encode()
        else:
            case.body = self.dice.choice(HOSTILE) + self.dice.choice(
                (b"", b"=", b"&" * 500, b"%", b"%zz=%", b"y" * 70_000)
            )


async def send_all(world: World, fuzz: Fuzz) -> list[tuple[Case, httpx2.Response]]:
    """Send every case, over bare ASGI."""
    transport = httpx2.ASGITransport(world.http.app)
    answers = []
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
        for case in fuzz.cases():
            client.cookies.clear()
            headers = [(b"Content-Type", case.kind), *case.headers]
            request = client.build_request(case.method, case.url(), content=case.content(), headers=headers)
            answers.append((case, await client.send(request)))
    return answers


def faults(case: Case, answer: httpx2.Response) -> Iterator[str]:
    """Name what is wrong with an answer."""
    if answer.status_code >= 500:
        yield f"status {answer.status_code}"
    if b"<mark" in answer.content or any(b"<mark" in value for _, value in answer.headers.raw):
        yield "input given back unescaped"
    if "set-cookie" in answer.headers and "a=b" in answer.headers["set-cookie"]:
        yield "a header was injected"
    target = urljoin(ISSUER, answer.headers.get("location", "/"))
    if not target.startswith((f"{ISSUER}/", f"{QUIZCO_REDIRECT}?", f"{CAMPUSPRESS_REDIRECT}?")):
        yield f"led to {target[:60]}"
    path = case.path.partition("?")[0]
    if path in PARTNER_PATHS and answer.status_code >= 400 and case.method != "HEAD":
        yield from refusal_faults(path, answer)


def refusal_faults(path: str, answer: httpx2.Response) -> Iterator[str]:
    """Hold a partner's refusal against the registry: known, with its status, and at home in this voice."""
    body = answer.json()
    kind = ERRORS.get(body["error"])
    if kind is None or kind.status != answer.status_code:
        yield f"error {body['error']} with status {answer.status_code}"
    elif not kind.where & (Where.TOKEN | Where.RESOURCE | (Where.REDIRECT if path == "/par" else Where(0))):
        yield f"error {body['error']} is not at home at {path}"
    if not re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", body["error_description"]):
        yield "error_description has characters that RFC 6749 §5.2 forbids"


def test_no_request_brings_the_gateway_down(each_world: World) -> None:
    """Thousands of spoilt requests, on each database others."""
    fuzz = Fuzz(each_world, seed=20_261_118 + each_world.services.store.locks_rows)
    answers = each_world.run(send_all, each_world, fuzz)
    found = [
        (fault, case.method, case.url()[:300], str(case.headers)[:300], str(case.content())[:300])
        for case, answer in answers
        for fault in faults(case, answer)
    ]
    assert not found, found[:5]
    # The run is worth something only if it came past the first door: successes and many kinds of refusals.
    statuses = Counter(answer.status_code for _, answer in answers)
    assert statuses[200] > REQUESTS / 20, statuses
    assert {201, 303, 400, 401, 403, 404, 405, 413, 415} <= set(statuses), statuses
    assert each_world.userinfo(fuzz.token).status_code == 200


def test_no_answer_on_the_consent_screen_brings_the_gateway_down(each_world: World) -> None:
    """Every field of the screen's form with every hostile value, each on a screen that is still good.

    PostgreSQL gets the texts that a database may refuse; what is only too long or of another form is ours to refuse.
    """
    hostile_values = NO_TEXTS if each_world.services.store.locks_rows else HOSTILE
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    names = [*(name for name, _ in page.form("/consent").filled({}, "share")), "item", "form:email", "extra"]
    statuses: Counter[int] = Counter()
    for name in dict.fromkeys(names):
        for hostile in hostile_values:
            good = [pair for pair in page.form("/consent").filled({}, "share") if pair[0] != name]
            pairs: Pairs = [(key.encode(), value.encode()) for key, value in good] + [
                (name.encode(), hostile)
            ]
            answer = browser._client.post(
                "/consent",
                content=encoded(pairs),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
            case = Case("POST", "/consent", form=pairs)
            assert not list(faults(case, answer)), (name, hostile[:40])
            statuses[answer.status_code] += 1
            if answer.status_code == 303:
                page = each_world.ask(browser, prompt="consent")
    assert set(statuses) == {303, 400, 403}, statuses
