"""Run one of the demonstration's programs on a leash: it ends when the demonstration does, even by SIGKILL.

The demonstration holds the other end of this process's standard input and never writes to it. Whatever ends the
demonstration closes that end, so the input ends too; this needs nothing of one operating system alone.
"""

import os
import runpy
import signal
import sys
from threading import Thread


def main() -> None:
    """Run the module that the command line names, with the arguments after it."""
    Thread(target=end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def end_with(leash: int) -> None:
    """Wait for the end of a file, then ask this process to shut down cleanly."""
    while os.read(leash, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
