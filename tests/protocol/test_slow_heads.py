"""A request's head that does not end, over real sockets: neither time nor memory is given to it for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.web.server.head_limits import PatientProtocol
from tests.patience import PATIENCE

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the length of the body; at one place never."""
    body, is_more = b"", True
    while is_more or scope["path"] == "/never":
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, is_more = body + message["body"], message["more_body"]
    content = str(len(body)).encode()
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


class Watched(PatientProtocol):
    """A connection's end that says when it is gone."""

    def __init__(self, *arguments: Any) -> None:
        """Begin."""
        super().__init__(*arguments)
        self.gone = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so."""
        super().connection_lost(exc)
        self.gone.set()


def talk(story: Talk, **limits: float) -> PatientProtocol:
    """Have a conversation with a server of such patience; give its end of the connection."""
    patience = type("Patience", (Watched,), limits)
    made: list[Watched] = []

    async def run() -> None:
        config = Config(app, log_config=None, lifespan="off")
        config.load()

        def make() -> Watched:
            made.append(patience(config, ServerState(), {}))
            return made[-1]

        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await asyncio.wait_for(story(reader, writer), PATIENCE)
        writer.close()
        server.close()
        await server.wait_closed()
        await made[0].gone.wait()

    asyncio.run(run())
    return made[0]


def test_rfc9110_15_5_9_a_head_that_does_not_end_is_not_waited_for() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in answer

    talk(story, timeout=0.05)


def test_a_connection_on_which_nothing_comes_ends_without_a_word() -> None:
    """Browsers open some ahead, and would take a word for the answer to what they ask later."""

    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""

    talk(story, timeout=0.05)


def test_a_second_head_on_the_same_connection_is_not_waited_for_either() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.count(b"HTTP/1.1 408 ") == 1

    talk(story, timeout=0.05)


def test_rfc6585_5_a_head_without_end_is_not_kept() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"X-Long: " + b"a" * 992 + b"\r\n")
                await writer.drain()

    talk(story, most=20_000)


def test_a_head_that_is_none_gets_one_answer_however_long_it_is() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"no head" * 1000)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1 ") == 1

    talk(story, most=1000)


def test_rfc6585_5_a_head_that_is_too_long_is_told_so() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 2000)
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")

    talk(story, most=1000)


def test_whoever_comes_in_pieces_or_with_a_long_body_is_served() -> None:
    """A head byte by byte, a body longer than any head, and a request after it on the same connection."""
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n"

    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            for byte in request:
                writer.write(bytes([byte]))
                await writer.drain()
            writer.write(b"b" * 3000)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(4) == b"3000"

    ours = talk(story, most=100, timeout=PATIENCE)
    assert ours._timer is None


def test_nothing_is_written_into_an_earlier_answer() -> None:
    """A slow head behind a request that has no answer yet ends the connection without a word."""

    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP")
        assert await reader.read() == b""

    talk(story, timeout=0.05)


def test_what_goes_away_is_not_waited_for() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\n")
        await writer.drain()

    assert talk(story)._timer is None
