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

from gateway.cli.terminal import CommandFault
from gateway.kit.clock import stopwatch

START_WITHIN = 600
STOP_WITHIN = 30
LOOK_EVERY = 0.1


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class ChildProcess:
    """A process of ours and the file of its output."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Make sure that it still runs.

        Raises:
            Fault: with its last output.
        """
        status = self.process.poll()
        if status is not None:
            said = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
            raise CommandFault(f"the {self.name} ended with status {status}; {self.log} says:\n{said}")


@dataclass(slots=True)
class Children:
    """Processes that run as long as this one wants them to."""

    folder: Path
    children: list[ChildProcess] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def start(
        self, name: str, log: Path, words: Sequence[str], env: Mapping[str, str] | None = None
    ) -> ChildProcess:
        """Start this Python with arguments; its standard input ends when this process does, in any way."""
        file = self._stack.enter_context(log.open("wb"))
        command = [sys.executable, *words]
        process = subprocess.Popen(  # noqa: S603 - our own modules, no shell
            command, cwd=self.folder, env=env, stdin=subprocess.PIPE, stdout=file, stderr=file
        )
        self._stack.enter_context(process)
        child = ChildProcess(name, process, log)
        self.children.append(child)
        return child

    def wait_for(self, child: ChildProcess, url: str) -> None:
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
        raise CommandFault(f"the {child.name} did not answer within {START_WITHIN} s; look into {child.log}.")

    def pause(self) -> None:
        """Wait a moment; notice a child that ends at once."""
        try:
            self.children[0].process.wait(LOOK_EVERY)
        except subprocess.TimeoutExpired:
            return

    def watch(self) -> None:
        """Wait until a child ends or a signal comes."""
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
        """End every child: ask it to end, wait for requests in flight, then kill it."""
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
    """A request to end this process, which passes through event loops as Ctrl-C does."""


@contextmanager
def stopping() -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C into an orderly end of the block."""
    signals = (signal.SIGTERM, signal.SIGINT)

    def stop(number: int, frame: Any) -> None:
        # From here on the children are being ended, which a second Ctrl-C must not interrupt.
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
