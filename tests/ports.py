"""Ports of the loopback for servers that are started by number.

The kernel gives outgoing connections the ports of its own range, and a port that was free a moment ago may be gone
when the server binds it. These are taken from below that range, and held against every other test process by a lock
on a file until this process ends.
"""

import fcntl
import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

FIRST, LAST = 20_000, 29_999
"""Below what Linux (32768) and macOS (49152) give to outgoing connections."""
_held: list[IO[bytes]] = []


def _is_ours(port: int) -> bool:
    folder = Path(tempfile.gettempdir()) / f"consent-gateway-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    lock = (folder / str(port)).open("ab")
    with suppress(OSError), socket.socket() as probe:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # As servers bind it, so that connections which have just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        _held.append(lock)
        return True
    lock.close()
    return False


def free_port() -> int:
    """Take a port that nobody listens on and no other test process will take."""
    start = os.getpid() * 31 % (LAST - FIRST)
    for step in range(LAST - FIRST):
        port = FIRST + (start + step) % (LAST - FIRST)
        if _is_ours(port):
            return port
    raise AssertionError("no port is free")
