"""The world outside of the process: partners and browsers that talk to it through a real socket."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import httpx2

from tests.kill.points import Trap
from tests.kill.victim import Life, live
from tests.patience import PATIENCE
from tests.world import ISSUER, World

# A fork of a process that has read the code already starts in a few milliseconds, with no thread and no lock of ours.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.kill.victim"])
NOWHERE = Trap(0, "", "")


class Loopback(httpx2.BaseTransport):
    """Carries requests for the gateway's public address to a port of this machine."""

    def __init__(self) -> None:
        self.port = 0
        self._inner = httpx2.HTTPTransport(limits=httpx2.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        near = httpx2.Request(
            request.method,
            url,
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return self._inner.handle_request(near)

    def close(self) -> None:
        """Stay: every client of a campaign shares this transport."""

    def end(self) -> None:
        """Close every connection."""
        self._inner.close()


class Outside(World):
    """A world whose browsers and partners go through the socket; the store is looked at by a node of the test's own."""

    def __init__(self, inner: World) -> None:
        super().__init__(inner.services, inner.http, inner.clock, inner.letters)
        self.transport = Loopback()
        self.life: Any = None

    def client(self) -> httpx2.Client:
        return httpx2.Client(
            transport=self.transport, base_url=ISSUER, follow_redirects=False, timeout=PATIENCE
        )

    def be_born(self, url: str, folder: Path, trap: Trap = NOWHERE, **changes: Any) -> None:
        """Start the gateway, anew after each death; the clock has gone on a little."""
        self.clock.pass_by(11)
        self.pipe, theirs = FORKS.Pipe()
        life = Life(url, folder, self.clock(), trap, **changes)
        self.life = FORKS.Process(target=live, args=(life, theirs))
        self.life.start()
        theirs.close()
        assert self.pipe.poll(PATIENCE), "the gateway did not start"
        self.transport.port = self.pipe.recv()

    def arm(self) -> None:
        """Have it killed at its trap from now on."""
        self.pipe.send(None)
        self.pipe.recv()

    def be_killed(self) -> None:
        """Kill it from outside."""
        os.kill(self.life.pid, signal.SIGKILL)

    def bury(self) -> None:
        """Wait for its end; it must have been killed, not have failed."""
        self.life.join(PATIENCE)
        assert self.life.exitcode == -signal.SIGKILL, f"it ended by itself: {self.life.exitcode}"
        self.life.close()
        self.pipe.close()

    def leave(self) -> None:
        """Leave no connection and no process behind, also when a test fails."""
        self.transport.end()
        if self.life is None:
            return
        try:
            is_alive = self.life.is_alive()
        except ValueError:
            # It is buried.
            return
        if is_alive:
            self.be_killed()
            self.life.join()
        self.pipe.close()
