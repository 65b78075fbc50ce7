"""`grant` and `log`: administrators on the command line see names and ids, never a value, and can revoke."""

import asyncio

import pytest

from gateway.actions.administration import consents as admin_grants
from gateway.actions.ledger import search as admin_log
from gateway.kit.settings import Settings
from tests.gateway.cli.conftest import Cli
from tests.gateway.cli.test_database import run
from tests.world import PERSONAL_VALUES, World


@pytest.fixture
def shared(world: World, cli: Cli) -> str:
    """Asha shares her phone number with QuizCo, which reads twice; the access token."""
    token: str = world.tokens("phone_number.appointment_reminders")["access_token"]
    for _ in range(2):
        assert world.userinfo(token).status_code == 200
    return token


def grant_id(cli: Cli) -> str:
    [found] = cli.json("grant", "list", "--person", "asha@lakeside.example")
    return str(found["grant_id"])


def test_grants_are_found_by_every_condition(cli: Cli, shared: str) -> None:
    [found] = cli.json("grant", "list")
    assert (found["partner_id"], found["state"], found["handoffs"]) == ("quizco", "active", 2)
    for condition in (
        ("--person", "ASHA@lakeside.example"),
        ("--partner", "quizco"),
        ("--field", "phone_number"),
        ("--state", "active"),
    ):
        assert cli.json("grant", "list", *condition) == [found]
    for condition in (
        ("--person", "ben@lakeside.example"),
        ("--person", "nobody@x.example"),
        ("--partner", "campuspress"),
        ("--field", "email"),
        ("--state", "ended"),
    ):
        assert cli.json("grant", "list", *condition) == []
    assert found["grant_id"] in cli("grant", "list")


def test_a_long_list_says_that_there_is_more(
    cli: Cli, shared: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.tokens(email="aoife@northfield.example")
    for listing, module in (("grant list", admin_grants), ("log show", admin_log)):
        assert "there are older ones" not in cli(*listing.split())
        monkeypatch.setattr(module, "PAGE", 1)
        assert "there are older ones" in cli(*listing.split())


def test_a_grant_is_shown_without_values(cli: Cli, shared: str) -> None:
    shown = cli("grant", "show", grant_id(cli))
    assert "phone_number" in shown
    assert "given" in shown
    found = cli.json("grant", "show", grant_id(cli))
    assert [each["type"] for each in found["events"]] == ["given"]
    assert found["tokens"]
    assert shared not in cli.said
    for value in PERSONAL_VALUES:
        assert value not in shown
        assert value not in str(found)


def test_revoking_kills_the_tokens(cli: Cli, shared: str, world: World) -> None:
    found = grant_id(cli)
    cli("grant", "revoke", found, "--reason", "phone_request")
    assert world.userinfo(shared).status_code == 401
    seen = cli.json("grant", "show", found)
    assert (seen["state"], seen["end_reason"]) == ("ended", "phone_request")
    assert [each["type"] for each in seen["events"]] == ["given", "revoked"]
    assert "phone_request" in cli("grant", "show", found)
    cli("grant", "revoke", found, "--reason", "phone_request", status=1)


def test_reasons_that_are_the_gateways_own_are_refused(cli: Cli, shared: str) -> None:
    cli("grant", "revoke", grant_id(cli), "--reason", "expired", status=2)
    assert "phone_request" in cli.said


def test_an_unknown_grant_is_told(cli: Cli) -> None:
    cli("grant", "show", "gra_unknown", status=1)
    assert "(unknown grant)" in cli.said


def test_the_log_shows_every_read(cli: Cli, shared: str) -> None:
    found = cli.json("log", "show")
    assert [each["endpoint"] for each in found] == ["userinfo", "userinfo"]
    assert {item["field"] for item in found[0]["items"]} == {"name", "course", "phone_number"}
    shown = cli("log", "show")
    assert "phone_number" in shown
    for value in PERSONAL_VALUES:
        assert value not in shown


def test_the_log_is_filtered(cli: Cli, shared: str) -> None:
    for condition, count in (
        (("--person", "asha@lakeside.example"), 2),
        (("--person", "ben@lakeside.example"), 0),
        (("--partner", "campuspress"), 0),
        (("--field", "phone_number"), 2),
        (("--field", "email"), 0),
        (("--endpoint", "userinfo"), 2),
        (("--since", "2026-11-01"), 2),
        (("--until", "2026-11-01"), 0),
    ):
        assert len(cli.json("log", "show", *condition)) == count, condition


def test_the_log_is_verified(cli: Cli, shared: str) -> None:
    cli("log", "sequence")
    found = cli.json("log", "verify")
    assert (found["ok"], found["handoffs"], found["grants"], found["faults"]) == (True, 2, 1, [])
    assert found["checkpoints"] == 1
    assert "hand-offs: 2, consents: 1" in cli("log", "verify")


def test_a_changed_row_is_found(cli: Cli, shared: str) -> None:
    url = Settings().database
    asyncio.run(run(url, "DROP TRIGGER handoff_no_update", "UPDATE handoff SET endpoint = 'elsewhere'"))
    cli("log", "verify", status=1)
    assert "its digest is not that of its content" in cli.said
    assert "the log is not sound" in cli.said
    found = cli.json("log", "verify", status=1)
    assert found["ok"] is False
    assert len(found["faults"]) == 2
