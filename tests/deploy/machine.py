"""A machine for the book: its folders lie below one of ours, its commands are typed into bash as they stand.

What belongs to a whole machine has a stand-in, which does as little as it can: `STAND_INS` says what each does. The
rest is real: the installer, the wrapper, every command of the gateway, nginx, curl, the units' own lines.
"""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = re.compile(r"(?<![\w./-])/(?=(?:etc|opt|var|srv|mnt|usr/local/sbin)/)")
"""Where a path of the machine begins."""

STAND_INS = {
    # Whoever runs the tests may do all that is done here. What is put into its place is made this machine's own.
    "sudo": """
"$@"
case "$1" in */install|install|cp) PYTHONPATH=@ROOT@ @PYTHON@ -m tests.deploy.machine @HOME@ ;; esac""",
    "runuser": """
while [ "$1" != -- ]; do shift; done
[ "$2" = @HOME@/opt/consent-gateway/current/.venv/bin/consent-gateway ]
shift 2
exec @PYTHON@ -I -S @ROOT@/tests/deploy/stand_in_command.py @HOME@/command "$@\"""",
    # There is no user consent-gateway here, so no file is given to one.
    "install": """
words=()
while [ $# -gt 0 ]; do case "$1" in -o|-g) shift 2;; *) words+=("$1"); shift;; esac; done
exec /usr/bin/install "${words[@]}\"""",
    # Nothing is fetched: packages are here, and the checkout is this one.
    "apt-get": "exit 0",
    "git": '[ "$1" = clone ]; mkdir -p "$(dirname "$3")"; ln -s @ROOT@ "$3"',
    "python3": 'if [ "$1" = dev ]; then [ "$*" = "dev setup --server" ]; else exec @PYTHON@ "$@"; fi',
    # The certificate is one of the test's own authority.
    "certbot": """
[ "$1" = renew ] && exit 0
mkdir -p @HOME@/etc/letsencrypt/live/$4
cp @HOME@/server.pem @HOME@/etc/letsencrypt/live/$4/fullchain.pem
cp @HOME@/server.key @HOME@/etc/letsencrypt/live/$4/privkey.pem""",
    "nginx": 'exec @NGINX@ -p @HOME@ -e @HOME@/nginx-error.log -c @HOME@/etc/nginx/nginx.conf "$@"',
    "systemctl": 'exec @PYTHON@ @ROOT@/tests/deploy/stand_in_systemctl.py @HOME@ "$@"',
}


def said_here(text: str, home: Path, names: Mapping[str, str]) -> str:
    """Say a text of the book, or of an installed file, with the names and places of this machine."""
    for theirs, ours in names.items():
        # What speaks of this machine already is left alone: a port here may begin with the digits of one there.
        text = re.sub(rf"{re.escape(theirs)}(?!\d)", ours, text)
    return PLACES.sub(f"{home}/", text)


def adapt(home: Path) -> None:
    """Let what was installed speak of this machine; what does so already has nothing left to change."""
    names = json.loads((home / "names.json").read_text())
    for folder in ("etc", "usr"):
        for file in (home / folder).rglob("*"):
            if file.suffix != ".pem" and file.is_file() and not file.is_symlink():
                text = file.read_text()
                if (adapted := said_here(text, home, names)) != text:
                    file.write_text(adapted)


class Machine:
    """One machine."""

    def __init__(self, home: Path, nginx: str, names: dict[str, str]) -> None:
        """Make an empty one.

        Args:
            names: what stands for names and ports of the book on this machine, the longest first.
        """
        self.home, self._names = home, names
        self.said = ""
        self._folder = ROOT
        place = {"@ROOT@": str(ROOT), "@PYTHON@": sys.executable, "@HOME@": str(home), "@NGINX@": nginx}
        (home / "stand-ins").mkdir()
        (home / "names.json").write_text(json.dumps(names))
        for name, text in STAND_INS.items():
            for ours, here in place.items():
                text = text.replace(ours, here)
            file = home / "stand-ins" / name
            file.write_text(f"#!/bin/bash\nset -e\n{text.strip()}\n")
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
        command = [sys.executable, str(ROOT / "tests/deploy/stand_in_command.py"), str(home / "command")]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._command = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=ROOT)
        assert self._command.stdout is not None
        if self._command.stdout.readline() != b"ready\n":
            self.close()
            raise AssertionError("the gateway's command does not start: standard error says why")

    def type(self, block: str) -> str:
        """Type commands into bash; one that fails fails the test. Questions are answered with yes."""
        typed = said_here(block, self.home, self._names)
        script = f"set -euo pipefail\ncd {self._folder}\n{typed}\npwd > {self.home}/folder\n"
        environment = {
            **os.environ,
            "PATH": f"{self.home}/stand-ins:{self.home}/usr/local/sbin:{os.environ['PATH']}",
            "DESTDIR": str(self.home),
            "CURL_CA_BUNDLE": str(self.home / "ca.pem"),
            "SSL_CERT_FILE": str(self.home / "ca.pem"),
            "name": self._names["gateway.lakeside.example.org"],
        }
        done = subprocess.run(
            ["bash", "-c", script], env=environment, capture_output=True, text=True, input="y\n" * 9
        )
        self.said = done.stdout + done.stderr
        assert done.returncode == 0, f"{block}\n{self.said}{self.logs() if done.returncode else ''}"
        self._folder = Path((self.home / "folder").read_text().strip())
        return self.said

    def logs(self) -> str:
        """Read what the services said."""
        return "".join(each.read_text()[-3000:] for each in (self.home / "var/log").rglob("*.log"))

    def close(self) -> None:
        """Stop what runs."""
        self._command.terminate()
        self._command.communicate()
        for file in (self.home / "run").glob("*.pid"):
            subprocess.run([self.home / "stand-ins" / "systemctl", "stop", file.stem], check=False)
        pid = self.home / "nginx.pid"
        if pid.exists() and pid.read_text():
            subprocess.run([self.home / "stand-ins" / "nginx", "-s", "stop"], check=False)


def chapters(folder: Path) -> dict[tuple[str, str], str]:
    """Read the book: (chapter, heading) → what is typed there, in the order of its table of contents."""
    contents = re.findall(r"(?m)^\d+\. \[[^]]+\]\(([\w-]+\.md)\)", (folder / "README.md").read_text())
    found: dict[tuple[str, str], str] = {}
    for chapter in contents:
        for section in re.split(r"(?m)^## ", (folder / chapter).read_text())[1:]:
            blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", section)
            if blocks:
                found[chapter.removesuffix(".md"), section.partition("\n")[0]] = "\n".join(blocks)
    return found


if __name__ == "__main__":
    adapt(Path(sys.argv[1]))
