"""Starting and stopping the servers under load."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.requests import render
from gateway.cli.serve import check_port
from tests.ports import free_port

START_TIMEOUT = 120.0
GATEWAY = "gateway"
"""In place of an application's name: `consent-gateway serve`."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        ready_after: seconds from the start to the first right answer.
    """

    port: int
    pid: int
    ready_after: float


@contextmanager
def running(
    app: str, environment: Mapping[str, str], log: Path, *, probe: str, workers: int
) -> Iterator[Server]:
    """Serve the gateway as people do, or another application by uvicorn alike, until the block ends."""
    port = free_port()
    check_port("127.0.0.1", port, "--port")
    by_uvicorn = [
        "uvicorn",
        app,
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--no-access-log",
        "--ws",
        "none",
    ]
    by_uvicorn += ["--no-server-header", "--no-proxy-headers", "--log-level", "warning"]
    command = [sys.executable, "-m", *(["gateway", "serve"] if app == GATEWAY else by_uvicorn)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    began = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _await(process, port, probe, began + START_TIMEOUT, log)
        yield Server(port, process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(30)


def _await(process: "subprocess.Popen[bytes]", port: int, probe: str, deadline: float, log: Path) -> None:
    while process.poll() is None and time.perf_counter() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.sendall(render("GET", probe))
                if connection.recv(65536)[9:12] == b"200":
                    return
        except OSError:
            pass
        time.sleep(0.01)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")
