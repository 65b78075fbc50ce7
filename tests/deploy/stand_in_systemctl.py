"""A stand-in for systemctl: runs the lines of the installed units, with their environment and credentials.

It knows starting, stopping and reloading, and applies of the hardening what a process can ask for by itself: a service
gets no memory that is writable and executable. Everything else of the units is checked by systemd's own tools.
"""

import ctypes
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(sys.argv[1])
UNITS, RUN = HOME / "etc/systemd/system", HOME / "run"
DENY_WRITE_EXECUTE = 65
"""PR_SET_MDWE, from Linux 6.3 on; earlier ones say no, and nothing is denied."""


def main(words: list[str]) -> int:
    """Do what was asked for."""
    RUN.mkdir(exist_ok=True)
    command, *names = [word for word in words if not word.startswith("-")]
    names = [name if "." in name else f"{name}.service" for name in names]
    starts_now = command in ("start", "restart") or (command == "enable" and "--now" in words)
    stops_now = command in ("stop", "restart") or (command == "disable" and "--now" in words)
    if command == "reload":
        return reload_nginx()
    for name in names:
        assert (UNITS / name).is_file(), name
        if stops_now:
            stop(name)
        if starts_now and name.endswith(".service"):
            start(name)
    return 0


def start(name: str) -> None:
    """Run a unit's lines: a service goes on in the background, a oneshot is waited for."""
    unit = (UNITS / name).read_text()
    environment = dict(os.environ)
    credentials = RUN / f"{name}.credentials"
    credentials.mkdir(exist_ok=True)
    for credential, path in re.findall(r"(?m)^LoadCredential=([\w.]+):(.+)$", unit):
        (credentials / credential).write_bytes(Path(path).read_bytes())
    for key, value in re.findall(r"(?m)^(Environment|EnvironmentFile)=(.+)$", unit):
        lines = Path(value).read_text().splitlines() if key == "EnvironmentFile" else [value]
        for pair in shlex.split("\n".join(lines), comments=True):
            variable, _, text = pair.partition("=")
            environment[variable] = text.replace("%d", str(credentials))
    [output] = re.findall(r"(?m)^StandardOutput=append:(.+)$", unit)
    [folder] = re.findall(r"(?m)^WorkingDirectory=(.+)$", unit)
    for line in re.findall(r"(?m)^ExecStart=(.+)$", unit):
        words = words_of(line, environment)
        if "Type=oneshot" in unit:
            # Started as the book's commands are, which saves reading the program once more.
            stand_in = str(Path(__file__).with_name("stand_in_command.py"))
            words = [sys.executable, "-I", "-S", stand_in, str(HOME / "command"), *words[1:]]
        with open(output, "ab") as log:
            process = subprocess.Popen(
                words,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: ctypes.CDLL(None).prctl(DENY_WRITE_EXECUTE, 1, 0, 0, 0),
            )
        if "Type=oneshot" in unit:
            assert process.wait() == 0, Path(output).read_text()[-2000:]
        else:
            (RUN / f"{name}.pid").write_text(str(process.pid))
    for line in re.findall(r"(?m)^ExecStartPost=(.+)$", unit):
        after = subprocess.Popen(words_of(line, environment), stderr=subprocess.DEVNULL)
        while after.poll() is None and process.poll() is None:
            time.sleep(0.05)
        if process.poll() is not None:
            after.kill()
        assert after.wait() == 0, Path(output).read_text()[-2000:]


def words_of(line: str, environment: dict[str, str]) -> list[str]:
    """Split a line as systemd does, with its variables."""
    return [re.sub(r"\$\{(\w+)\}", lambda found: environment[found[1]], word) for word in shlex.split(line)]


def stop(name: str) -> None:
    """End a service in order, and wait until it has."""
    file = RUN / f"{name}.pid"
    if not file.exists():
        return
    pid = int(file.read_text())
    file.unlink()
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    while is_running(pid):
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether a process is there and not over."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def reload_nginx() -> int:
    """Start nginx, or let it read its configuration again."""
    nginx = HOME / "stand-ins/nginx"
    pid = HOME / "nginx.pid"
    # Checking its configuration leaves an empty one behind.
    is_there = pid.exists() and bool(pid.read_text())
    return subprocess.run([nginx, *(("-s", "reload") if is_there else ())], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
