"""The gateway in a process of its own, with clients for other people's libraries, and somebody at the browser."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from gateway.cli.browser import Browser, local_client
from gateway.kit.secrets.digests import digest
from gateway.kit.secrets.key_ring import write_key_ring
from gateway.kit.settings import PREFIX
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.partners import NewSecret, keep_secrets
from tests.patience import PATIENCE, until_answered
from tests.ports import free_port
from tests.world import CAMPUSPRESS_KEY, PASSWORD, fixed_ring, random_ids_action, serve
from tests.world import publish as publish_manifest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
MODULES = ROOT / ".cache" / "interop"
"""Where `make interop` puts the libraries of `tests/interop/npm`."""

PLACE = "http://localhost:8099"
"""Nobody listens there: the browser stops where it would go back to the partner."""

SECRET = "cg_cs_" + "i" * 43


@dataclass(frozen=True)
class Stage:
    """A served gateway."""

    issuer: str
    folder: Path
    ending: ExitStack

    def person(self, email: str = "asha@lakeside.example", browser: Browser | None = None) -> Browser:
        """Open a browser and sign in."""
        browser = browser or Browser(local_client())
        self.ending.callback(browser.close)
        page = browser.open(f"{self.issuer}/login")
        page = browser.submit(page, "/login", {"email": email, "password": PASSWORD})
        assert page.status == 200, page.text
        return browser

    def share(
        self, url: str, *, back: str = PLACE, ticked: Sequence[str] = (), browser: Browser | None = None
    ) -> str:
        """Say yes to an authorization request; give the address that goes back to the partner."""
        browser = self.person(browser=browser)
        page = browser.open(url, stop_at=back)
        if not page.text.startswith(back):
            page = browser.submit(page, "/consent", {"item": ticked}, button="share", stop_at=back)
        assert page.text.startswith(back), page.text
        return page.text


def private_jwk() -> dict[str, Any]:
    """Give the private key of the clients that sign."""
    return CAMPUSPRESS_KEY.as_dict(private=True)


def prepare(url: str, folder: Path, manifest: Path = HERE / "partner.toml", *, place: str = PLACE) -> None:
    """Put the clients of a manifest into a filled database; those without keys get the one secret.

    Args:
        place: where the partner listens, if it does.
    """
    with serve(url, folder) as world:
        text = manifest.read_text().replace("PLACE", place)
        world.run(publish_manifest, world.services, text)
        for client in tomllib.loads(text)["client"]:
            if client["auth_method"].startswith("client_secret"):
                name = client["client_id"]
                action = AdminAction(random_ids_action(), "cli", "new_secret", "client", name, world.clock())
                world.store(keep_secrets, NewSecret(name, digest(SECRET), action))


@contextmanager
def served(
    database_url: str, folder: Path, *words: str, mtls: bool = False, port: int = 0, **settings: str
) -> Iterator[Stage]:
    """Serve the gateway over a filled database until the block ends; on a port of its own unless it is given one."""
    port = port or free_port()
    scheme = "https" if "--tls-certificate" in words else "http"
    issuer = f"{scheme}://localhost:{port}"
    write_key_ring(folder / "key-ring.json", fixed_ring())
    own = {"issuer": issuer, "database_url": database_url, "data_dir": str(folder), **settings}
    if mtls:
        own["mtls_url"] = issuer
    environment = {**os.environ, **{PREFIX + name.upper(): value for name, value in own.items()}}
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(port), *words]
    with running(command, folder / "gateway.log", env=environment) as process:
        wait_for(f"{issuer}/ready", process, folder / "gateway.log")
        with ExitStack() as ending:
            yield Stage(issuer, folder, ending)


@contextmanager
def running(
    command: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; a file keeps what it says."""
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env=env) as process,
    ):
        try:
            yield process
            assert process.poll() is None, log.read_text()
        finally:
            process.send_signal(signal.SIGTERM)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until somebody answers."""
    # What is looked for is an answer; whose certificate it has is what the tests look at.
    with httpx2.Client(trust_env=False, verify=False, timeout=PATIENCE) as client:
        until_answered(client, url, process, log)


def beside_libraries(script: Path) -> Path:
    """Copy a module to where it finds its libraries; it is whole at every moment, for another test may start it."""
    own = MODULES / f"{script.name}.{os.getpid()}"
    shutil.copyfile(script, own)
    return own.replace(MODULES / script.name)


class Script:
    """A partner in JavaScript: prints the address to open, is told where the browser came back, prints the rest."""

    def __init__(
        self, name: Path, config: Mapping[str, Any], folder: Path, env: Mapping[str, str] | None = None
    ):
        script = beside_libraries(name)
        file = folder / f"{name.stem}.json"
        file.write_text(json.dumps(config))
        self._process = subprocess.Popen(
            ["node", str(script), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )

    def asks(self) -> str:
        """Read the address that it wants opened."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(self._process.communicate()[1])
        url: str = json.loads(line)["open"]
        return url

    def goes_on(self, callback: str) -> dict[str, Any]:
        """Tell it where the browser came back; read what it found out."""
        said, failed = self._process.communicate(callback + "\n", timeout=PATIENCE)
        assert self._process.returncode == 0, failed
        found: dict[str, Any] = json.loads(said)
        return found
