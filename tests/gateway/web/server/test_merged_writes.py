"""An answer leaves in one piece; what stands alone leaves when the loop's turn ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.web.server.head_limits import PatientProtocol
from gateway.web.server.merged_writes import MergingTransport


class Sent(asyncio.Transport):
    """Notes what it was told."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 7)})
        self.told: list[Any] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.told.append(bytes(data))

    def close(self) -> None:
        self.told.append("close")

    def is_closing(self) -> bool:
        return "close" in self.told

    def pause_reading(self) -> None:
        self.told.append("pause")

    def resume_reading(self) -> None:
        self.told.append("resume")


def told(story: Callable[[MergingTransport, Sent], Awaitable[None]]) -> list[Any]:
    sent = Sent()

    async def run() -> None:
        await story(MergingTransport(sent, asyncio.get_running_loop()), sent)

    asyncio.run(run())
    return sent.told


def test_head_and_body_leave_together_and_nothing_twice() -> None:
    async def story(corked: MergingTransport, sent: Sent) -> None:
        corked.write(b"head ")
        assert sent.told == []
        corked.write(b"body")
        assert sent.told == [b"head body"]
        await asyncio.sleep(0)

    assert told(story) == [b"head body"]


def test_what_nothing_follows_leaves_when_the_turn_ends() -> None:
    async def story(corked: MergingTransport, sent: Sent) -> None:
        for chunk in (b"head", b"", b"chunk"):
            corked.write(chunk)
            await asyncio.sleep(0)

    assert told(story) == [b"head", b"chunk"]


def test_what_waits_leaves_before_the_connection_closes() -> None:
    async def story(corked: MergingTransport, sent: Sent) -> None:
        corked.write(b"last words")
        assert not corked.is_closing()
        corked.close()
        assert corked.is_closing()

    assert told(story) == [b"last words", "close"]


def test_the_rest_is_the_transports_own() -> None:
    async def story(corked: MergingTransport, sent: Sent) -> None:
        assert corked.get_extra_info("peername") == ("127.0.0.1", 7)
        assert corked.get_extra_info("nothing", "else") == "else"
        corked.pause_reading()
        corked.resume_reading()

    assert told(story) == ["pause", "resume"]


def test_an_answer_of_the_server_is_one_segment() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"body"})

    async def run() -> list[Any]:
        config = Config(app, log_config=None, lifespan="off")
        config.load()
        ours, sent = PatientProtocol(config, ServerState(), {}), Sent()
        ours.connection_made(sent)
        ours.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.gather(*ours.tasks)
        ours.connection_lost(None)
        return sent.told

    (answer,) = [each for each in asyncio.run(run()) if isinstance(each, bytes)]
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\nbody")
