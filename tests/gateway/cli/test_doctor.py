"""`doctor`: every control is named, and each missing one is found with what to do about it (promise P3)."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.cli import controls
from gateway.cli.controls import Control, check_controls
from gateway.kit.key_ring import new_key_ring, write_key_ring
from gateway.kit.settings import Settings
from gateway.store.probes import Findings
from tests.gateway.cli.conftest import Cli
from tests.gateway.cli.test_database import run
from tests.world import NOW, fixed_ring

ALL = [
    "key ring",
    "key ring's mode",
    "data folder",
    "issuer",
    "mail",
    "contact",
    "documentation",
    "sealing at rest",
    "password hash",
    "database",
    "schema",
    "durable commits",
    "append-only guards",
    "clock",
    "signing keys",
    "private addresses",
    "master keys",
]


def failed(found: list[Control]) -> dict[str, Control]:
    return {each.name: each for each in found if not each.ok}


def check(settings: Settings, now: int = NOW) -> list[Control]:
    return asyncio.run(check_controls(settings, lambda: now))


@pytest.fixture
def settings(cli: Cli) -> Settings:
    """Settings of the command line's installation."""
    return Settings()


def test_a_sound_installation_has_every_control(cli: Cli) -> None:
    shown = cli("doctor")
    assert [line[2:].split("  ")[0].strip() for line in shown.splitlines() if line.startswith("✓")] == ALL
    assert "17 controls, 0 missing (development)" in shown


def test_json_tells_the_same(cli: Cli) -> None:
    found = cli.json("doctor")
    assert found["ok"] is True
    assert [each["name"] for each in found["controls"]] == ALL


def test_the_key_ring_is_readable_by_its_owner_only(cli: Cli) -> None:
    cli.ring.chmod(0o640)
    cli("doctor", status=1)
    assert f"chmod 600 {cli.ring}" in cli.said
    assert "1 missing" in cli.said


def test_a_missing_key_ring_does_not_hide_the_other_controls(cli: Cli) -> None:
    cli.ring.unlink()
    found = cli.json("doctor", status=1)
    assert [each["name"] for each in found["controls"] if not each["ok"]] == ["key ring"]
    assert "schema" in [each["name"] for each in found["controls"]]


def test_the_data_folder_is_closed_to_the_world(cli: Cli, settings: Settings) -> None:
    cli.folder.chmod(0o755)
    assert "o-rwx" in failed(check(settings))["data folder"].remedy


def test_production_wants_https_mail_and_a_contact(cli: Cli, environment: Callable[..., None]) -> None:
    environment(environment="production")
    assert list(failed(check(Settings()))) == ["issuer", "mail", "contact"]
    environment(
        issuer="https://gateway.example.org",
        smtp_url="smtp://mail.example.org:25",
        contact="privacy@example.org",
    )
    assert failed(check(Settings())) == {}


def test_an_unreachable_database_is_found(cli: Cli, environment: Callable[..., None]) -> None:
    environment(database_url="postgresql://nobody@127.0.0.1:9/nothing")
    assert list(failed(check(Settings()))) == ["database"]


def test_an_empty_database_is_found(empty: Cli) -> None:
    empty("keys", "create")
    found = failed(check(Settings()))
    assert list(found) == ["schema"]
    assert "consent-gateway migrate" in found["schema"].remedy


def test_a_folder_that_is_not_there_yet_is_no_fault(empty: Cli, environment: Callable[..., None]) -> None:
    environment(key_ring=empty.folder.parent / "ring.json")
    write_key_ring(empty.folder.parent / "ring.json", new_key_ring())
    assert list(failed(check(Settings()))) == ["database"]


def test_changed_tables_and_dropped_guards_are_found(settings: Settings) -> None:
    asyncio.run(
        run(
            settings.database,
            "ALTER TABLE organisation ADD COLUMN notes TEXT",
            "DROP TRIGGER consent_event_no_delete",
        )
    )
    found = failed(check(settings))
    assert "notes" in found["schema"].detail
    assert "by hand" in found["schema"].remedy
    assert "consent_event" in found["append-only guards"].detail


def test_settings_that_lose_commits_are_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Findings("0001", "0001", durability=("fsync is off, not on",))
    find(monkeypatch, looked)
    assert failed(check(settings))["durable commits"].detail == "fsync is off, not on"


def find(monkeypatch: pytest.MonkeyPatch, findings: Findings) -> None:
    async def look_at(url: str) -> Findings:
        return findings

    monkeypatch.setattr(controls, "look_at", look_at)


@pytest.mark.parametrize(
    ("now", "findings", "words"),
    [
        (0, Findings("1", "1"), "before this program was written"),
        (NOW, Findings("1", "1", newest_at=NOW + 121), "rows from the future"),
        (NOW, Findings("1", "1", clock=NOW - 300), "differs from the database's by 300 s"),
    ],
)
def test_a_wrong_clock_is_found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, now: int, findings: Findings, words: str
) -> None:
    find(monkeypatch, findings)
    assert words in failed(check(settings, now))["clock"].detail


def test_a_little_difference_of_clocks_is_no_fault(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(monkeypatch, Findings("1", "1", newest_at=NOW + 120, clock=NOW - 120))
    assert failed(check(settings)) == {}


def test_a_missing_signing_key_is_found(settings: Settings) -> None:
    statements = ("DELETE FROM signing_key", "UPDATE registry_version SET version = version + 1")
    asyncio.run(run(settings.database, *statements))
    found = failed(check(settings))
    assert found["signing keys"].detail == "there is none for ES256, there is none for RS256"
    assert "keys rotate --signing" in found["signing keys"].remedy


def test_a_key_ring_of_another_installation_is_found(cli: Cli, settings: Settings) -> None:
    foreign = new_key_ring()
    write_key_ring(
        cli.ring, type(foreign)("m7", {"m7": foreign.masters["m1"]}, *fixed_ring_without_masters())
    )
    found = failed(check(settings))
    assert found["master keys"].detail == "the ring lacks m1"
    write_key_ring(cli.ring, foreign)
    assert failed(check(settings))["signing keys"].detail.startswith(
        "the key ring does not open the one for ES256"
    )


def fixed_ring_without_masters() -> tuple[bytes, ...]:
    ring = fixed_ring()
    return ring.index, ring.pairwise, ring.transient, ring.successor, ring.signing


def test_a_machine_without_the_cipher_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: Any) -> bytes:
        raise UnsupportedAlgorithm("AES-GCM-SIV is not supported by this version of OpenSSL")

    monkeypatch.setattr(controls, "seal", unsupported)
    assert "OpenSSL 3.2" in failed(check(settings))["sealing at rest"].remedy


def test_each_database_is_looked_at(both_cli: Cli) -> None:
    found = both_cli.json("doctor", status=0 if "sqlite" in Settings().database else 1)
    # The tests' own PostgreSQL runs without fsync.
    missing = [each["name"] for each in found["controls"] if not each["ok"]]
    assert missing == ([] if "sqlite" in Settings().database else ["durable commits"])


def test_nothing_secret_is_printed(cli: Cli, tmp_path: Path) -> None:
    cli("doctor")
    content = cli.ring.read_text()
    assert not [word for word in content.split('"') if len(word) > 40 and word in cli.said]
