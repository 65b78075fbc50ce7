"""A master key is rotated while gateways serve: nobody who signs in, reads or gets mail notices."""

import itertools
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from gateway.actions.operation import masters
from gateway.app import build_services, make_app
from gateway.cli.browser import Browser, local_client
from gateway.kit.secrets.key_ring import read_key_ring, write_key_ring
from gateway.kit.settings import Settings
from tests.gateway.cli.conftest import Cli, environment
from tests.gateway.cli.test_serve import serving
from tests.patience import PATIENCE
from tests.world import ISSUER, PASSWORD, FakeClock, Letterbox, World, fixed_ring, settings_for

__all__ = ["environment"]

PEOPLE = ("asha", "ben", "deepa")
NEWCOMERS = """\
organisation,role,email,name
lakeside,student,{name}@lakeside.example,New {name}
"""


@pytest.fixture
def installation(
    environment: Callable[..., None], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Cli:
    """A filled installation on each database, whose gateways look at their ring often."""
    environment(data_dir=tmp_path, database_url=database_url, key_ring_interval=0.3, mail_interval=0.2)
    monkeypatch.setattr(masters, "LOOKS", 1200)
    tmp_path.chmod(0o700)
    found = Cli(tmp_path)
    write_key_ring(found.ring, fixed_ring())
    return found


class Load:
    """People and partners that go on coming; what they were answered, by what they did."""

    def __init__(self, urls: list[str], token: str) -> None:
        self._urls = itertools.cycle(urls)
        self._token = token
        self.answers: Counter[tuple[str, int]] = Counter()
        self.stopped = threading.Event()
        self.faults: list[Exception] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [
            threading.Thread(target=self._go, args=(each,))
            for each in (self.sign_in, self.read, self.ask_for_mail)
        ]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self.stopped.set()
            for each in threads:
                each.join()

    def _go(self, what: Callable[[str, str], None]) -> None:
        for person in itertools.cycle(PEOPLE):
            if self.stopped.is_set():
                return
            try:
                what(next(self._urls), f"{person}@lakeside.example")
            except Exception as error:
                self.faults.append(error)
                return

    def note(self, what: str, response: httpx2.Response) -> None:
        self.answers[what, response.status_code] += 1

    def sign_in(self, url: str, email: str) -> None:
        """Sign in and look at the own profile, which is under seal."""
        with local_client() as client:
            browser = Browser(client)
            known = {"email": email, "password": PASSWORD}
            page = browser.submit(browser.open(f"{url}/login"), "/login", known)
            self.note("log-in", page.response)
            self.note("profile", browser.open(f"{url}/profile").response)

    def read(self, url: str, _: str) -> None:
        """Read as a partner does."""
        with local_client() as client:
            headers = {"Authorization": f"Bearer {self._token}"}
            self.note("release", client.get(f"{url}/userinfo", headers=headers))

    def ask_for_mail(self, url: str, email: str) -> None:
        """Ask for a letter: the postman opens the address that it goes to."""
        with local_client() as client:
            browser = Browser(client)
            page = browser.submit(browser.open(f"{url}/recover"), "/recover", {"email": email})
            self.note("mail", page.response)


def fresh_token(at: Cli, person: str) -> str:
    """Let a person say yes, at a gateway whose ring is as the file is now."""
    clock, letters = FakeClock(int(time.time())), Letterbox()
    settings = settings_for(Settings().database, at.folder / "beside")
    services = build_services(settings, ring=read_key_ring(at.ring), clock=clock)
    with TestClient(make_app(services), base_url=ISSUER) as client:
        world = World(services, client, clock, letters)
        token: str = world.tokens(email=f"{person}@lakeside.example")["access_token"]
        return token


@contextmanager
def gateways(at: Cli) -> Iterator[tuple[list[str], list[Path]]]:
    """Serve by two processes: on PostgreSQL they are two nodes, each with a copy of the ring; else two workers."""
    with ExitStack() as stack:
        if Settings().database.startswith("sqlite"):
            yield [stack.enter_context(ending(at.folder, "--workers", "2"))], []
            return
        copy = at.folder / "second" / "key-ring.json"
        write_key_ring(copy, fixed_ring())
        first = stack.enter_context(ending(at.folder))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONSENT_GATEWAY_KEY_RING", str(copy))
            second = stack.enter_context(ending(copy.parent))
        yield [first, second], [copy]


@contextmanager
def ending(folder: Path, *words: str) -> Iterator[str]:
    """Serve, and let every worker end."""
    with serving(folder, *words) as (process, url):
        try:
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def test_nobody_notices_a_rotation_and_the_old_key_goes(installation: Cli) -> None:
    at = installation
    with gateways(at) as (urls, copies):

        def carry() -> None:
            """Bring the ring to the other machine."""
            for each in copies:
                each.with_suffix(".half").write_bytes(at.ring.read_bytes())
                each.with_suffix(".half").replace(each)

        def newcomer(name: str) -> None:
            """Import somebody, whose key is sealed with whatever is current; look whether each gateway opens it."""
            file = at.folder / f"{name}.csv"
            file.write_text(NEWCOMERS.format(name=name))
            at("people", "import", str(file))

        load = Load(urls, fresh_token(at, "asha"))
        with load.running():
            newcomer("one")
            at("keys", "rotate", "--master")
            carry()
            newcomer("two")
            at("keys", "rewrap")
            newcomer("three")
            carry()
            at("keys", "prune")
            carry()
            assert at.json("keys", "list")["masters"] == [
                {"id": read_key_ring(at.ring).current, "state": "current", "person_keys": 15}
            ]
        after = Load(urls, fresh_token(at, "ben"))
        for url in urls * 2:
            after.sign_in(url, "asha@lakeside.example")
            after.read(url, "")
    assert load.faults == after.faults == []
    assert {what for what, _ in load.answers} == {"log-in", "profile", "release", "mail"}
    assert [each for each in load.answers if each[1] >= 500] == []
    assert set(after.answers) == {("log-in", 200), ("profile", 200), ("release", 200)}
    for log in at.folder.rglob("serve.log"):
        text = log.read_text()
        assert "key_ring_read" in text
        assert '"status": 500' not in text
        assert "letter_waits" not in text
        assert "SealBroken" not in text
