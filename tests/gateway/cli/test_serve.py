"""`serve`: it refuses what it should, serves, and finishes what is in flight when it is told to end."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from uvicorn import _subprocess

from bench import machine
from gateway.cli.controls import Control, Severity
from gateway.cli.serve import begin_afresh, check_metrics_address, check_production, let_workers_fork
from gateway.cli.terminal import CommandFault
from gateway.kit.settings import Settings
from tests.gateway.cli.conftest import Cli
from tests.patience import PATIENCE, until
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


def test_production_is_served_when_every_required_control_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def controls(_: Settings) -> list[Control]:
        return [
            Control("key_ring", "key ring", Severity.REQUIRED, ok=True, detail="there"),
            Control("outbox", "outbox", Severity.ADVISED, ok=False, detail="3 wait", remedy="Look there."),
        ]

    monkeypatch.setattr("gateway.cli.controls.check_controls", controls)
    check_production(Settings(data_dir=tmp_path))
    assert "outbox: 3 wait. Look there." in capsys.readouterr().err


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


def test_the_metrics_address_has_to_be_free_in_production_and_elsewhere_is_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several gateways of a developer's machine have one default between them."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(data_dir=tmp_path, metrics_address=f"127.0.0.1:{taken.getsockname()[1]}")
        check_metrics_address(settings)
        assert "No metrics" in capsys.readouterr().err
        with pytest.raises(CommandFault, match="CONSENT_GATEWAY_METRICS_ADDRESS"):
            check_metrics_address(settings.model_copy(update={"environment": "production"}))
        check_metrics_address(settings.model_copy(update={"metrics_address": ""}))
    check_metrics_address(settings)
    assert not capsys.readouterr().err


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
    def is_ready() -> bool:
        try:
            return httpx2.get(f"{url}/ready", trust_env=False, timeout=PATIENCE).status_code == 200
        except httpx2.TransportError:
            assert process.poll() is None
            return False

    until(is_ready, "the gateway is not ready")


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def test_requests_in_flight_are_finished(cli: Cli) -> None:
    """A form that is half sent when SIGTERM comes is read to its end and answered; then the process ends."""
    with serving(cli.folder) as (process, url):
        port = int(url.rpartition(":")[2])
        body = b"token=cg_at_unknown"
        head = (
            f"POST /revoke HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            connection.sendall(head.encode())
            # RFC 9110 §10.1.1: it is said when somebody waits for the body, so the request is in flight.
            assert connection.recv(4096).startswith(b"HTTP/1.1 100")
            connection.sendall(body[:5])
            process.send_signal(signal.SIGTERM)
            until(lambda: not is_open(port), "new connections are still taken")
            connection.sendall(body[5:])
            answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 401"), answer
        assert process.wait(PATIENCE) == 0
    log = (cli.folder / "serve.log").read_text()
    assert '"path": "/revoke", "status": 401' in log
    assert "Traceback" not in log


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_several_workers_serve_and_end_together(cli: Cli) -> None:
    with serving(cli.folder, "--workers", "2") as (process, url):
        assert httpx2.get(f"{url}/health", trust_env=False, timeout=PATIENCE).json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{url}/health", trust_env=False, timeout=PATIENCE)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each worker starts afresh")
def test_workers_share_what_was_imported_and_a_dead_one_is_followed(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it counted stays in the metrics, which whoever lives shows for all."""
    address = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("CONSENT_GATEWAY_METRICS_ADDRESS", address)
    with serving(cli.folder, "--workers", "2") as (process, url):
        first = workers_of(process.pid)
        # Who was started afresh would have another command line.
        assert {command_of(pid) for pid in first} == {command_of(process.pid)}
        for _ in range(8):
            assert httpx2.get(f"{url}/health", trust_env=False, timeout=PATIENCE).status_code == 200
        until(lambda: counted(address, "/health") == 8, "not every worker's requests are counted")
        os.kill(min(first), signal.SIGKILL)
        until(
            lambda: len(workers_of(process.pid) - first) == 1 and min(first) not in workers_of(process.pid),
            "the dead worker has no successor",
        )
        assert len(workers_of(process.pid)) == 2
        until(lambda: counted(address, "/health") == 8, "what a dead worker counted is gone")
        assert httpx2.get(f"{url}/health", trust_env=False, timeout=PATIENCE).json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def counted(address: str, route: str) -> float:
    """Ask for the metrics; -1 while nobody shows them."""
    try:
        answer = httpx2.get(f"http://{address}/metrics", trust_env=False, timeout=PATIENCE)
    except httpx2.TransportError:
        return -1
    found = re.findall(rf'(?m)^gateway_requests_total{{.*route="{route}".*}} (\S+)$', answer.text)
    return sum(map(float, found))


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
