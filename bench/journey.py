"""The whole way of a person over HTTP: log-in (G) or not (Gs), consent, code exchange, userinfo."""

import asyncio
import re
import time
from collections.abc import Iterator
from html import unescape
from itertools import count
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from bench.load import Tally
from bench.seeds import CLIENT, REDIRECT, SCOPE, SECRET
from tests.world import CHALLENGE, PASSWORD, VERIFIER

JOURNEYS = {"G": "a person's whole journey with log-in", "Gs": "the same, signed in"}
SETTINGS = {"CONSENT_GATEWAY_ADDRESS_ATTEMPTS": "10000", "CONSENT_GATEWAY_LOGIN_ATTEMPTS": "100"}
"""Everybody comes from one address here, which attempts at log-ins are counted by."""
_INPUT = re.compile(r"<input[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_ACTION = re.compile(r'<form[^>]*action="([^"]*)"')
_REQUEST = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": REDIRECT,
    "scope": SCOPE,
    "state": "s",
    "nonce": "n",
    "prompt": "consent",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Person:
    """One browser, one person after another or, signed in, always the same one."""

    def __init__(self, client: httpx2.AsyncClient, email: str) -> None:
        self._client, self._email = client, email
        self._cookies: dict[str, str] = {}

    async def sign_in(self) -> None:
        """Begin a session."""
        page = await self._open(f"/authorize?{urlencode(_REQUEST)}")
        answer = await self._send(page, {"email": self._email, "password": PASSWORD})
        await self._open(answer.headers["location"])

    async def share(self) -> None:
        """Agree, and let the partner exchange the code and read."""
        page = await self._open(f"/authorize?{urlencode(_REQUEST)}")
        back = await self._send(page, {}, button="share")
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        tokens = await self._client.post(
            "/token", data={**form, "code_verifier": VERIFIER}, auth=(CLIENT, SECRET)
        )
        bearer = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
        values = await self._client.get("/userinfo", headers=bearer)
        if values.json()["email"] != self._email:
            raise RuntimeError("somebody else's values")

    async def _open(self, address: str) -> str:
        while True:
            own = urlsplit(address)._replace(scheme="", netloc="").geturl()
            answer = self._kept(await self._client.get(own, headers=self._carried()))
            if "location" not in answer.headers:
                return answer.text
            address = answer.headers["location"]

    async def _send(self, page: str, given: dict[str, str], button: str = "") -> httpx2.Response:
        wanted = (found for found in _ACTION.finditer(page) if ("/consent" in found[1]) == bool(button))
        at = next(wanted, None)
        if at is None:
            raise RuntimeError(f"no form: {page[:200]}")
        form = page[at.end() : page.index("</form>", at.end())]
        fields: list[tuple[str, str]] = []
        for tag in _INPUT.findall(form):
            said = dict(_ATTRIBUTE.findall(tag))
            is_off = said.get("type") in ("checkbox", "radio") and " checked" not in tag
            if "name" in said and said["name"] not in given and not is_off:
                fields.append((said["name"], unescape(said.get("value", "on"))))
        named = re.search(rf'<button[^>]*name="([^"]+)"[^>]*value="{button}"', form) if button else None
        pressed = [(named[1], button)] if named else []
        body = urlencode([*fields, *given.items(), *pressed])
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self._carried()}
        answer = self._kept(await self._client.post(unescape(at[1]), content=body, headers=headers))
        if answer.status_code not in (302, 303):
            raise RuntimeError(f"{answer.status_code}: {answer.text[-300:]}")
        return answer

    def _carried(self) -> dict[str, str]:
        # Cookies are Secure, which a client would rightly keep from plain HTTP.
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}

    def _kept(self, answer: httpx2.Response) -> httpx2.Response:
        for header in answer.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer


async def run_journeys(port: int, name: str, people: int, callers: int, seconds: float) -> Tally:
    """Let so many browsers go the whole way again and again for a while; each has people of its own."""
    tally, numbers = Tally(), (number % people for number in count())
    began = time.perf_counter()
    callings = [_keep_going(port, name, numbers, tally, began + seconds) for _ in range(callers)]
    await asyncio.gather(*callings)
    tally.seconds = time.perf_counter() - began
    return tally


async def _keep_going(port: int, name: str, numbers: Iterator[int], tally: Tally, deadline: float) -> None:
    signed_in: Person | None = None
    while True:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            person = Person(client, f"s{next(numbers)}@school.example")
            if name == "Gs":
                await person.sign_in()
                signed_in = person
            while time.perf_counter() < deadline:
                await _once(person, tally, is_new=signed_in is None)
                if signed_in is None:
                    break
        if time.perf_counter() >= deadline:
            return


async def _once(person: Person, tally: Tally, *, is_new: bool) -> None:
    at = time.perf_counter()
    try:
        if is_new:
            await person.sign_in()
        await person.share()
    except (RuntimeError, LookupError, ValueError, httpx2.HTTPError) as error:
        tally.wrong += 1
        tally.first_wrong = tally.first_wrong or f"{type(error).__name__}: {error}"
        return
    tally.latencies.append((time.perf_counter() - at) * 1000)
