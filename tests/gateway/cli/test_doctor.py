"""`doctor`: every control is named, and each missing one is found with what to do about it (promise P3)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.cli.controls import CHECKS, Control, Severity, check_controls, checking, secrets
from gateway.kit.secrets.key_ring import RESTORE, new_key_ring, read_key_ring, write_key_ring
from gateway.kit.settings import Settings
from gateway.store.engine.probes import Findings
from tests.gateway.cli.conftest import Cli
from tests.gateway.cli.test_database import run
from tests.world import NOW

FACTORS = """INSERT INTO one_time_password (person_id, sealed, last_step, created_at)
SELECT person_id, x'00', 0, 0 FROM person"""
"""Give everybody a second factor."""


def failed(found: list[Control]) -> dict[str, Control]:
    return {each.id: each for each in found if not each.ok}


def check(settings: Settings, now: int = NOW) -> list[Control]:
    return asyncio.run(check_controls(settings, lambda: now))


@pytest.fixture
def settings(cli: Cli) -> Settings:
    """Settings of the command line's installation."""
    return Settings()


def test_a_sound_installation_has_every_control(cli: Cli) -> None:
    # The world's ring is one of an earlier version.
    sound(cli)
    shown = cli("doctor")
    names = [line[2:].split("  ")[0].strip() for line in shown.splitlines() if line.startswith("✓")]
    assert names == [check.name for check in CHECKS]
    assert f"{len(CHECKS)} controls, 0 missing, 0 to look at (development)" in shown


def sound(cli: Cli) -> None:
    """Give the installation a master key whose name has a fingerprint, and its administrators a second factor."""
    cli("keys", "rotate", "--master", "--rewrap")
    asyncio.run(run(Settings().database, FACTORS))


def test_json_tells_the_same_under_stable_ids(cli: Cli) -> None:
    found = cli.json("doctor")
    assert (found["ok"], found["missing"], found["advised"]) == (True, 0, 2)
    assert [each["id"] for each in found["controls"]] == [check.id for check in CHECKS]
    assert {each["severity"] for each in found["controls"]} == set(Severity)
    old, factors = [each for each in found["controls"] if not each["ok"]]
    assert "missing for 6: per_" in factors["detail"]
    assert "(school_admin of lakeside)" in factors["detail"]
    assert (old["id"], old["name"]) == ("master_key_name", "master key's name")
    assert "keys rotate --master" in old["remedy"]


def test_what_is_only_advised_is_status_1_where_somebody_wants_it(cli: Cli) -> None:
    shown = cli("doctor")
    assert [line[2:19].strip() for line in shown.splitlines() if line.startswith("!")] == [
        "master key's name",
        "second factors",
    ]
    cli("doctor", "--strict", status=1)
    sound(cli)
    cli("doctor", "--strict")


def test_every_control_is_described_in_the_docs(empty: Cli) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "doctor.md").read_text()
    command = "python3 dev run consent-gateway doctor --markdown > docs/doctor.md"
    assert empty("doctor", "--markdown") == page, f"run: {command}"


def test_the_key_ring_is_readable_by_its_owner_only(cli: Cli) -> None:
    cli.ring.chmod(0o640)
    cli("doctor", status=1)
    assert f"chmod 600 {cli.ring}" in cli.said
    assert "1 missing" in cli.said


def test_a_missing_key_ring_does_not_hide_the_other_controls(cli: Cli) -> None:
    cli.ring.unlink()
    found = cli.json("doctor", status=1)
    assert [each["id"] for each in found["controls"] if not each["ok"]] == ["key_ring"]
    assert "schema" in [each["id"] for each in found["controls"]]


def test_the_data_folder_is_closed_to_the_world(cli: Cli, settings: Settings) -> None:
    cli.folder.chmod(0o755)
    assert "o-rwx" in failed(check(settings))["data_folder"].remedy


def test_production_wants_https_mail_and_a_contact(
    cli: Cli, environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(environment="production")
    assert missing(check(Settings())) == ["issuer", "mail", "contact"]
    environment(issuer="https://localhost:9", smtp_url="smtp://127.0.0.1:9", contact="privacy@example.org")
    found = check(Settings())
    assert missing(found) == []
    # A gateway starts though its mail server is down for a while: letters wait.
    assert list(failed(found)) == ["master_key_name", "mail_server", "second_factors"]


def missing(found: list[Control]) -> list[str]:
    return [each.id for each in found if each.is_missing]


def test_an_unreachable_database_is_found(cli: Cli, environment: Callable[..., None]) -> None:
    environment(database_url="postgresql://nobody@127.0.0.1:9/nothing")
    assert missing(check(Settings())) == ["database"]


def test_an_empty_database_is_found(empty: Cli) -> None:
    empty("keys", "create")
    found = failed(check(Settings()))
    assert list(found) == ["schema"]
    assert "consent-gateway migrate" in found["schema"].remedy


def test_a_folder_that_is_not_there_yet_is_no_fault(empty: Cli, environment: Callable[..., None]) -> None:
    environment(key_ring=empty.folder.parent / "ring.json")
    write_key_ring(empty.folder.parent / "ring.json", new_key_ring())
    assert missing(check(Settings())) == ["database"]


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
    assert "consent_event" in found["append_only_guards"].detail


def test_settings_that_lose_commits_are_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Findings("0001", "0001", durability=("fsync is off, not on",))
    find(monkeypatch, looked)
    assert failed(check(settings))["durable_commits"].detail == "fsync is off, not on"


def find(monkeypatch: pytest.MonkeyPatch, findings: Findings) -> None:
    async def look_at(url: str) -> Findings:
        return findings

    monkeypatch.setattr(checking, "look_at", look_at)


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
    assert list(failed(check(settings))) == ["master_key_name", "second_factors"]


def test_a_missing_signing_key_is_found(settings: Settings) -> None:
    statements = ("DELETE FROM signing_key", "UPDATE registry_version SET version = version + 1")
    asyncio.run(run(settings.database, *statements))
    found = failed(check(settings))
    assert found["signing_keys"].detail == "there is none for ES256, there is none for RS256"
    assert "keys rotate --signing" in found["signing_keys"].remedy


def test_a_key_ring_of_another_installation_is_found_and_never_made_anew(
    cli: Cli, settings: Settings
) -> None:
    """New signing keys under the wrong ring made the doctor content, and then nobody got in."""
    foreign = new_key_ring()
    masters = {"m1": foreign.masters[foreign.current]}
    write_key_ring(cli.ring, replace(foreign, current="m1", masters=masters))
    found = failed(check(settings))
    assert set(found) == {
        "master_key_name",
        "signing_keys",
        "person_keys",
        "login_index",
        "second_factors",
    }
    for name in ("signing_keys", "person_keys", "login_index"):
        assert found[name].remedy == RESTORE
    assert found["signing_keys"].detail.startswith("the key ring does not open the one for ES256")
    for command in (("keys", "rotate", "--signing"), ("keys", "rotate", "--master", "--rewrap"), ("serve",)):
        cli(*command, status=1)
        assert "people's keys, log-in index, signing keys. Restore the key ring" in cli.said
    cli.ring.unlink()
    cli("keys", "create", status=1)
    assert "the database holds what another key ring has sealed. Restore the key ring" in cli.said


def test_a_ring_whose_keys_have_fingerprints_is_told_by_its_names(cli: Cli, settings: Settings) -> None:
    sound(cli)
    right = read_key_ring(cli.ring)
    foreign = new_key_ring()
    write_key_ring(cli.ring, replace(right, current=foreign.current, masters=foreign.masters))
    assert failed(check(settings))["master_keys"].detail == f"the ring lacks {right.current}"


def test_a_machine_without_the_cipher_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: Any) -> bytes:
        raise UnsupportedAlgorithm("AES-GCM-SIV is not supported by this version of OpenSSL")

    monkeypatch.setattr(secrets, "seal", unsupported)
    assert "OpenSSL 3.2" in failed(check(settings))["sealing"].remedy


def test_each_database_is_looked_at(both_cli: Cli) -> None:
    found = both_cli.json("doctor", status=0 if "sqlite" in Settings().database else 1)
    # The tests' own PostgreSQL runs without fsync.
    wrong = [each["id"] for each in found["controls"] if not each["ok"]]
    durable = [] if "sqlite" in Settings().database else ["durable_commits"]
    assert wrong == ["master_key_name", *durable, "second_factors"]


def test_nothing_secret_is_printed(cli: Cli, tmp_path: Path) -> None:
    cli("doctor")
    content = cli.ring.read_text()
    assert not [word for word in content.split('"') if len(word) > 40 and word in cli.said]
