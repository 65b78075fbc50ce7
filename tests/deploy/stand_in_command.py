"""The gateway's command for the book: read once, and each time it is typed a fork of it runs, in a process of its own.

The walk types it some fifty times, and reading the program takes most of a short command's time. What serves is started
from `.venv/bin`, as on any machine.
"""

import json
import os
import socket
import sys

FDS = 3


def ask(place: str, words: list[str]) -> int:
    """Hand words, environment and the three standard files over; give the exit status."""
    asked = json.dumps({"words": words, "environment": dict(os.environ), "folder": os.getcwd()}).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(name_near(place))
        socket.send_fds(connection, [len(asked).to_bytes(4)], list(range(FDS)))
        connection.sendall(asked)
        return connection.recv(1)[0]


def answer(place: str) -> None:
    """Run what is asked for, one after the other, until the process is ended."""
    read_all()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(name_near(place))
        door.listen()
        print("ready", flush=True)
        while True:
            connection, _ = door.accept()
            with connection:
                head, files, _, _ = socket.recv_fds(connection, 4, FDS)
                with connection.makefile("rb") as reader:
                    asked = json.loads(reader.read(int.from_bytes(head)))
                pid = os.fork()
                if not pid:
                    run(asked, files)
                for each in files:
                    os.close(each)
                connection.sendall(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]).to_bytes(1))


def name_near(place: str) -> str:
    """Go to the socket's folder and name it from there: an address has room for 107 bytes, a path may be longer."""
    folder, name = os.path.split(place)
    os.chdir(folder)
    return name


def read_all() -> None:
    """Read every command's file."""
    from gateway.cli.commands import Commands

    dict(Commands())


def run(asked: dict[str, object], files: list[int]) -> None:
    """Be the command: with the files, the folder and the environment of whoever typed it."""
    for number, each in enumerate(files):
        os.dup2(each, number)
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[call-overload]  # as `ask` wrote it
    os.chdir(str(asked["folder"]))
    sys.argv = ["consent-gateway", *asked["words"]]  # type: ignore[misc]  # as `ask` wrote it
    status: object = 0
    try:
        from gateway.__main__ import main

        main()
    except SystemExit as ended:
        status = ended.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))


if __name__ == "__main__":
    if len(sys.argv) == 2:
        answer(sys.argv[1])
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
