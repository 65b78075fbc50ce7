"""A person's own record is whole: every table with something of theirs is in it, or says why not."""

import re
from typing import Any

from sqlalchemy import Table

from gateway.consent.visits import VISIT
from gateway.model.contacts import GivenItem
from gateway.store.own_record import BY_STORY, LEFT_OUT, SECTIONS
from gateway.store.tables import metadata, person
from scopes import Form
from tests.gateway.actions.test_contacts import ASHA, BEN, Two
from tests.gateway.actions.test_contacts import PHONE as PHONE_GIVEN
from tests.gateway.store.samples import act, rows
from tests.gateway.web.test_connected import PHONE, detail_of, fits
from tests.gateway.web.test_guardian import EMAIL, LAKSHMI, MEERA, allow, wish
from tests.gateway.web.test_preferences import switch
from tests.world import PERSONAL_VALUES, World

NAMES_SOMEBODY = re.compile(r"(.*_by|actor_id|subject|(person|child|guardian|grant|asker|asked)_id)")


def record_of(world: World, email: str = "asha@lakeside.example") -> dict[str, Any]:
    browser = world.signed_in(email)
    record: dict[str, Any] = browser.open("/connected/my-record.json").response.json()
    path = record["$schema"].removeprefix(world.services.settings.issuer)
    fits(record, world.client().get(path).json())
    return record


def is_about_somebody(table: Table) -> bool:
    """Whether a row leads to a person: by a key, over other tables too, or by a column that names one."""
    led = {key.column.table for key in table.foreign_keys} - {table}
    named = any(NAMES_SOMEBODY.fullmatch(column.name) for column in table.columns)
    return table is person or named or any(is_about_somebody(each) for each in led)


def test_every_table_that_holds_somebodys_rows_is_told_or_left_out_for_a_reason() -> None:
    told = {each.table for each in SECTIONS} | BY_STORY
    left_out = {metadata.tables[name] for name in LEFT_OUT}
    assert not told & left_out
    assert {table for table in metadata.tables.values() if is_about_somebody(table)} == told | left_out
    assert all(reason.endswith(".") for reason in LEFT_OUT.values())


def test_the_record_shows_no_secret_and_no_sealed_value() -> None:
    for each in SECTIONS:
        for name in each.columns:
            assert not re.search("digest|index|hash|sealed|secret|key|evidence", name)


def test_the_record_tells_the_account_and_who_was_there(both: World) -> None:
    """A hand-off in a visit of the person is theirs; hours later it is the partner's alone."""
    tokens = both.tokens(PHONE)
    both.userinfo(tokens["access_token"])
    both.clock.pass_by(VISIT)
    later = both.refresh(tokens["refresh_token"]).json()["access_token"]
    assert both.userinfo(later).status_code == 200
    switch(both, "statistics", "off")
    record = record_of(both)
    assert record["version"] == 2
    assert (record["account"]["role"], record["account"]["state"]) == ("student", "active")
    assert {each["field"] for each in record["profile"]} >= {"name", "email", "phone_number"}
    assert [each["kind"] for each in record["passwords"]] == ["password"]
    assert len(record["sessions"]) == len(rows(both, "SELECT * FROM session"))
    assert [each["surface"] for each in record["notices_shown"]] == ["consent_screen"]
    (consent,) = record["consents"]
    assert [each["used_by_you"] for each in consent["handoffs"]] == [False, True]
    assert consent["last_used_at"] is not None
    choices = {each["name"]: (each["is_on"], each["changed_at"] is None) for each in record["preferences"]}
    assert choices == {"promotional_mail": (False, True), "statistics": (False, False)}


def test_the_record_tells_of_private_addresses(both: World) -> None:
    object.__setattr__(both.services.settings, "relay_domain", "relay.example.org")
    act(
        both,
        "INSERT INTO relay_address VALUES (:digest, :person, 'quizco', 1, 2, 3)",
        digest=b"d",
        person=both.person_id("asha@lakeside.example"),
    )
    (address,) = record_of(both)["private_addresses"]
    assert address.pop("address").endswith("@relay.example.org")
    assert address == {"partner_id": "quizco", "created_at": 1, "letters": 2, "last_at": 3}


def test_guardian_and_child_each_find_their_own_side(both: World) -> None:
    wish(both, EMAIL)
    allow(both)
    guardian, child = record_of(both, LAKSHMI), record_of(both, MEERA)
    assert [each["method"] for each in guardian["children"]] == ["digital_locker"]
    assert [each["decision"] for each in guardian["answers_as_guardian"]] == ["allow"]
    assert guardian["consents"] == guardian["guardians"] == child["children"] == []
    assert [each["state"] for each in child["guardians"]] == ["active"]


def test_both_of_a_contact_find_it_and_who_looked(both: World) -> None:
    two = Two(both)
    two.view(BEN, two.meet(PHONE_GIVEN))
    (asker,), (asked,) = record_of(both, ASHA)["contacts"], record_of(both, BEN)["contacts"]
    assert asker["you_give"] == asked["you_get"]
    assert [each["by"] for each in (*asker["looks"], *asked["looks"])] == ["other", "you"]


def test_a_record_leaves_no_consent_out(both: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("gateway.actions.own_record.MOST", 1)
    for _ in range(2):
        both.tokens()
        browser = both.signed_in()
        browser.submit(browser.open("/connected"), "/stop-everything")
    consents = record_of(both)["consents"]
    assert (
        len({each["id"] for each in consents})
        == len(consents)
        == len(rows(both, "SELECT * FROM consent_grant"))
    )


def test_the_record_is_a_page_to_read_too(both: World) -> None:
    """All that the download tells, in words: every consent, decision, hand-off, contact and row of the account."""
    tokens = both.tokens(PHONE)
    both.userinfo(tokens["access_token"])
    switch(both, "statistics", "off")
    browser = both.signed_in()
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
    for words in ("statistics", "no", "Browsers that were signed in", "Your profile, by the names"):
        assert words in page.text
    assert not [value for value in PERSONAL_VALUES if value in page.text.replace("Asha Rao", "")]


def test_contacts_and_deletions_stand_on_the_page(both: World) -> None:
    """Also somebody who said no to a wish, without a name."""
    two = Two(both)
    contact_id = two.meet(GivenItem("email", Form.FULL))
    two.view("asha@lakeside.example", contact_id)
    page = both.signed_in().open("/connected/my-record")
    assert "Contact: Ben Okafor" in page.text
    assert "Who looked at what" in page.text
