"""Run PostgreSQL for as long as anybody holds the lock file: `keeper.py LOCK STATE FOLDER COMMAND…`.

Everyone who uses the server holds a shared lock on LOCK. The kernel takes that lock from a process that ends,
however it ends, so a test run that crashes or is killed leaves no server behind. This runs as `python -I -S`:
nothing but the standard library, no site, no coverage.
"""

import fcntl
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path


def is_unused(lock: int) -> bool:
    """Tell whether nobody holds the lock; if so we do, and nobody can join a server that is ending."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def stop(server: "subprocess.Popen[bytes]") -> None:
    """End the server at once: its data are thrown away, so it need not write a checkpoint first."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def keep(lock_path: Path, state: Path, folder: Path, command: list[str]) -> None:
    """Start the server, wait until it ends or nobody uses it, and remove what it wrote."""
    with lock_path.open("rb") as lock:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        while server.poll() is None:
            if is_unused(lock.fileno()):
                stop(server)
            else:
                time.sleep(0.1)
        state.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    # Ctrl-C in a terminal is for the tests, which still want their databases while they finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
