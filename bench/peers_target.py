"""The gateway as a target of the harness that measures other authorization servers side by side.

That harness lies outside this project. Its folder ``targets`` takes a link to this file; its module ``core`` gives
the base class and the accounting. Revocation gives back a refresh token: the whole family dies.
"""

import asyncio
import importlib
import re
import sys
import tempfile
import time
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.bulk import Database
from bench.journey import SETTINGS
from bench.seeds import CLIENT, REDIRECT, SCOPE, SECRET, Seeds
from gateway.kit.secrets.key_ring import write_key_ring
from tests.world import PASSWORD, VERIFIER, fixed_ring

core: Any = importlib.import_module("core")
PEOPLE = 4000
_INPUT = re.compile(r"<input[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_ACTION = re.compile(r'<form[^>]*action="([^"]*)"')


class Gateway(core.Target):  # type: ignore[misc]  # the harness has no types
    """Two workers on PostgreSQL, as `consent-gateway serve --workers 2` runs them."""

    name, port, db = "gateway", 9151, "gateway"
    CID, SECRET, REDIRECT, SCOPE = CLIENT, SECRET, REDIRECT, SCOPE
    ops = ("A", "B", "C", "D", "E", "F", "G", "Gs")

    def setup(self) -> None:
        """Fill a fresh database."""
        core.createdb(self.db)
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        write_key_ring(folder / "key-ring.json", fixed_ring())
        self.seeds = Seeds(core.dsn(self.db), folder, PEOPLE)
        self.seeds.fill(lambda done, total: None)
        Database(core.dsn(self.db)).settle()
        self.env = {
            "CONSENT_GATEWAY_DATABASE_URL": core.dsn(self.db),
            "CONSENT_GATEWAY_DATA_DIR": str(folder),
            "PYTHONPATH": sys.path[0],
            **SETTINGS,
        }

    def start(self) -> float:
        """Start the server; let it give the filling's consents their places in the log before anything is measured."""
        ready_after: float = super().start()
        while asyncio.run(self._is_behind()):
            time.sleep(0.2)
        return ready_after

    async def _is_behind(self) -> bool:
        connection = await asyncpg.connect(core.dsn(self.db))
        try:
            found: bool = await connection.fetchval("SELECT EXISTS (SELECT 1 FROM log_pending)")
            return found
        finally:
            await connection.close()

    def cmd(self) -> list[str]:
        """Start the server."""
        return [sys.executable, "-m", "gateway", "serve", "--port", str(self.port), "--workers", "2"]

    def mint(self, kind: str, count: int) -> list[str]:
        """Store fresh codes or tokens."""
        return self.seeds.mint({"code": "ac", "refresh": "rt", "access": "at"}[kind], count)

    def code_req(self, code: str) -> Any:
        """Exchange a code; the verifier is the seeds' own."""
        return self.post(
            self.token_path,
            grant_type="authorization_code",
            code=code,
            redirect_uri=REDIRECT,
            code_verifier=VERIFIER,
        )

    def requests(self, op: str, count: int) -> Any:
        """Render the requests of an operation."""
        if op == "A":
            own = self.post(self.token_path, grant_type="client_credentials")
            return core.Reqs([own], expect='"access_token"')
        if op == "F":
            return core.Reqs([self.revoke_req(each) for each in self.mint("refresh", count)], "once")
        return self.std(op, count, self.mint)

    async def journey(self, client: Any, number: int, session: bool | None) -> None:
        """Sign in (unless signed in), share, exchange the code, read what is shared."""
        if not session:
            client.jar = {}
        head, page = await self._open(client, self.authorize_url("/authorize", nonce="n", prompt="consent"))
        if not session:
            email = f"s{number % PEOPLE}@school.example"
            head, page = await self._send(client, page, {"email": email, "password": PASSWORD})
            head, page = await self._open(client, head["location"])
        head, page = await self._send(client, page, {}, button="share")
        await self.finish(client, core.code_of(head["location"]))

    async def _open(self, client: Any, address: str) -> tuple[dict[str, str], bytes]:
        """Open an address and follow redirects up to the partner."""
        while True:
            _, head, page = await client.call("GET", address)
            address = head.get("location", REDIRECT)
            if address.startswith(REDIRECT):
                return head, page

    async def _send(
        self, client: Any, page: bytes, given: dict[str, str], button: str = ""
    ) -> tuple[dict[str, str], bytes]:
        text = page.decode()
        at = next(found for found in _ACTION.finditer(text) if ("/consent" in found[1]) == bool(button))
        form = text[at.end() : text.index("</form>", at.end())]
        fields: list[tuple[str, str]] = []
        for tag in _INPUT.findall(form):
            said = dict(_ATTRIBUTE.findall(tag))
            is_off = said.get("type") in ("checkbox", "radio") and " checked" not in tag
            if "name" in said and said["name"] not in given and not is_off:
                fields.append((said["name"], unescape(said.get("value", "on"))))
        named = re.search(rf'<button[^>]*name="([^"]+)"[^>]*value="{button}"', form) if button else None
        pressed = [(named[1], button)] if named else []
        body = [*fields, *given.items(), *pressed]
        status, head, answer = await client.call("POST", unescape(at[1]), urlencode(body))
        assert status in (302, 303), (status, answer[-400:])
        return head, answer


TARGETS = [Gateway]
