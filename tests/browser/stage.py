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

from gateway.actions.operation.postman import Postman
from gateway.actions.services import Services
from gateway.app import build_services, make_app
from gateway.kit.settings import Settings
from gateway.store.administration.administrators import begin_grace, list_without_factor
from tests.patience import PATIENCE, until, until_answered
from tests.world import CAMPUSPRESS_KEY, QUIZCO_SECRET, Letterbox, fixed_ring

ROOT = Path(__file__).resolve().parents[2]


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
        return asyncio.run_coroutine_threadsafe(work(*arguments), self.loop).result(PATIENCE)


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
        until(lambda: server.started or not thread.is_alive(), "the gateway did not start")
        assert server.started
        gateway = Gateway(url, services, clock, letters, loops[0])
        letters.deliver = functools.partial(gateway.run, Postman(services).turn)
        gateway.run(let_administrators_begin, services)
        yield gateway
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


async def let_administrators_begin(services: Services) -> None:
    """Begin the time without a second factor: the world's people had their passwords on a day of long ago."""
    for person in await services.store.read(list_without_factor, None):
        await services.store.run(begin_grace, (person.person_id, services.clock()))


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
            with httpx2.Client(trust_env=False, timeout=PATIENCE) as client:
                until_answered(client, f"{url}/healthz", process, log).raise_for_status()
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
