"""`organisation` and `people`: accounts are made row by row; no value is printed but what the list itself held."""

from email import message_from_bytes
from pathlib import Path

import pytest

from gateway.kit.mail import FileMailer, Letter
from tests.gateway.cli.conftest import Cli
from tests.world import HEADING

GOOD = f"{HEADING}\nlakeside,student,new@lakeside.example,New Person,,,,,,,,,,\n"
BAD = f"{GOOD}lakeside,dean,other@lakeside.example,Other Person,,,,,,,,,,\nnowhere,student,,,,,,,,,,,,\n"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A list of people."""
    file = tmp_path / "people.csv"
    file.write_text(GOOD)
    return file


def test_an_organisation_is_added_once(cli: Cli) -> None:
    cli("organisation", "add", "hillside", "Hillside School", "in")
    cli("organisation", "add", "hillside", "Another name", "IN", status=1)
    found = {each["organisation_id"]: each for each in cli.json("organisation", "list")}
    assert (found["hillside"]["name"], found["hillside"]["country"]) == ("Hillside School", "IN")
    assert "Hillside School" in cli("organisation", "list")


def test_an_organisation_is_in_the_time_zone_that_was_said_or_that_its_country_has(cli: Cli) -> None:
    """Where a country has several, nobody guesses one."""
    cli("organisation", "add", "hillside", "Hillside School", "in")
    assert "set-timezone" in cli("organisation", "add", "valley", "Valley School", "US")
    cli("organisation", "add", "harbour", "Harbour School", "US", "--timezone", "America/New_York")
    cli("organisation", "set-timezone", "valley", "America/Los_Angeles")
    cli("organisation", "set-timezone", "valley", "America/Los_Angeles", status=1)
    cli("organisation", "set-timezone", "valley", "America/Nowhere", status=2)
    cli("organisation", "add", "nowhere", "Nowhere", "US", "--timezone", "pacific", status=2)
    found = {each["organisation_id"]: each["timezone"] for each in cli.json("organisation", "list")}
    assert (found["hillside"], found["harbour"]) == ("Asia/Kolkata", "America/New_York")
    assert found["valley"] == "America/Los_Angeles"
    assert "nowhere" not in found


@pytest.mark.parametrize("words", [("hillside", "Hillside", "India"), ("hill side", "Hillside", "IN")])
def test_an_organisation_that_cannot_be_is_refused(cli: Cli, words: tuple[str, ...]) -> None:
    cli("organisation", "add", *words, status=2)


def test_import_makes_accounts_and_sends_invitations(cli: Cli, people: Path) -> None:
    assert "1 made, 0 known already, 0 guardians asked, 0 faults" in cli("people", "import", str(people))
    [letter] = (cli.folder / "mail").glob("*.eml")
    assert b"new@lakeside.example" in letter.read_bytes()
    assert "0 made, 1 known already" in cli("people", "import", str(people))


def test_import_without_mail_prints_the_invitations(cli: Cli, people: Path) -> None:
    shown = cli("people", "import", str(people), "--no-mail")
    assert "new@lakeside.example  http://localhost:8000/invitation/cg_in_" in shown
    assert not (cli.folder / "mail").exists()


def test_a_bad_row_is_reported_and_the_good_ones_are_made(cli: Cli, people: Path) -> None:
    people.write_text(BAD)
    found = cli.json("people", "import", str(people), "--no-mail", status=1)
    assert found["created"] == [2]
    assert [(each["line"], each["column"]) for each in found["faults"]] == [
        (3, "role"),
        (4, "organisation"),
        (4, "name"),
        (4, "email"),
    ]
    assert list(found["invitations"]) == ["new@lakeside.example"]


def test_the_report_names_lines_and_columns(cli: Cli, people: Path) -> None:
    people.write_text(BAD)
    shown = cli("people", "import", str(people), status=1)
    assert "There is no such organisation." in shown
    assert "1 made, 0 known already, 0 guardians asked, 4 faults" in shown


def test_a_list_that_cannot_be_read_is_told(cli: Cli, tmp_path: Path) -> None:
    cli("people", "import", str(tmp_path / "missing.csv"), status=1)
    assert "cannot be read (No such file or directory)" in cli.said


def test_somebody_without_a_password_is_invited_again(
    cli: Cli, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("people", "import", str(people), "--no-mail")
    assert f"as a file in {cli.folder / 'mail'}" in cli("people", "invite", "New@lakeside.example")

    sent: list[Letter] = []

    async def send(_: FileMailer, letter: Letter) -> None:
        sent.append(letter)

    monkeypatch.setattr("gateway.kit.mail.SmtpMailer.send", send)
    monkeypatch.setenv("CONSENT_GATEWAY_SMTP_URL", "smtp://mail.example.org:25")
    assert "sent by mail" in cli("people", "invite", "new@lakeside.example")
    assert [letter.to for letter in sent] == ["new@lakeside.example"]


def test_nobody_else_is_invited(cli: Cli) -> None:
    cli("people", "invite", "nobody@lakeside.example", status=1)
    assert "there is no account with this address" in cli.said
    cli("people", "invite", "asha@lakeside.example", status=1)
    assert "nobody who waits for an invitation" in cli.said


def test_erasing_asks_first_and_happens_once(cli: Cli) -> None:
    cli("people", "erase", "asha@lakeside.example", answer="n\n", status=1)
    assert "nothing was changed" in cli.said
    assert "erased" in cli("people", "erase", "asha@lakeside.example", "--yes")
    cli("people", "erase", "asha@lakeside.example", "--yes", status=1)
    assert "no account with this address" in cli.said


def told(cli: Cli) -> list[str]:
    """Name whom every letter so far is to."""
    letters = [message_from_bytes(file.read_bytes()) for file in (cli.folder / "mail").glob("*.eml")]
    return sorted(letter["To"] for letter in letters)


def test_a_guardian_is_named_and_the_link_ended(cli: Cli) -> None:
    pair = ("meera@lakeside.example", "ben@lakeside.example")
    how = ("--method", "in_person", "--evidence", "file 12")
    cli("people", "unlink-guardian", *pair, status=1)
    assert "They are not linked. Nothing was changed." in cli.said
    assert "begins when the guardian confirms it" in cli("people", "link-guardian", *pair, *how)
    assert told(cli) == ["ben@lakeside.example", "meera@lakeside.example"]
    cli("people", "link-guardian", *pair, *how, status=1)
    assert "waits for the guardian's answer" in cli.said
    assert "it has ended" in cli("people", "unlink-guardian", *pair)
    cli("people", "unlink-guardian", "meera@lakeside.example", "lakshmi@lakeside.example")
    assert told(cli) == sorted([*pair, *pair[:1], "meera@lakeside.example", "lakshmi@lakeside.example"])


def test_a_lost_second_factor_is_asked_for_at_the_command_line_and_waits(cli: Cli) -> None:
    cli("people", "reset-factor", "nobody@lakeside.example", "--why", "lost", status=1)
    assert "no account with this address" in cli.said
    cli("people", "reset-factor", "support@platform.example", "--why", "lost", status=1)
    assert "changed in the meantime" in cli.said


def test_accounts_are_listed_and_found_without_a_value(cli: Cli) -> None:
    found = cli.json("people", "list", "--role", "student", "--organisation", "lakeside")["accounts"]
    assert found
    assert {each["role"] for each in found} == {"student"}
    [one] = cli.json("people", "find", "asha@lakeside.example")["accounts"]
    assert one in found
    assert one["person_id"] in cli("people", "find", "asha@lakeside.example")
    assert "asha@lakeside.example" not in cli("people", "list", "--state", "active")
    cli("people", "list", "--before", "yesterday", status=2)
    cli("people", "sign-out", "asha@lakeside.example", status=1)
    cli("people", "sign-out", "nobody@lakeside.example", status=1)


def test_a_long_list_goes_on_by_command(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.actions.administration.people.PAGE", 2)
    first = cli.json("people", "list")
    second = cli.json("people", "list", "--before", first["before"])
    assert not {each["person_id"] for each in first["accounts"]} & {
        each["person_id"] for each in second["accounts"]
    }
    assert f"--before {first['before']}" in cli("people", "list")


def test_an_account_is_deactivated_and_brought_back_for_a_reason_of_the_list(cli: Cli) -> None:
    words = ("asha@lakeside.example", "--reason", "school_policy")
    cli("people", "deactivate", "asha@lakeside.example", "--reason", "expired", status=2)
    cli("people", "deactivate", *words)
    [found] = cli.json("people", "list", "--state", "deactivated")["accounts"]
    cli("people", "deactivate", *words, status=1)
    cli("people", "reactivate", *words)
    [again] = cli.json("people", "find", "asha@lakeside.example")["accounts"]
    assert again == {**found, "state": "active"}


def test_an_account_with_powers_waits_for_a_second_person(cli: Cli) -> None:
    words = ("support@platform.example", "--reason", "security_incident")
    cli("people", "deactivate", *words)
    assert "waits for an administrator" in cli("people", "reactivate", *words)
    assert [each["kind"] for each in cli.json("waiting", "list")] == ["bring_back"]
