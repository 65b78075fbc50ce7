"""Each control of the doctor fails where it should, with a remedy, and its neighbours do not hide it."""

import asyncio
import errno
import json
import os
import re
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.accounts.passwords import Passwords
from gateway.cli.controls import CHECKS, Control, check_controls, checking, log, network, secrets
from gateway.cli.controls.control import Check, Finding, Needs, Severity
from gateway.kit.clock import DAY
from gateway.kit.secrets.key_ring import (
    KeyRing,
    change_key_ring,
    fingerprint_of,
    new_key_ring,
    write_key_ring,
)
from gateway.kit.settings import Settings
from gateway.model.nodes import SILENCE, Node, Work
from gateway.store.engine import probes
from gateway.store.engine.probes import Findings
from gateway.store.engine.schema import schema_differences
from gateway.store.operation.nodes import report_nodes
from tests.certificates import Issued, issue
from tests.gateway.cli.conftest import Cli
from tests.gateway.cli.partners.test_partners import all_read
from tests.gateway.cli.test_database import run
from tests.gateway.cli.test_doctor import FACTORS
from tests.ports import free_port
from tests.world import NOW, fixed_ring

OUTSIDE = {
    "issuer": "https://localhost:9",
    "smtp_url": "smtp://127.0.0.1:9",
    "contact": "privacy@example.org",
}


@dataclass
class Installation:
    """What a control is spoiled in."""

    cli: Cli
    set: Callable[..., None]
    patch: pytest.MonkeyPatch

    def sql(self, *statements: str) -> None:
        asyncio.run(run(Settings().database, *statements))

    def node(self, node: Node) -> None:
        asyncio.run(_report(Settings().database, node))

    def finding(self, **changes: Any) -> None:
        """Let the database look otherwise than it is."""
        look = vars(checking)["look_at"]

        async def look_at(url: str) -> Findings:
            return replace(await look(url), **changes)

        self.patch.setattr(checking, "look_at", look_at)


async def _report(url: str, node: Node) -> None:
    from gateway.store.engine.backend import open_backend

    backend = open_backend(url)
    try:
        await backend.write(lambda connection: report_nodes(connection, [node]))
    finally:
        await backend.close()


RUNNING = Node("req_1", "one, process 1", NOW - 9000, NOW, "m1", frozenset({"m1"}), dict.fromkeys(Work, NOW))


def no_ring(at: Installation) -> None:
    at.cli.ring.unlink()


def open_ring(at: Installation) -> None:
    at.cli.ring.chmod(0o644)


def nothing(_: Installation) -> None:
    """The world's ring is one of an earlier version, and its administrators have no second factor."""


def open_folder(at: Installation) -> None:
    at.cli.folder.chmod(0o755)


def full_disk(at: Installation) -> None:
    at.patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1 << 29))


def in_production(at: Installation) -> None:
    at.set(environment="production")


def silent_mail_server(at: Installation) -> None:
    at.set(smtp_url="smtp://127.0.0.1:9")


def ending_certificate(at: Installation) -> None:
    async def soon(*_: object) -> int:
        return NOW + 13 * DAY

    at.patch.setattr(network, "_end_of_certificate", soon)
    at.set(issuer="https://localhost:9")


def any_proxy(at: Installation) -> None:
    at.set(trusted_proxies="10.0.0.0/8, 0.0.0.0/0")


def any_network(at: Installation) -> None:
    at.set(outbound_networks="::/0")


def many_attempts(at: Installation) -> None:
    at.set(login_attempts=100, login_refill=1, address_attempts=10000)


def one_approval(at: Installation) -> None:
    at.set(environment="production", go_live_approvals=1)


def no_cipher(at: Installation) -> None:
    def unsupported(*_: object) -> bytes:
        raise UnsupportedAlgorithm("not supported")

    at.patch.setattr(secrets, "seal", unsupported)


def weak_hash(at: Installation) -> None:
    async def always(*_: object) -> bool:
        return True

    at.patch.setattr(Passwords, "is_right", always)


def no_database(at: Installation) -> None:
    at.set(database_url="postgresql://nobody@127.0.0.1:9/nothing")


def plain_database(at: Installation) -> None:
    async def look_at(_: str) -> Findings:
        return Findings("0001", "0002", is_encrypted=False)

    at.patch.setattr(checking, "look_at", look_at)
    at.set(environment="production", database_url="postgresql://gateway@db.example/gateway")


def other_tables(at: Installation) -> None:
    at.patch.setattr(probes, "schema_differences", schema_differences)
    at.sql("ALTER TABLE organisation ADD COLUMN notes TEXT")


def lost_commits(at: Installation) -> None:
    at.finding(durability=("fsync is off, not on",))


def no_guards(at: Installation) -> None:
    at.sql("DROP TRIGGER consent_event_no_delete")


def wrong_clock(at: Installation) -> None:
    at.finding(clock=NOW - 300)


def no_signing_key(at: Installation) -> None:
    at.sql("DELETE FROM signing_key", "UPDATE registry_version SET version = version + 1")


def foreign_log_key(at: Installation) -> None:
    at.cli("log", "sequence")
    statement = "UPDATE signing_key SET private_sealed = x'00' WHERE alg = 'Ed25519-log'"
    at.sql(statement, "UPDATE registry_version SET version = version + 1")


def no_relay(at: Installation) -> None:
    manifest = (Path(__file__).resolve().parents[3] / "deploy" / "partners.d" / "tutorloop.toml").resolve()
    at.set(relay_domain="relay.example.org")
    at.cli("partner", "submit", str(manifest), "--files-dir", str(manifest.parent))
    at.cli("partner", "review", "tutorloop")
    at.cli("partner", "approve", "tutorloop", "--manifest", "1", *all_read(at.cli, "tutorloop"))
    at.patch.delenv("CONSENT_GATEWAY_RELAY_DOMAIN")


def lacking_master(at: Installation) -> None:
    ring = fixed_ring()
    fresh = new_key_ring()
    write_key_ring(at.cli.ring, replace(ring, current=fresh.current, masters=fresh.masters))


def damaged_keys(at: Installation) -> None:
    at.sql("UPDATE person_key SET wrapped = x'00'")


def other_index(at: Installation) -> None:
    write_key_ring(at.cli.ring, replace(fixed_ring(), index=new_key_ring().index))


def damaged_letters(at: Installation) -> None:
    at.sql(_letter("let_1", "waiting", NOW, "x'00'"))


def _letter(name: str, state: str, at: int, sealed: str = "NULL") -> str:
    return (
        "INSERT INTO letter (letter_id, kind, sealed, state, attempts, created_at, next_at) "
        f"VALUES ('{name}', 'receipt', {sealed}, '{state}', 0, {at}, {at})"
    )


def gateway_behind(at: Installation) -> None:
    change_key_ring(at.cli.ring, KeyRing.with_next)
    at.node(RUNNING)


def nobody_mails(at: Installation) -> None:
    at.node(replace(RUNNING, last_done={work: NOW for work in Work if work is not Work.MAIL}))


def unsigned(at: Installation) -> None:
    at.patch.setattr(log, "PAUSE", 0)
    at.node(RUNNING)


def old_letter(at: Installation) -> None:
    at.sql(_letter("let_1", "waiting", NOW - 3601))


def alone(at: Installation) -> None:
    at.sql("UPDATE person SET state = 'closed' WHERE role IN ('platform_admin', 'privacy_officer')")
    at.sql("UPDATE person SET state = 'closed' WHERE role = 'partner_manager'")


def other_name(at: Installation) -> None:
    at.cli("log", "sequence")
    at.set(issuer="https://localhost:9")


def forked(at: Installation) -> None:
    at.cli("log", "sequence")
    at.cli("log", "show")
    at.sql("UPDATE log_tile SET hashes = zeroblob(length(hashes))")
    at.cli("log", "sequence", status=1)


def broken_glass(at: Installation) -> None:
    at.sql(
        "INSERT INTO admin_action (action_id, actor_id, action, target_kind, target_id, reason, detail, at) "
        f"VALUES ('act_1', 'cli:alice', 'break_glass', 'waiting', 'act_0', NULL, '', {NOW})"
    )


def let_off(at: Installation) -> None:
    at.sql(
        "UPDATE client SET neither_reason = 'old', content = replace(content, 'http:', 'https:')",
        "UPDATE registry_version SET version = version + 1",
    )


SPOILED: dict[str, Callable[[Installation], None]] = {
    "key_ring": no_ring,
    "key_ring_mode": open_ring,
    "master_key_name": nothing,
    "data_folder": open_folder,
    "free_space": full_disk,
    "issuer": in_production,
    "mail": in_production,
    "mail_server": silent_mail_server,
    "contact": in_production,
    "certificate": ending_certificate,
    "trusted_proxies": any_proxy,
    "outbound_networks": any_network,
    "login_attempts": many_attempts,
    "go_live_approvals": one_approval,
    "sealing": no_cipher,
    "password_hash": weak_hash,
    "database": no_database,
    "database_tls": plain_database,
    "schema": other_tables,
    "durable_commits": lost_commits,
    "append_only_guards": no_guards,
    "clock": wrong_clock,
    "signing_keys": no_signing_key,
    "log_key": foreign_log_key,
    "private_addresses": no_relay,
    "master_keys": lacking_master,
    "person_keys": damaged_keys,
    "login_index": other_index,
    "letters": damaged_letters,
    "gateways": gateway_behind,
    "background_work": nobody_mails,
    "last_checkpoint": unsigned,
    "outbox": old_letter,
    "log_name": other_name,
    "log_growth": forked,
    "approvers": alone,
    "two_people": broken_glass,
    "pkce": let_off,
    "second_factors": nothing,
}
"""How each control is made to fail."""

CANNOT_FAIL = {"documentation"}


@pytest.fixture
def installation(cli: Cli, environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Installation:
    for name in (
        "TRUSTED_PROXIES",
        "OUTBOUND_NETWORKS",
        "LOGIN_ATTEMPTS",
        "LOGIN_REFILL",
        "ADDRESS_ATTEMPTS",
        "GO_LIVE_APPROVALS",
    ):
        monkeypatch.delenv(f"CONSENT_GATEWAY_{name}", raising=False)
    # Comparing every table takes longer than all other controls together.
    monkeypatch.setattr(probes, "schema_differences", as_expected)
    return Installation(cli, environment, monkeypatch)


async def as_expected(_: object) -> list[object]:
    return []


def controls(now: int = NOW) -> dict[str, Control]:
    return {each.id: each for each in asyncio.run(check_controls(Settings(), lambda: now))}


def test_the_table_is_whole() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == [*dict.fromkeys(ids)]
    assert set(SPOILED) | CANNOT_FAIL == set(ids)
    assert len({check.name for check in CHECKS}) == len(ids)


def test_a_sound_installation_passes_every_control(installation: Installation) -> None:
    installation.patch.setattr(probes, "schema_differences", schema_differences)
    key = fixed_ring().masters["m1"]
    name = f"m1-{fingerprint_of(key)}"
    write_key_ring(installation.cli.ring, replace(fixed_ring(), current=name, masters={name: key}))
    installation.sql(f"UPDATE person_key SET master = '{name}'", FACTORS)
    found = controls()
    assert list(found) == [check.id for check in CHECKS]
    assert [each for each in found.values() if not each.ok] == []
    assert {each.remedy for each in found.values()} == {""}


@pytest.mark.parametrize("name", SPOILED)
def test_each_control_is_found_missing_with_what_to_do(installation: Installation, name: str) -> None:
    SPOILED[name](installation)
    found = controls()
    assert not found[name].ok
    assert found[name].remedy
    assert found[name].detail
    # Sentences for whoever reads them at night.
    assert found[name].remedy.endswith(".") or found[name].remedy.startswith("chmod ")


def test_the_wide_and_the_narrow_networks(installation: Installation) -> None:
    """Private networks are the operator's own, however wide; of the public ones, what one company has."""
    good = "10.0.0.0/8, 127.0.0.0/8, 192.168.0.0/16, fd00::/8, ::1, 203.0.113.0/24, 2001:db8::/48"
    installation.set(trusted_proxies=good, outbound_networks=good)
    found = controls()
    assert found["trusted_proxies"].ok
    assert found["outbound_networks"].ok
    for wide in ("0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/8", "2000::/3"):
        installation.set(trusted_proxies=wide, outbound_networks=wide)
        found = controls()
        assert wide in found["trusted_proxies"].detail
        assert wide in found["outbound_networks"].detail
    # Where machines in a cloud learn their secrets, however narrow.
    installation.set(outbound_networks="169.254.169.254/32", trusted_proxies="")
    assert not controls()["outbound_networks"].ok


def test_background_work_that_stands_still_is_found(installation: Installation) -> None:
    """Also where it has never been done; a gateway that was killed does nothing any more."""
    installation.node(replace(RUNNING, last_done={**RUNNING.last_done, Work.SEQUENCER: NOW - 121}))
    assert "sequencer has stood still for 121 s" in controls()["background_work"].detail
    installation.node(replace(RUNNING, last_done={**RUNNING.last_done, Work.UPKEEP: None}))
    assert "upkeep has stood still for 9000 s" in controls()["background_work"].detail
    installation.node(replace(RUNNING, node_id="req_2", started_at=NOW - 5))
    assert controls()["background_work"].ok
    assert controls(NOW + SILENCE)["background_work"].detail == "no gateway is running now"


def test_a_log_that_is_signed_in_time_or_waits_for_a_gateway_is_sound(installation: Installation) -> None:
    assert "no gateway is running now" in controls()["last_checkpoint"].detail
    installation.node(RUNNING)
    installation.cli("log", "sequence")
    assert controls()["last_checkpoint"].ok
    assert controls(NOW + 10**6)["last_checkpoint"].ok


def test_given_up_letters_are_told_for_a_week(installation: Installation) -> None:
    installation.sql(_letter("let_1", "dead", NOW - 7 * DAY - 1))
    assert controls()["outbox"].ok
    installation.sql(_letter("let_2", "dead", NOW - 7 * DAY))
    assert "1 given up this week" in controls()["outbox"].detail


def test_a_database_on_another_machine_is_asked_whether_it_is_encrypted(installation: Installation) -> None:
    installation.set(environment="production", database_url="postgresql://gateway@db.example/gateway")
    for is_encrypted, ok in ((True, True), (None, True), (False, False)):

        async def look_at(_: str, found: bool | None = is_encrypted) -> Findings:
            return Findings("0001", "0002", is_encrypted=found)

        installation.patch.setattr(checking, "look_at", look_at)
        assert controls()["database_tls"].ok is ok


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a port; every connection gets one answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            held = []
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    break
                held.append(connection)
                answer(connection)
            for each in held:
                each.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            with socket.socket() as last:
                last.connect_ex(server.getsockname())
            thread.join()


def greet(connection: socket.socket) -> None:
    """Talk as a mail server does (RFC 5321 §4.2)."""
    try:
        connection.sendall(b"220 mail.example ESMTP\r\n")
        for line in connection.makefile("rb"):
            connection.sendall(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 fine\r\n")
    except OSError:
        pass


def test_a_mail_server_that_answers_is_sound(installation: Installation) -> None:
    with listening(greet) as port:
        installation.set(smtp_url=f"smtp://127.0.0.1:{port}")
        assert controls()["mail_server"].detail == f"127.0.0.1:{port} answers"


def test_a_mail_server_that_hangs_does_not_hang_the_doctor(installation: Installation) -> None:
    installation.patch.setattr(network, "PATIENCE", 0.2)
    with listening(lambda connection: None) as port:
        installation.set(smtp_url=f"smtp://127.0.0.1:{port}")
        found = controls()
    assert "does not answer as a mail server" in found["mail_server"].detail
    assert found["schema"].ok


def test_a_control_that_hangs_or_breaks_is_missing_and_hides_no_other(installation: Installation) -> None:
    async def hang(_: object) -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    def break_down(_: object) -> Finding:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    checks = [
        Check("hangs", "hangs", "", Severity.REQUIRED, Needs.NOTHING, hang),
        Check("breaks", "breaks", "", Severity.REQUIRED, Needs.NOTHING, break_down),
        CHECKS[0],
    ]
    installation.patch.setattr(checking, "CHECKS", checks)
    installation.patch.setattr(checking, "PATIENCE", 1)
    found = controls()
    assert "no answer within 1 s" in found["hangs"].detail
    assert "No space left on device" in found["breaks"].detail
    assert found["key_ring"].ok


def test_a_database_that_hangs_is_missing(installation: Installation) -> None:
    installation.patch.setattr(checking, "PATIENCE", 1)
    with listening(lambda connection: None) as port:
        installation.set(database_url=f"postgresql://nobody@127.0.0.1:{port}/nothing")
        assert "has not answered for 1 s" in controls()["database"].detail


@contextmanager
def https(folder: Path, authority: Issued) -> Iterator[str]:
    """Serve TLS with a certificate that an authority has issued."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own = issue("CN=localhost", time.time(), authority, names=(x509.DNSName("localhost"),))
    context.load_cert_chain(*map(str, own.write(folder, "own")))

    def answer(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection.dup(), server_side=True) as wrapped:
                wrapped.recv(1)
        except OSError:
            pass

    with listening(answer) as port:
        yield f"https://localhost:{port}"


def test_our_certificate_is_looked_at_as_browsers_do(installation: Installation) -> None:
    """One of an authority that the machine knows is good; the same one is refused where nobody knows it."""
    folder, authority = installation.cli.folder, issue("CN=Authority", time.time(), is_authority=True)
    with https(folder, authority) as address:
        installation.set(issuer=address)
        assert "browsers refuse localhost" in controls()["certificate"].detail
        (folder / "known.pem").write_text(authority.pem)
        installation.patch.setenv("SSL_CERT_FILE", str(folder / "known.pem"))
        found = controls(int(time.time()))["certificate"]
        assert found.ok, found.detail
        assert re.search(r"\b(29|30) days", found.detail), found.detail


def test_nobody_at_the_public_address_is_no_fault_before_the_gateway_serves(
    installation: Installation,
) -> None:
    installation.set(issuer=f"https://localhost:{free_port()}")
    found = controls()["certificate"]
    assert (found.ok, found.detail.endswith("yet")) == (True, True)


def test_programs_read_the_same(installation: Installation) -> None:
    installation.cli.ring.chmod(0o644)
    found = json.loads(installation.cli("doctor", "--json", status=1))
    [wrong] = [each for each in found["controls"] if each["id"] == "key_ring_mode"]
    assert wrong == {
        "id": "key_ring_mode",
        "name": "key ring's mode",
        "severity": "required",
        "ok": False,
        "detail": "0644",
        "remedy": f"chmod 600 {installation.cli.ring}",
    }
