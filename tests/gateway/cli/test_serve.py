"""`serve`: it refuses what it should, serves, and finishes what is in flight when it is told to end."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from uvicorn import _subprocess

from bench import machine
from gateway.cli.controls import Control
from gateway.cli.serve import begin_afresh, check_production, let_workers_fork
from gateway.kit.settings import Settings
from tests.gateway.cli.conftest import Cli
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]


def test_an_empty_database_is_not_served(empty: Cli) -> None:
    empty("keys", "create")
    empty("serve", status=1)
    assert "Run 'consent-gateway migrate'" in empty.said


def test_production_is_not_served_while_a_control_is_missing(
    cli: Cli, environment: Callable[..., None]
) -> None:
    environment(environment="production")
    cli("serve", status=1)
    assert "not fit for production" in cli.said
    assert "issuer: Set CONSENT_GATEWAY_ISSUER" in cli.said


def test_production_is_served_when_every_control_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def controls(_: Settings) -> list[Control]:
        return [Control("key ring", ok=True, detail="there")]

    monkeypatch.setattr("gateway.cli.controls.check_controls", controls)
    check_production(Settings(data_dir=tmp_path))


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_port_that_is_taken_is_told(cli: Cli, family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as taken:
        try:
            taken.bind((host, 0))
        except OSError:
            pytest.skip("this machine has no such loopback address")
        taken.listen()
        cli("serve", "--host", host, "--port", str(taken.getsockname()[1]), status=1)
    assert "cannot be used" in cli.said
    assert "--port" in cli.said


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve in a process of its own; gives the process and its address."""
    port = free_port()
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(port), *words]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, text=True)
        try:
            wait_until_ready(process, f"http://127.0.0.1:{port}")
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def wait_until_ready(process: subprocess.Popen[str], url: str) -> None:
    for _ in range(1200):
        try:
            if httpx2.get(f"{url}/ready", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            assert process.poll() is None
        time.sleep(0.1)
    raise AssertionError("not ready in two minutes")


def test_requests_in_flight_are_finished(cli: Cli) -> None:
    """A form that is half sent when SIGTERM comes is read to its end and answered; then the process ends."""
    with serving(cli.folder) as (process, url):
        port = int(url.rpartition(":")[2])
        body = b"token=cg_at_unknown"
        head = (
            f"POST /revoke HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(head.encode())
            # RFC 9110 §10.1.1: it is said when somebody waits for the body, so the request is in flight.
            assert connection.recv(4096).startswith(b"HTTP/1.1 100")
            connection.sendall(body[:5])
            process.send_signal(signal.SIGTERM)
            refused = threading.Event()
            for _ in range(1200):
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=60).close()
                except OSError:
                    refused.set()
                    break
                time.sleep(0.05)
            assert refused.is_set(), "new connections are still taken"
            connection.sendall(body[5:])
            answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 401"), answer
        assert process.wait(60) == 0
    log = (cli.folder / "serve.log").read_text()
    assert '"path": "/revoke", "status": 401' in log
    assert "Traceback" not in log


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_several_workers_serve_and_end_together(cli: Cli) -> None:
    with serving(cli.folder, "--workers", "2") as (process, url):
        assert httpx2.get(f"{url}/health", trust_env=False).json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{url}/health", trust_env=False)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each worker starts afresh")
def test_workers_share_what_was_imported_and_a_dead_one_is_followed(cli: Cli) -> None:
    with serving(cli.folder, "--workers", "2") as (process, url):
        first = workers_of(process.pid)
        # Who was started afresh would have another command line.
        assert {command_of(pid) for pid in first} == {command_of(process.pid)}
        os.kill(min(first), signal.SIGKILL)
        for _ in range(1200):
            if len(workers_of(process.pid) - first) == 1 and min(first) not in workers_of(process.pid):
                break
            time.sleep(0.05)
        assert len(workers_of(process.pid)) == 2
        assert httpx2.get(f"{url}/health", trust_env=False).json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def workers_of(pid: int) -> set[int]:
    return set(machine.tree(pid)) - {pid}


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_elsewhere_workers_start_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    before = _subprocess.spawn
    let_workers_fork()
    assert _subprocess.spawn is before


def test_a_worker_that_is_told_to_end_before_it_serves_ends() -> None:
    """The supervisor's handler only takes a note: a worker that kept it would never end."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        for each in before:
            signal.signal(each, lambda *_: None)
        begin_afresh()
        with pytest.raises(SystemExit):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
