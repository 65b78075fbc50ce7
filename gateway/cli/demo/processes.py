"""The demonstration's two processes: started, watched, and ended together."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from gateway.cli.terminal import Fault
from gateway.kit.clock import stopwatch

START_WITHIN = 120
STOP_WITHIN = 30
LOOK_EVERY = 0.1


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Child:
    """A process of ours and the file with what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Make sure that it still runs.

        Raises:
            Fault: with the last that it said.
        """
        status = self.process.poll()
        if status is not None:
            said = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
            raise Fault(f"the {self.name} ended with status {status}; {self.log} says:\n{said}")


@dataclass(slots=True)
class Children:
    """Processes that live as long as this one wants them to."""

    folder: Path
    children: list[Child] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def start(
        self, name: str, log: Path, words: Sequence[str], env: Mapping[str, str] | None = None
    ) -> Child:
        """Start this Python with some words; its standard input ends when this process does, however it does."""
        file = self._stack.enter_context(log.open("wb"))
        command = [sys.executable, *words]
        process = subprocess.Popen(  # noqa: S603 - our own modules, no shell
            command, cwd=self.folder, env=env, stdin=subprocess.PIPE, stdout=file, stderr=file
        )
        self._stack.enter_context(process)
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def wait_for(self, child: Child, url: str) -> None:
        """Wait until a child answers.

        Raises:
            Fault: it ended, or did not answer in time.
        """
        deadline = stopwatch() + START_WITHIN
        while stopwatch() < deadline:
            child.check()
            if answers(url):
                return
            self.pause()
        raise Fault(f"the {child.name} did not answer within {START_WITHIN} s; look into {child.log}.")

    def pause(self) -> None:
        """Let a moment pass; a child that ends is noticed at once."""
        try:
            self.children[0].process.wait(LOOK_EVERY)
        except subprocess.TimeoutExpired:
            return

    def watch(self) -> None:
        """Stay until a child ends, or a signal comes."""
        while True:
            for child in self.children:
                child.check()
            self.pause()

    def __enter__(self) -> "Children":
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every child: ask, wait for requests in flight, then insist."""
        for child in self.children:
            child.process.terminate()
        for child in self.children:
            try:
                child.process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        self._stack.close()


def answers(url: str) -> bool:
    """Whether an address answers with success."""
    try:
        return httpx2.get(url, timeout=5, trust_env=False).is_success
    except httpx2.TransportError:
        return False


class Stopped(KeyboardInterrupt):
    """Somebody asked this process to end. It goes through event loops as Ctrl-C does."""


@contextmanager
def stopping() -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C into an orderly end of the block."""
    signals = (signal.SIGTERM, signal.SIGINT)

    def stop(number: int, frame: Any) -> None:
        # The children are being ended from here on: a second Ctrl-C must not interrupt that.
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    before = {each: signal.signal(each, stop) for each in signals}
    try:
        yield
    except Stopped:
        return
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
