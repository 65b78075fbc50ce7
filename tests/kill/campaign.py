"""A campaign: a person walks through the flow, partners read all the while, and the gateway dies again and again.

After each death the gateway is started anew, and everything that was ever answered is held against it.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
from sqlalchemy import text

from gateway.actions.ledger.verification import TreeCheck, verify_tree
from gateway.cli.browser import Browser
from gateway.kit.secrets.digests import digest
from tests.kill.outside import Outside
from tests.kill.points import Trap
from tests.patience import PATIENCE
from tests.world import PASSWORD, QUIZCO_REDIRECT, serve

WALKER = "asha@lakeside.example"
READ_ABOUT = ("aoife@northfield.example", "ben@lakeside.example")
PAUSE = 0.004


@dataclass
class Answered:
    """What the person and the partner were told before the process died, and what was on its way."""

    doing: str = ""
    browser: Browser | None = None
    request_uri: str = ""
    code: str = ""
    tokens: dict[str, Any] = field(default_factory=dict)
    is_stopped: bool = False


class Reads:
    """Counts, for each token, the answers whose first byte came out of the socket, and those that nobody knows of."""

    def __init__(self) -> None:
        self.came: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._lock = threading.Lock()

    def read(self, client: httpx2.Client, token: str) -> int:
        """Read; whatever happens is counted.

        Raises:
            httpx2.TransportError: the process died.
        """
        came = False
        try:
            with client.stream("GET", "/userinfo", headers={"Authorization": f"Bearer {token}"}) as answer:
                came = True
                with self._lock:
                    (self.came if answer.status_code == 200 else self.refused)[token] += 1
                answer.read()
                return answer.status_code
        finally:
            if not came:
                with self._lock:
                    self.unknown[token] += 1


class Campaign:
    """One database, many lives."""

    def __init__(self, outside: Outside, url: str, folder: Path, *, is_careless: bool = False) -> None:
        self.outside = outside
        self.is_careless = is_careless
        self.url = url
        self.folder = folder
        self.reads = Reads()
        self.answered = Answered()
        self.standing: list[dict[str, Any]] = []
        self.checkpoint = ""
        self.kills = 0

    def round(self, trap: Trap) -> None:
        """Live once: hold the last life's answers against this one, walk, die."""
        self.outside.be_born(self.url, self.folder, trap, is_careless=self.is_careless)
        self.check()
        self.settle()
        self.outside.arm()
        readers = self._readers()
        timer = threading.Timer(trap.after, self.outside.be_killed)
        if not trap.point:
            timer.start()
        try:
            self.walk()
            if not trap.point:
                timer.join()
            self.outside.life.join(PATIENCE)
            assert not self.outside.life.is_alive(), f"{trap} was never reached"
        except httpx2.TransportError:
            # Where the answer to the stop came and the page after it did not, the stop was answered.
            told = self.answered
            told.is_stopped = told.browser is not None and any("stopped" in hop for hop in told.browser.hops)
        for each in readers:
            each.join()
        self.outside.bury()
        self.kills += 1

    def _readers(self) -> list[threading.Thread]:
        readers = [threading.Thread(target=self._read_on, args=(number,)) for number in range(2)]
        for each in readers:
            each.start()
        return readers

    def _read_on(self, number: int) -> None:
        pause = threading.Event()
        with self.outside.client() as client:
            try:
                while True:
                    self.reads.read(client, self.standing[number]["access_token"])
                    pause.wait(PAUSE)
            except httpx2.TransportError:
                return

    # The walk --------------------------------------------------------------------------------------------------

    def walk(self) -> None:
        """Go through the whole flow, and keep what was answered at each step.

        Raises:
            httpx2.TransportError: the process died.
        """
        world = self.outside
        told = self.answered = Answered("par", world.browser())
        assert told.browser is not None
        told.request_uri = world.post("/par", world.authorization()).json()["request_uri"]
        query = urlencode({"client_id": world.quizco, "request_uri": told.request_uri})
        page = told.browser.open(f"/authorize?{query}", stop_at=QUIZCO_REDIRECT)
        told.doing = "log in"
        given = {"email": WALKER, "password": PASSWORD}
        page = told.browser.submit(page, "/login", given, stop_at=QUIZCO_REDIRECT)
        told.doing = "share"
        told.code = world.share(told.browser, page)["code"]
        told.doing = "exchange"
        told.tokens = world.exchange(told.code).json()
        told.doing = "read"
        with world.client() as client:
            for _ in range(2):
                assert self.reads.read(client, told.tokens["access_token"]) == 200
        told.doing = "stop"
        self._stop(told.browser)
        told.is_stopped = True
        told.doing = ""

    def _stop(self, browser: Browser) -> None:
        grant_id = self._grant_id()
        page = browser.open(f"/connected/{grant_id}")
        done = browser.submit(page, "/stop")
        assert done.status == 200, done.text

    def _grant_id(self) -> str | None:
        found = self._rows(
            "SELECT grant_id FROM consent_grant WHERE state = 'active' AND person_id = :person",
            person=self.outside.person_id(WALKER),
        )
        return found[0][0] if found else None

    def _rows(self, query: str, **values: Any) -> list[Any]:
        return self.outside.store(
            lambda connection, _: [list(connection.execute(text(query), values))],
            None,
        )

    # After the restart -----------------------------------------------------------------------------------------

    def check(self) -> None:
        """Hold what was answered against what the process that came after it says."""
        told, world = self.answered, self.outside
        if told.browser is not None and told.doing not in ("par", "log in"):
            assert "/login" not in told.browser.open("/connected").url, "a session was lost"
        if told.request_uri and told.doing in ("par", "log in"):
            query = urlencode({"client_id": world.quizco, "request_uri": told.request_uri})
            page = world.browser().open(f"/authorize?{query}")
            assert page.form("/login"), "a pushed request was lost"
        if told.code and not told.is_stopped and told.doing != "stop":
            assert self._grant_id(), "a consent was lost"
        if told.code and told.doing == "exchange":
            # The code was answered, the exchange was not: it works, or it was used up in that very exchange.
            answer = world.exchange(told.code)
            used = self._rows("SELECT redemption_id FROM authorization_code WHERE code_digest = :code",
                              code=digest(told.code))[0][0]  # fmt: skip
            assert answer.status_code in (200, 400)
            assert used is not None, "a code was lost"
        self._check_tokens(told)
        self.check_reads()
        self._check_log()
        self.answered = Answered()

    def _check_tokens(self, told: Answered) -> None:
        if not told.tokens:
            return
        with self.outside.client() as client:
            status = self.reads.read(client, told.tokens["access_token"])
        refreshed = self.outside.refresh(told.tokens["refresh_token"]).status_code
        if told.is_stopped:
            assert status == 401, "a revocation was lost"
            assert refreshed == 400, "a revocation was lost"
        elif told.doing == "stop":
            assert (status, refreshed) in ((200, 200), (401, 400))
        else:
            assert (status, refreshed) == (200, 200), "a token was lost"

    def check_reads(self) -> None:
        """P13: every answer whose first byte came has its own committed row."""
        rows = Counter(
            {bytes(row[0]): row[1] for row in
             self._rows("SELECT token_digest, count(*) FROM handoff GROUP BY token_digest")}
        )  # fmt: skip
        for token in {*self.reads.came, *self.reads.unknown}:
            came, unknown = self.reads.came[token], self.reads.unknown[token]
            found = rows.pop(digest(token), 0)
            assert came <= found, f"{came - found} answers left without an entry"
            assert found <= came + unknown, "entries of reads that nobody made"
        assert not +rows, "entries of tokens that nobody was given"

    def _check_log(self) -> None:
        """The log verifies, and continues the last checkpoint that anybody saw."""
        known = [self.checkpoint] if self.checkpoint else []

        async def work() -> TreeCheck:
            return await verify_tree(self.outside.services, known=known)

        faults = self.outside.run(work).faults
        assert not faults, faults
        answer = self.outside.client().get("/log/checkpoint")
        if answer.status_code == 200:
            self.checkpoint = answer.text
        else:
            assert not self.checkpoint, "the log's checkpoint was lost"

    def finish(self) -> None:
        """Live once more, to be checked after the last death."""
        self.outside.be_born(self.url, self.folder)
        self.check()
        self.outside.be_killed()
        self.outside.bury()

    def settle(self) -> None:
        """Before the next walk: end the walker's grant, and take fresh tokens for those who read."""
        if self._grant_id():
            browser = self.outside.signed_in(WALKER)
            self._stop(browser)
        if not self.standing:
            self.standing = [self.outside.tokens(email=email) for email in READ_ABOUT]
            return
        refreshed = [self.outside.refresh(each["refresh_token"]) for each in self.standing]
        assert [each.status_code for each in refreshed] == [200] * len(refreshed), "a token was lost"
        self.standing = [each.json() for each in refreshed]


@contextmanager
def campaign(url: str, folder: Path, *, is_careless: bool = False) -> Iterator[Campaign]:
    """Begin a campaign over a filled database; no process is left behind."""
    with serve(url, folder) as inner:
        found = Campaign(Outside(inner), url, folder, is_careless=is_careless)
        try:
            yield found
        finally:
            found.outside.leave()
