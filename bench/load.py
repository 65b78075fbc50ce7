"""The load generator: keep-alive connections that send requests rendered beforehand and check every answer."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Load:
    """Requests of one cell.

    Attributes:
        expected: bytes that every right answer holds.
        is_single_use: whether each request may be sent once only; otherwise they are repeated in turn.
    """

    requests: Sequence[bytes]
    expected: bytes
    is_single_use: bool = False


@dataclass(slots=True)
class Tally:
    """What came back.

    Attributes:
        seconds: from the first request to the last answer.
        latencies: milliseconds of each right answer.
        refused: answers 503 that say when to come again; they are no wrong ones.
        first_wrong: the first wrong answer as it came.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    wrong: int = 0
    refused: int = 0
    first_wrong: str = ""
    ran_out: bool = False

    def percentile(self, share: float) -> float:
        """Give a percentile of the latencies, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


class _Caller(asyncio.Protocol):
    """One connection: sends the next request as soon as the answer to the last one is whole."""

    def __init__(self, source: Iterator[bytes], expected: bytes, tally: Tally, deadline: float) -> None:
        self._source, self._expected, self._tally, self._deadline = source, expected, tally, deadline
        self._buffer = bytearray()
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        if len(self._buffer) < head + 4 + self._length(head):
            return
        answer = bytes(self._buffer)
        self._buffer.clear()
        if answer[9:12] == b"200" and self._expected in answer:
            self._tally.latencies.append((time.perf_counter() - self._sent_at) * 1000)
        elif answer[9:12] == b"503" and b"\r\nretry-after:" in answer[: head + 2].lower():
            self._tally.refused += 1
        else:
            self._fail(answer.decode("latin-1"))
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self._fail(f"connection lost: {error}")
            self.done.set_result(None)

    def _length(self, head: int) -> int:
        at = self._buffer.lower().find(b"content-length:", 0, head)
        return int(self._buffer[at + 15 : self._buffer.index(b"\r", at)]) if at >= 0 else 0

    def _fail(self, answer: str) -> None:
        self._tally.wrong += 1
        self._tally.first_wrong = self._tally.first_wrong or answer[:600]

    def _send(self) -> None:
        now = time.perf_counter()
        request = next(self._source, None) if now < self._deadline else None
        if request is None:
            self._tally.ran_out |= now < self._deadline
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = now
        self._transport.write(request)  # type: ignore[attr-defined]  # asyncio types it as its base, which cannot


def _in_turn(load: Load) -> Iterator[bytes]:
    if load.is_single_use:
        yield from load.requests
        return
    while True:
        yield from load.requests


async def run_load(port: int, load: Load, callers: int, seconds: float) -> Tally:
    """Keep so many connections busy for a while."""
    loop = asyncio.get_running_loop()
    tally, source = Tally(), _in_turn(load)
    began = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: _Caller(source, load.expected, tally, began + seconds), "127.0.0.1", port
        )
        for _ in range(callers)
    ]
    await asyncio.gather(*(caller.done for _, caller in made))
    tally.seconds = time.perf_counter() - began
    return tally
