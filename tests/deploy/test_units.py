"""deploy/machine as it is installed: units that systemd takes and that give away little, users, rotated files."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.proxies import MACHINE, ROOT, program

SERVICES = sorted(path.name for path in (MACHINE / "systemd").glob("*.service"))
TIMERS = sorted(path.name for path in (MACHINE / "systemd").glob("*.timer"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `deploy/machine/install` puts into its places, below a folder."""
    root = tmp_path_factory.mktemp("machine")
    install(root)
    return root


def install(root: Path) -> str:
    """Install below a folder, as somebody does who makes a package."""
    environment = {**os.environ, "DESTDIR": str(root)}
    done = subprocess.run([MACHINE / "install"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_lies_where_a_debian_has_such_things(installed: Path) -> None:
    assert "installed" in install(installed), "it can be run again"
    assert (installed / "opt/consent-gateway/current").resolve() == ROOT
    modes = {
        "etc/consent-gateway/keys": 0o700,
        "etc/consent-gateway/secrets.toml": 0o640,
        "var/lib/consent-gateway": 0o700,
        "var/backups/consent-gateway": 0o700,
        "var/log/consent-gateway": 0o750,
        "usr/local/sbin/consent-gateway": 0o755,
        "etc/logrotate.d/consent-gateway": 0o644,
    }
    assert {name: (installed / name).stat().st_mode & 0o777 for name in modes} == modes


def test_settings_that_are_there_stay(tmp_path: Path) -> None:
    """An upgrade brings new units, and takes no setting back."""
    install(tmp_path)
    own = tmp_path / "etc/consent-gateway/gateway.env"
    own.write_text("CONSENT_GATEWAY_ISSUER=https://mine.example\n")
    unit = tmp_path / "etc/systemd/system/consent-gateway.service"
    unit.write_text("")
    install(tmp_path)
    assert own.read_text() == "CONSENT_GATEWAY_ISSUER=https://mine.example\n"
    assert unit.read_text() == (MACHINE / "systemd/consent-gateway.service").read_text()


def test_without_an_environment_it_says_what_comes_first(tmp_path: Path) -> None:
    shutil.copytree(MACHINE, tmp_path / "deploy/machine")
    done = subprocess.run([tmp_path / "deploy/machine/install"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "run 'python3 dev setup --server' there first" in done.stderr


def test_systemd_takes_every_unit_without_a_word(installed: Path, tmp_path: Path) -> None:
    """An unknown key is only a warning, so nothing at all may be said."""
    analyze = program("systemd-analyze")
    folder = tmp_path / "units"
    shutil.copytree(installed / "etc/systemd/system", folder)
    for unit in folder.rglob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/consent-gateway/current", str(ROOT)))
    units = [str(folder / name) for name in (*SERVICES, *TIMERS)]
    done = subprocess.run([analyze, "verify", "--man=no", *units], capture_output=True, text=True)
    # What this machine's own units lack is not ours.
    said = [line for line in done.stderr.splitlines() if "consent-gateway" in line]
    assert said == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_gives_away_little(installed: Path, name: str) -> None:
    """systemd's own measure, from 0 (nothing) to 10: at most 2, the network and its own files."""
    words = ["security", "--offline=yes", f"--root={installed}", "--threshold=20", name]
    done = subprocess.run([program("systemd-analyze"), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_every_timer_has_its_service_and_a_time_that_systemd_reads() -> None:
    assert {name.replace(".timer", ".service") for name in TIMERS} <= set(SERVICES)
    for name in TIMERS:
        [when] = re.findall(r"(?m)^OnCalendar=(.+)$", (MACHINE / "systemd" / name).read_text())
        done = subprocess.run([program("systemd-analyze"), "calendar", when], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="a file of users below another root is written by root only")
def test_the_user_can_be_made(installed: Path) -> None:
    made = subprocess.run(
        [program("systemd-sysusers"), f"--root={installed}"], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    assert ":/var/lib/consent-gateway:" in (installed / "etc/passwd").read_text()


def test_log_files_are_rotated_under_whoever_writes(installed: Path, tmp_path: Path) -> None:
    """The file goes on, empty, for a writer that appends; what it held is beside it."""
    folder = installed / "var/log/consent-gateway"
    config = tmp_path / "logrotate.conf"
    config.write_text(
        (installed / "etc/logrotate.d/consent-gateway")
        .read_text()
        .replace("/var/log/consent-gateway", str(folder))
    )
    config.chmod(0o644)
    file = folder / "gateway.log"
    with file.open("a") as written:
        print('{"event": "before"}', file=written, flush=True)
        command = [program("logrotate"), "--force", "--state", str(tmp_path / "state"), str(config)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        print('{"event": "after"}', file=written, flush=True)
    assert "before" in (folder / "gateway.log.1").read_text()
    assert file.read_text() == '{"event": "after"}\n'
