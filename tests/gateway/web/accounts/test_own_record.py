"""A person's own record is whole: every table with something of theirs is in it, or says why not."""

import re
from typing import Any

import pytest
from sqlalchemy import Table

from gateway.actions.accounts.own_record_schema import schema
from gateway.consent.attendance import VISIT
from gateway.model.contacts import GivenItem
from gateway.model.people import Acr, Role
from gateway.store.accounts.own_record import BY_STORY, LEFT_OUT, SECTIONS, RecordSection
from gateway.store.tables import metadata, person
from gateway.web.accounts.own_record import FOR_PROGRAMS, LABELS, TITLES
from gateway.web.accounts.record_words import RECORD_WORDS
from scopes import Form
from tests.gateway.actions.contacts.test_contacts import ASHA, BEN, Two
from tests.gateway.actions.contacts.test_contacts import PHONE as PHONE_GIVEN
from tests.gateway.store.samples import act, rows
from tests.gateway.web.accounts.test_preferences import switch
from tests.gateway.web.consent.test_consents import PHONE, detail_of, fits
from tests.gateway.web.guardians.test_requests import EMAIL, LAKSHMI, MEERA, allow, wish
from tests.world import PERSONAL_VALUES, World

NAMES_SOMEBODY = re.compile(r"(.*_by|actor_id|subject|(person|child|guardian|grant|asker|asked)_id)")

IN_OFFICE = {"partner.end_by"}
"""Columns that name an administrator for what was done in office: the row is somebody else's all the same."""


def record_of(world: World, email: str = "asha@lakeside.example") -> dict[str, Any]:
    browser = world.signed_in(email)
    record: dict[str, Any] = browser.open("/connected/my-record.json").response.json()
    path = record["$schema"].removeprefix(world.services.settings.issuer)
    fits(record, world.client().get(path).json())
    return record


def is_about_somebody(table: Table) -> bool:
    """Whether a row leads to a person: by a key, over other tables too, or by a column that names one."""
    led = {key.column.table for key in table.foreign_keys} - {table}
    named = any(
        NAMES_SOMEBODY.fullmatch(column.name) and str(column) not in IN_OFFICE for column in table.columns
    )
    return table is person or named or any(is_about_somebody(each) for each in led)


def test_every_table_that_holds_somebodys_rows_is_told_or_left_out_for_a_reason() -> None:
    told = {each.table for each in SECTIONS} | BY_STORY
    left_out = {metadata.tables[name] for name in LEFT_OUT}
    assert not told & left_out
    assert {table for table in metadata.tables.values() if is_about_somebody(table)} == told | left_out
    assert all(reason.endswith(".") for reason in LEFT_OUT.values())


def members(node: Any) -> set[str]:
    """Name every member of every object in a schema."""
    if isinstance(node, list):
        return set().union(*map(members, node))
    if not isinstance(node, dict):
        return set()
    return set(node.get("properties", ())).union(*map(members, node.values()))


def test_every_member_of_the_record_has_its_label_on_the_page_or_is_for_programs() -> None:
    """A column that is new would else be missing on the page, and nobody would know."""
    of_the_whole = {"$schema", "version", "made_at", "consents", "contacts", "deletion"}
    in_titles = {"partner", "service", "with"}
    only_in_the_file = {"archived_before", "legal_basis", "notice"}
    labelled = set(LABELS) | set(TITLES) | FOR_PROGRAMS
    assert members(schema()) == labelled | of_the_whole | in_titles | only_in_the_file


def test_the_record_shows_no_secret_and_no_sealed_value() -> None:
    for each in SECTIONS:
        for name in each.columns:
            assert not re.search("digest|index|hash|sealed|secret|key|evidence", name)


def test_the_record_tells_the_account_and_who_was_there(each_world: World) -> None:
    """A hand-off in a visit of the person is theirs; hours later it is the partner's alone."""
    tokens = each_world.tokens(PHONE)
    each_world.userinfo(tokens["access_token"])
    each_world.clock.pass_by(VISIT)
    later = each_world.refresh(tokens["refresh_token"]).json()["access_token"]
    assert each_world.userinfo(later).status_code == 200
    switch(each_world, "statistics", "off")
    record = record_of(each_world)
    assert record["version"] == 2
    assert (record["account"]["role"], record["account"]["state"]) == ("student", "active")
    assert {each["field"] for each in record["profile"]} >= {"name", "email", "phone_number"}
    assert [each["kind"] for each in record["passwords"]] == ["password"]
    assert len(record["sessions"]) == len(rows(each_world, "SELECT * FROM session"))
    assert [each["surface"] for each in record["notices_shown"]] == ["consent_screen"]
    (consent,) = record["consents"]
    assert [each["used_by_you"] for each in consent["handoffs"]] == [False, True]
    assert consent["last_used_at"] is not None
    choices = {each["name"]: (each["is_on"], each["changed_at"] is None) for each in record["preferences"]}
    assert choices == {"promotional_mail": (False, True), "statistics": (False, False)}


def test_the_record_tells_of_private_addresses(each_world: World) -> None:
    object.__setattr__(each_world.services.settings, "relay_domain", "relay.example.org")
    act(
        each_world,
        "INSERT INTO relay_address VALUES (:digest, :person, 'quizco', 1, 2, 3)",
        digest=b"d",
        person=each_world.person_id("asha@lakeside.example"),
    )
    (address,) = record_of(each_world)["private_addresses"]
    assert address.pop("address").endswith("@relay.example.org")
    assert address == {"partner_id": "quizco", "created_at": 1, "letters": 2, "last_at": 3}


def test_guardian_and_child_each_find_their_own_side(each_world: World) -> None:
    wish(each_world, EMAIL)
    allow(each_world)
    guardian, child = record_of(each_world, LAKSHMI), record_of(each_world, MEERA)
    assert [each["method"] for each in guardian["children"]] == ["digital_locker"]
    assert [each["decision"] for each in guardian["answers_as_guardian"]] == ["allow"]
    assert guardian["consents"] == guardian["guardians"] == child["children"] == []
    assert [each["state"] for each in child["guardians"]] == ["active"]


def test_both_of_a_contact_find_it_and_who_looked(each_world: World) -> None:
    two = Two(each_world)
    two.view(BEN, two.meet(PHONE_GIVEN))
    (asker,), (asked,) = record_of(each_world, ASHA)["contacts"], record_of(each_world, BEN)["contacts"]
    assert asker["you_give"] == asked["you_get"]
    assert [each["by"] for each in (*asker["looks"], *asked["looks"])] == ["other", "you"]


def test_a_record_leaves_no_consent_out(each_world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("gateway.actions.accounts.own_record.MOST", 1)
    for _ in range(2):
        each_world.tokens()
        browser = each_world.signed_in()
        browser.submit(browser.open("/connected"), "/stop-everything")
    consents = record_of(each_world)["consents"]
    assert (
        len({each["id"] for each in consents})
        == len(consents)
        == len(rows(each_world, "SELECT * FROM consent_grant"))
    )


def test_the_record_is_a_page_to_read_too(each_world: World) -> None:
    """All that the download tells, in words: every consent, decision, hand-off, contact and row of the account."""
    tokens = each_world.tokens(PHONE)
    each_world.userinfo(tokens["access_token"])
    switch(each_world, "statistics", "off")
    browser = each_world.signed_in()
    browser.submit(detail_of(browser), "/complain", {"kind": "other"})
    browser.submit(detail_of(browser), "/off/phone_number/appointment_reminders")
    page = browser.open(browser.open("/connected").link("/connected/my-record"))
    assert page.status == 200
    for words in (
        "Practice quizzes",
        "You said yes",
        "A detail was switched off",
        "userinfo",
        "Signed in",
        "Phone",
    ):
        assert words in page.text
    for words in ("Statistics", "no", "Browsers that were signed in", "Your profile, by the names"):
        assert words in page.text
    assert not [value for value in PERSONAL_VALUES if value in page.text.replace("Asha Rao", "")]


def test_contacts_and_deletions_stand_on_the_page(each_world: World) -> None:
    """Also somebody who said no to a wish, without a name."""
    two = Two(each_world)
    contact_id = two.meet(GivenItem("email", Form.FULL))
    two.view("asha@lakeside.example", contact_id)
    page = each_world.signed_in().open("/connected/my-record")
    assert "Contact: Ben Okafor" in page.text
    assert "Who looked at what" in page.text


def test_the_record_and_the_values_speak_the_readers_language(world: World) -> None:
    """Words of closed lists are said as other pages say them; what the partner gets stays as it is stored."""
    access = world.tokens("student_status.eligibility_check", PHONE)["access_token"]
    assert world.userinfo(access).json()["is_student"] is True
    browser = world.signed_in()
    browser.submit(browser.open("/"), "/language", {"language": "hi"})
    page = browser.open("/connected/my-record")
    for words in ("छात्र", "आपके विद्यालय से", "सहमति का पृष्ठ", "समाचार", "हिन्दी", "भारत समय"):
        assert words in page.text
    for word in ("school", "consent screen", "promotional", "student", "active"):
        assert word not in page.text.casefold()
    assert "पूर्णकालिक" in browser.open("/profile").text
    service = next(link for link in browser.open("/connected").links if link.startswith("/connected/gra_"))
    assert "हाँ" in browser.open(service).text


@pytest.mark.parametrize("section", SECTIONS, ids=lambda each: each.name)
def test_every_word_that_the_database_allows_has_words_of_ours(section: RecordSection) -> None:
    for constraint in section.table.constraints:
        found = re.match(r"(\w+) IN \((.*)\)", str(getattr(constraint, "sqltext", "")))
        if found and found[1] in section.columns:
            assert {each.strip(" '") for each in found[2].split(",")} <= RECORD_WORDS[found[1]].keys()


def test_every_role_and_strength_has_words_of_ours() -> None:
    """No constraint names these: they grow with their enums."""
    assert RECORD_WORDS["role"].keys() == set(Role)
    assert RECORD_WORDS["acr"].keys() == set(Acr)
