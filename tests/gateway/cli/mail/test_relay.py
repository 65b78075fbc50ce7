"""`relay`: it runs where there is a domain for it, and what it said yes to survives the end of its process."""

import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.kit.clock import DAY
from gateway.kit.settings import Settings
from tests.gateway.cli.conftest import Cli, over
from tests.gateway.cli.test_doctor import check, failed
from tests.gateway.web.guardians.test_requests import EMAIL
from tests.gateway.web.mail.test_relay import DOMAIN, MAIL, SENDER, address_of, forwarded, send, with_relay
from tests.patience import PATIENCE, until
from tests.ports import free_port
from tests.world import World, serve

ROOT = Path(__file__).resolve().parents[4]


def test_without_a_domain_there_is_nothing_to_relay(cli: Cli) -> None:
    cli("relay", status=1)
    assert "CONSENT_GATEWAY_RELAY_DOMAIN is not set" in cli.said


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the relay in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "gateway", "relay", "--port", str(port)]
    with (folder / "relay.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, text=True)
        try:
            wait_until_open(process, port)
            yield process, port
        finally:
            process.kill()
            process.wait()


def wait_until_open(process: subprocess.Popen[str], port: int) -> None:
    def is_open() -> bool:
        try:
            smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE).close()
        except OSError:
            assert process.poll() is None
            return False
        return True

    until(is_open, "nobody listens")


@pytest.fixture
def world(environment: Callable[..., None], database_url: str, tmp_path: Path) -> Iterator[World]:
    """A world on each database, and an installation over the same one."""
    over(tmp_path)
    # Consents are as old as the world's clock says, and the relay looks at the real one.
    environment(data_dir=tmp_path, database_url=database_url, relay_domain=DOMAIN, mail_interval=0)
    with serve(database_url, tmp_path, relay_domain=DOMAIN) as found:
        found.clock.now = int(time.time())
        yield with_relay(found)


def test_what_it_took_is_not_lost_when_its_process_is_killed(world: World, tmp_path: Path) -> None:
    address = address_of(world, world.tokens(EMAIL)["access_token"])
    with running(tmp_path) as (process, port):
        send(port, address)
        process.kill()
        process.wait()
    world.clock.pass_by(DAY)
    ((_, mail),) = forwarded(world)
    assert mail.endswith(MAIL)


def test_it_ends_when_it_is_told_to(world: World, tmp_path: Path) -> None:
    with running(tmp_path) as (process, port):
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
            client.ehlo()
            client.mail(SENDER)
            assert client.rcpt(f"unknown@{DOMAIN}")[0] == 550
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    log = (tmp_path / "relay.log").read_text()
    assert "Traceback" not in log
    assert SENDER not in log


def test_the_doctor_misses_the_domain_where_an_offer_has_private_addresses(world: World) -> None:
    assert "private_addresses" not in failed(check(Settings(), world.clock()))
    without = Settings().model_copy(update={"relay_domain": ""})
    missing = failed(check(without, world.clock()))["private_addresses"]
    assert "practice-quizzes" in missing.detail
