"""How long a test waits for what must come, and how long the gateway does while it is tested.

No test knows how quick its machine is: a busy server takes ten times as long as a laptop alone. A wait ends as soon as
what it waits for is there, so patience costs nothing but where a test fails. Every wait of the tests goes by this;
`tests/test_patience.py` looks for others.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2

from gateway.actions.ledger import witnessing
from gateway.actions.operation import exposition, readiness
from gateway.cli import browser
from gateway.cli.demo import journey, processes
from gateway.kit import mail, outbound
from gateway.store.engine import backend as engine
from gateway.store.engine import pool
from gateway.web.oauth import protocol
from gateway.web.server import head_limits

PATIENCE = 300.0 * float(os.environ.get("CONSENT_GATEWAY_TEST_PATIENCE", "1"))
"""Seconds; `CONSENT_GATEWAY_TEST_PATIENCE=0.1` lets somebody who mends a test see it fail sooner."""
PAUSE = 0.05
OWN_LIMITS = (
    (engine, "BUSY_TIMEOUT"),
    (pool, "PATIENCE"),
    (pool, "CONNECT_WITHIN"),
    (readiness, "PATIENCE"),
    (exposition, "PATIENCE"),
    (outbound, "SECONDS"),
    (mail, "TIMEOUT"),
    (witnessing, "PATIENCE"),
    (protocol, "PATIENCE"),
    (head_limits.PatientProtocol, "timeout"),
    (browser, "TIMEOUT"),
    (journey, "MAIL_WAIT"),
    (processes, "START_WITHIN"),
    (processes, "STOP_WITHIN"),
)
"""Where the gateway itself gives up after some seconds."""


def be_patient() -> None:
    """Let the gateway in this process give up as late as its tests do.

    On a machine that is slow enough its limits answer 503, honestly, in tests that are about something else. A test
    of a limit sets it to next to nothing.
    """
    for place, name in OWN_LIMITS:
        setattr(place, name, max(PATIENCE, getattr(place, name)))


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds, or fail with the words for what did not."""
    ends = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > ends:
            raise AssertionError(what)
        time.sleep(PAUSE)


async def waits(what: str) -> AsyncIterator[None]:
    """Give a chance to look again and again, while the loop goes on; fail with the words in the end."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        yield
        await asyncio.sleep(PAUSE)
    raise AssertionError(what)


def until_answered(
    client: httpx2.Client, url: str, process: subprocess.Popen[bytes], log: Path
) -> httpx2.Response:
    """Wait until a server answers; fail with what it logged, at once if it has ended."""
    answers: list[httpx2.Response] = []

    def has_answered() -> bool:
        try:
            answers.append(client.get(url))
        except httpx2.TransportError:
            assert process.poll() is None, log.read_text()
        return bool(answers)

    until(has_answered, f"nobody answers at {url}")
    return answers[0]
