"""A cable between the gateway and its database, which a test can cut and plug in again."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.patience import PATIENCE


class Cable:
    """Forwards a port of its own to the database; cut, it resets what is open and refuses what is new."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._forward, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        onward, back = await asyncio.open_connection(*self._target)
        self._writers |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(onward, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()
        self._writers.discard(writer)

    def cut(self) -> None:
        """Cut every connection, and refuse new ones."""

        async def work() -> None:
            self._is_cut = True
            for writer in list(self._writers):
                writer.transport.abort()

        self._call(work())

    def plug_in(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def close(self) -> None:
        """End the forwarding and its thread."""

        async def work() -> None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait(tasks, timeout=PATIENCE) if tasks else None

        self._call(work())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def cabled(url: str) -> Iterator[tuple[Cable, str]]:
    """Lay a cable to a database; give it with the address at its near end."""
    parts = urlsplit(url)
    cable = Cable(str(parts.hostname), int(parts.port or 5432))
    near = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{cable.port}"))
    try:
        yield cable, near.geturl()
    finally:
        cable.close()
