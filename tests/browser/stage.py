"""The real gateway on uvicorn and the real sample partner in its own process, both on the loopback."""

import asyncio
import dataclasses
import functools
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from gateway.actions.postman import Postman
from gateway.actions.services import Services
from gateway.app import build_services, make_app
from gateway.kit.settings import Settings
from tests.world import CAMPUSPRESS_KEY, QUIZCO_SECRET, Letterbox, fixed_ring

ROOT = Path(__file__).resolve().parents[2]
READY = 60.0
"""Seconds that a server may take to start on a busy machine."""


class Clock:
    """The machine's clock, which a test can put forward; partners go by the machine's own."""

    ahead = 0

    def __call__(self) -> int:
        return int(time.time()) + self.ahead


@dataclasses.dataclass(frozen=True)
class Gateway:
    """The gateway as it is served."""

    url: str
    services: Services
    clock: Clock
    letters: Letterbox
    loop: asyncio.AbstractEventLoop

    def run(self, work: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
        """Run a coroutine function in the gateway's own loop, as a command beside it would do it."""
        return asyncio.run_coroutine_threadsafe(work(*arguments), self.loop).result(READY)


def bound(port: int) -> socket.socket:
    """Bind a port of the loopback, for a server to listen on."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("127.0.0.1", port))
    return found


@contextmanager
def serve_gateway(database_url: str, folder: Path, port: int) -> Iterator[Gateway]:
    """Serve the gateway over a filled database, in a thread: Playwright keeps the main one."""
    url, clock, letters = f"http://localhost:{port}", Clock(), Letterbox()
    settings = Settings(issuer=url, database_url=database_url, data_dir=folder, password_workers=1)
    services = build_services(settings, ring=fixed_ring(), clock=clock)
    services = dataclasses.replace(services, mailer=letters)
    config = uvicorn.Config(make_app(services), log_config=None, access_log=False, ws="none", lifespan="on")
    server, loops, listening = uvicorn.Server(config), [], bound(port)

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve(sockets=[listening])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="gateway")
    thread.start()
    try:
        deadline = time.monotonic() + READY
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise AssertionError("the gateway did not start")
            time.sleep(0.01)
        gateway = Gateway(url, services, clock, letters, loops[0])
        letters.deliver = functools.partial(gateway.run, Postman(services).turn)
        yield gateway
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@contextmanager
def serve_partner(issuer: str, port: int, folder: Path) -> Iterator[str]:
    """Serve the sample partner in its own process; it ends by itself if anything there goes wrong."""
    url, log = f"http://localhost:{port}", folder / "partner.log"
    (folder / "campuspress.json").write_text(json.dumps({"keys": [CAMPUSPRESS_KEY.as_dict(private=True)]}))
    (folder / "partner.json").write_text(json.dumps(partner_config(issuer, url)))
    command = [sys.executable, "-W", "error", "-m", "deploy.sample_partner"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--config", str(folder / "partner.json")], cwd=ROOT, stdout=output, stderr=output
        ) as process,
    ):
        try:
            _wait_for(f"{url}/healthz", process, log)
            yield url
            assert process.poll() is None, log.read_text()
            assert "Traceback" not in log.read_text(), log.read_text()
        finally:
            process.terminate()


def partner_config(issuer: str, url: str) -> dict[str, Any]:
    """Write what the sample partner is told: one client by secret, one by its own key."""
    return {
        "issuer": issuer,
        "base_url": url,
        "clients": [
            {
                "name": "quizco",
                "brand": "QuizCo",
                "client_id": "quizco-web",
                "auth_method": "client_secret_basic",
                "client_secret": QUIZCO_SECRET,
                "scope": "openid profile email phone education offline_access",
                "colour": "#6d28d9",
            },
            {
                "name": "campuspress",
                "brand": "CampusPress",
                "client_id": "campuspress-shop",
                "auth_method": "private_key_jwt",
                "jwks_file": "campuspress.json",
                "scope": "openid profile address phone email offline_access",
                "colour": "#f4b942",
            },
        ],
    }


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY
    with httpx2.Client(trust_env=False) as client:
        while True:
            try:
                client.get(url).raise_for_status()
            except httpx2.TransportError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(log.read_text()) from None
                time.sleep(0.05)
            else:
                return
