"""The demo's people: the importer must take every row, and together they show what real schools hold."""

import csv
import json
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import phonenumbers
import pycountry
import pytest
from babel import Locale
from email_validator import validate_email

from gateway.actions.guardians.new_proposals import METHODS
from gateway.consent.age_policy import needs_guardian
from gateway.model.people import Role, Whereabouts

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "demo"
TODAY = date(2026, 11, 1)
NOON = int(datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp())
SCHOOL_ROLES = {"student", "professor", "guardian", "school_admin"}
STAFF_ROLES = {"platform_admin", "privacy_officer", "support", "auditor", "partner_manager"}
ADDRESS_MEMBERS = {"street_address", "locality", "region", "postal_code", "country"}
GUARDIAN = ("guardian_email", "guardian_method", "guardian_evidence")


def read_rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert all(None not in row and None not in row.values() for row in rows), "a row is longer or shorter"
    return rows


PEOPLE = read_rows("people.csv")
ORGANISATIONS = {row["organisation"]: row for row in read_rows("organisations.csv")}
BY_EMAIL = {row["email"]: row for row in PEOPLE}


def age(row: dict[str, str]) -> int:
    born = date.fromisoformat(row["birthdate"])
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def people() -> pytest.MarkDecorator:
    """Run the test once for each person, named by the e-mail address."""
    return pytest.mark.parametrize("row", PEOPLE, ids=[row["email"] for row in PEOPLE])


@people()
def test_every_field_is_one_that_the_profile_accepts(row: dict[str, str]) -> None:
    for column, value in row.items():
        assert value == value.strip(), column
        assert unicodedata.is_normalized("NFC", value), column
        assert not any(unicodedata.category(character) == "Cc" for character in value), column
    assert row["name"]
    for column in ("email", "alternate_email", "guardian_email"):
        if row[column]:
            found = validate_email(row[column], check_deliverability=False)
            assert found.normalized == row[column] == row[column].lower()
            assert found.domain.endswith(".example"), "RFC 2606: nobody can own this address"
    if row["phone_number"]:
        number = phonenumbers.parse(row["phone_number"])
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == row["phone_number"]
    if row["address"]:
        address = json.loads(row["address"])
        assert {"street_address", "locality", "country"} <= address.keys() <= ADDRESS_MEMBERS
        assert all(isinstance(part, str) and part.strip() for part in address.values())
    if row["locale"]:
        locale = Locale.parse(row["locale"], sep="-")
        assert f"{locale.language}-{locale.territory}" == row["locale"]


@people()
def test_every_person_has_a_place_and_a_role_of_that_place(row: dict[str, str]) -> None:
    assert row["role"] in (STAFF_ROLES if row["organisation"] == "platform" else SCHOOL_ROLES)
    assert row["email"].endswith(f"@{row['organisation']}.example")
    assert bool(row["student_status"]) <= (row["role"] == "student")


@people()
def test_only_who_does_not_decide_alone_has_a_guardian_and_the_guardian_is_an_adult(
    row: dict[str, str],
) -> None:
    """P9: with a method of the closed list and evidence. In Ireland one decides alone at 16."""
    organisation = ORGANISATIONS[row["organisation"]]
    place = Whereabouts(organisation["country"], organisation["timezone"])
    born = date.fromisoformat(row["birthdate"]) if row["birthdate"] else None
    child = born is not None and needs_guardian(place, Role(row["role"]), born, NOON)
    assert [bool(row[column]) for column in GUARDIAN] == [child] * 3
    if child:
        assert row["guardian_method"] in METHODS
        guardian = BY_EMAIL[row["guardian_email"]]
        assert (guardian["role"], guardian["organisation"]) == ("guardian", row["organisation"])
        assert age(guardian) >= 18
    elif born:
        assert 16 <= age(row) <= 70


def test_the_organisations_are_two_schools_and_the_service() -> None:
    assert list(ORGANISATIONS) == ["lakeside", "northfield", "platform"]
    assert all(pycountry.countries.get(alpha_2=row["country"]) for row in ORGANISATIONS.values())
    assert all(row["name"] for row in ORGANISATIONS.values())
    assert {row["organisation"] for row in PEOPLE} == set(ORGANISATIONS)


def test_about_a_hundred_people_and_every_role() -> None:
    assert 95 <= len(PEOPLE) <= 110
    assert len(BY_EMAIL) == len(PEOPLE)
    phones = [row["phone_number"] for row in PEOPLE if row["phone_number"]]
    assert len(set(phones)) == len(phones)
    roles = Counter((row["organisation"], row["role"]) for row in PEOPLE)
    for school in ("lakeside", "northfield"):
        assert roles[school, "school_admin"] == 1
        assert roles[school, "professor"] >= 5
        assert roles[school, "student"] >= 20
    assert all(roles["platform", role] >= 1 for role in STAFF_ROLES)
    assert roles["platform", "platform_admin"] >= 2, "some acts need two administrators"


def test_one_child_of_twelve_and_one_of_sixteen() -> None:
    assert sorted(age(row) for row in PEOPLE if row["birthdate"] and age(row) < 18) == [12, 16]


def test_names_are_as_various_as_names_are() -> None:
    """Many scripts, one letter, more than a hundred, apostrophes of both kinds, a hyphen, a joiner."""
    names = [row["name"] for row in PEOPLE]
    letters = {letter for name in names for letter in name if letter.isalpha()}
    scripts = {unicodedata.name(letter).split()[0] for letter in letters}
    assert scripts >= {
        "LATIN",
        "DEVANAGARI",
        "KANNADA",
        "TAMIL",
        "ARABIC",
        "CJK",
        "GREEK",
        "CYRILLIC",
        "HEBREW",
    }
    assert min(map(len, names)) == 1
    assert sum(len(name) > 100 for name in names) >= 2
    assert any(not name.isascii() and unicodedata.normalize("NFD", name) != name for name in names)
    for character in ("'", "’", "-", ".", "\N{ZERO WIDTH JOINER}"):
        assert any(character in name for name in names), repr(character)


def test_the_first_two_are_the_fullest_and_the_emptiest() -> None:
    """They are the ones that guides and tests name, so their place and their fields stay."""
    asha, ben = PEOPLE[:2]
    assert asha["email"] == "asha.rao@lakeside.example"
    assert all(value for column, value in asha.items() if column not in GUARDIAN)
    assert ben["email"] == "ben.okafor@lakeside.example"
    assert [column for column, value in ben.items() if value] == ["organisation", "role", "email", "name"]


@pytest.mark.parametrize(
    "column",
    ["birthdate", "alternate_email", "phone_number", "address", "course", "locale", "student_status"],
)
def test_every_optional_field_is_there_for_some_students_and_missing_for_others(column: str) -> None:
    """P7: only the three required fields of an account may be relied on."""
    assert {bool(row[column]) for row in PEOPLE if row["role"] == "student"} == {True, False}


def test_some_addresses_lack_region_or_postal_code() -> None:
    """OIDC Core §5.1.1: every member is optional, so a form that needs one meets people without it."""
    addresses = [json.loads(row["address"]) for row in PEOPLE if row["address"]]
    assert any("region" not in address for address in addresses)
    assert any("postal_code" not in address for address in addresses)
    assert any("\n" in address["street_address"] for address in addresses)
