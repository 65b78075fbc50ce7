"""Every letter is in the language of whoever reads it, and in no other (consent.md rule 12)."""

import ast
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from joserfc import jws

from gateway.actions.accounts.news import post_news
from gateway.actions.accounts.preferences import choose
from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.administration.person_stops import deactivate
from gateway.actions.authentication.enrolment import send_enrolment
from gateway.actions.authentication.recovery import PASSWORD_CHANGED, send_verification, tell
from gateway.actions.guardians.naming import propose_guardian
from gateway.actions.guardians.pairs import Linking
from gateway.actions.partners.rejections import reject_manifest
from gateway.consent.upkeep import DIGEST
from gateway.model.administration.waiting import Administrator
from gateway.model.grants import ReasonCode
from gateway.model.people import Role, Session
from gateway.model.preferences import Preference
from gateway.store.accounts.logins import load_logins_of
from gateway.store.consent.served_notices import load_notices_in
from tests.gateway.actions.consent.test_reminders import reminded
from tests.gateway.actions.partners.test_ends import end
from tests.gateway.store.samples import act, rows
from tests.gateway.web.administration.test_factor_reset import SAM, agree
from tests.gateway.web.administration.test_factor_reset import ask as ask_for_reset
from tests.gateway.web.administration.test_pages import as_, submit
from tests.gateway.web.authentication.test_factor_rule import with_code
from tests.gateway.web.authentication.test_mail_links import ask as ask_for_recovery
from tests.gateway.web.consent.test_brake import complain, served
from tests.gateway.web.contacts.test_contacts import ask as ask_contact
from tests.gateway.web.guardians.test_requests import BEN, LAKSHMI, MEERA, allow, wish
from tests.gateway.web.partners.test_rejections import LONGER
from tests.world import World

ACTIONS = Path(__file__).resolve().parents[3] / "gateway" / "actions"
ASHA, AOIFE, ALTERNATE = "asha@lakeside.example", "aoife@northfield.example", "asha@home.example"
ADMIN, OFFICER, MANAGER = (f"{name}@platform.example" for name in ("admin", "officer", "manager"))
NEW, PARTNER = "new@lakeside.example", "privacy@quizco.example"
SCRIPTS = {"hi": range(0x900, 0x980), "kn": range(0xC80, 0xD00)}

Readers = Mapping[str, str]


def spoken(world: World, **changes: str) -> dict[str, str]:
    """Give people another language in their account; everybody else reads English."""
    known = {"asha": ASHA, "aoife": AOIFE, "meera": MEERA, "lakshmi": LAKSHMI, "ben": BEN, "sam": SAM}
    known |= {"admin": ADMIN, "officer": OFFICER, "manager": MANAGER}
    for name, language in changes.items():
        own = world.person_id(known[name])
        act(
            world, "UPDATE person SET language = :language WHERE person_id = :own", language=language, own=own
        )
    world.letters.letters.clear()
    return {known[name]: language for name, language in changes.items()}


def session_of(world: World, email: str) -> Session:
    login, now = world.store(load_logins_of, world.person_id(email)), world.clock()
    return Session(b"", login.person, created_at=now, auth_time=now, last_seen_at=now)


def a_guardian_is_named(world: World) -> Readers:
    readers = spoken(world, meera="kn", ben="hi")
    named = Linking("cli", None, MEERA, BEN)
    assert world.run(propose_guardian, world.services, named, "in_person", "seen") is None
    return readers


def a_factor_is_taken_away(world: World) -> Readers:
    with_code(world, SAM)
    admin, officer = as_(world, "admin"), as_(world, "officer")
    readers = spoken(world, sam="kn")
    ask_for_reset(world, admin)
    agree(world, officer)
    return readers


def an_account_is_deactivated(world: World) -> Readers:
    readers = spoken(world, asha="kn")
    world.run(
        deactivate, world.services, Administrator("cli"), world.person_id(ASHA), ReasonCode.SCHOOL_POLICY
    )
    return readers


def a_second_person_is_looked_for(world: World) -> Readers:
    with_code(world, SAM)
    admin = as_(world, "admin")
    readers = spoken(world, officer="kn")
    ask_for_reset(world, admin)
    return readers


def somebody_asks_for_a_contact(world: World) -> Readers:
    readers = spoken(world, ben="hi")
    ask_contact(world.signed_in(ASHA), BEN)
    return readers


def a_partner_ends(world: World) -> Readers:
    readers = spoken(world, admin="hi", officer="kn", manager="kn")
    end(world)
    return readers


def a_manifest_is_rejected(world: World) -> Readers:
    submit(world, LONGER)
    readers = spoken(world, manager="kn", admin="hi")
    world.run(reject_manifest, world.services, world.person_id(MANAGER), "quizco", 2, "Too long.")
    return dict.fromkeys(readers, "en")


def a_factor_is_to_be_set_up(world: World) -> Readers:
    readers = spoken(world, admin="hi")
    world.run(send_enrolment, world.services, session_of(world, ADMIN))
    return readers


def a_password_is_lost(world: World) -> Readers:
    readers = spoken(world, asha="hi")
    ask_for_recovery(world, ASHA)
    return readers


def a_password_was_changed(world: World) -> Readers:
    readers = spoken(world, asha="kn")
    world.run(tell, world.services, world.person_id(ASHA), PASSWORD_CHANGED)
    return readers


def an_address_is_to_be_confirmed(world: World) -> Readers:
    readers = spoken(world, asha="kn")
    world.run(send_verification, world.services, session_of(world, ASHA))
    return {ALTERNATE: readers[ASHA]}


def a_child_asks(world: World) -> Readers:
    readers = spoken(world, lakshmi="kn")
    wish(world)
    return readers


def a_guardian_allows_it(world: World) -> Readers:
    """What the guardian gets, and what is signed, carried the child's language."""
    wish(world)
    readers = spoken(world, meera="kn", lakshmi="hi")
    allow(world)
    [language] = rows(world, "SELECT language FROM consent_event WHERE type = 'given'")
    assert language == ("hi",)
    served = rows(world, "SELECT language FROM notice_served WHERE surface = 'guardian_page'")
    assert set(served) == {("hi",)}
    notices = "SELECT DISTINCT n.language FROM notice_served s JOIN notice_version n USING (notice_id)"
    assert rows(world, f"{notices} WHERE surface = 'guardian_page'") == [("hi",)]
    for each in world.letters.letters:
        assert each.attachment
        content = json.loads(jws.extract_compact(each.attachment.content).payload)
        assert (content["dcterms:language"], content["dpv:hasNotice"]["language"]) == ("hi", "hi")
    return readers


def complaints_pause_a_partner(world: World) -> Readers:
    for each in (ASHA, BEN):
        served(world, each)
    readers = spoken(world, asha="kn", admin="hi", officer="kn", manager="kn")
    for each in (ASHA, BEN):
        complain(world, each)
    return readers


def a_reminder_is_due(world: World) -> Readers:
    world.tokens()
    assert reminded(world) == []
    readers = spoken(world, asha="hi")
    world.clock.pass_by(DIGEST)
    assert len(reminded(world)) == 1
    return readers


def there_are_news(world: World) -> Readers:
    readers = spoken(world, asha="hi")
    session = session_of(world, ASHA)
    world.run(lambda: choose(world.services, session, Preference.PROMOTIONAL_MAIL, is_on=True))
    world.run(post_news, world.services, world.person_id(ASHA), "2027", "…")
    return readers


def listed(world: World, email: str) -> None:
    row = f"lakeside,student,{email},Somebody,kn\n"
    school = Importer(world.person_id("school@lakeside.example"), "lakeside", Role.SCHOOL_ADMIN)
    content = f"organisation,role,email,name,locale\n{row}".encode()
    assert world.run(import_people, world.services, content, school).created


def somebody_is_invited(world: World) -> Readers:
    spoken(world)
    listed(world, NEW)
    return {NEW: "kn"}


def somebody_elses_pupil_is_listed(world: World) -> Readers:
    readers = spoken(world, aoife="hi")
    listed(world, AOIFE)
    return readers


def test_a_notice_that_was_not_written_in_a_language_stays_as_it_is(each_world: World) -> None:
    [(english,)] = rows(
        each_world,
        "SELECT notice_id FROM notice_version WHERE language = 'en' AND offer_id = 'practice-quizzes'",
    )
    found = [each_world.store(load_notices_in, (english, language)) for language in ("hi", "fr", "en")]
    assert [each.language for each in found] == ["hi", "en", "en"]
    assert len({(each.offer_id, each.offer_version) for each in found}) == 1


WRITERS: Mapping[str, tuple[Callable[[World], Readers], ...]] = {
    "accounts/invitations.py:invitation_letter": (somebody_is_invited,),
    "accounts/invitations.py:stand_in_letter": (somebody_elses_pupil_is_listed,),
    "accounts/news.py:news_letters": (there_are_news,),
    "administration/factor_reset.py:_letters": (a_factor_is_taken_away,),
    "administration/person_stops.py:_letters": (an_account_is_deactivated,),
    "authentication/enrolment.py:send_enrolment": (a_factor_is_to_be_set_up,),
    "authentication/recovery.py:_verification": (an_address_is_to_be_confirmed,),
    "authentication/recovery.py:recovery_letters": (a_password_is_lost,),
    "authentication/recovery.py:tell": (a_password_was_changed,),
    "consent/brake_letters.py:_letter": (complaints_pause_a_partner,),
    "consent/receipt_letters.py:_question": (a_child_asks,),
    "consent/receipt_letters.py:_receipt": (a_guardian_allows_it,),
    "consent/reminders.py:reminder_letters": (a_reminder_is_due,),
    "contacts/letters.py:contact_letters": (somebody_asks_for_a_contact,),
    "grants/hold_letters.py:held_letters": (complaints_pause_a_partner,),
    "guardians/letters.py:_to_person": (a_guardian_is_named,),
    "guardians/letters.py:proposed_letters": (a_guardian_is_named,),
    "partners/ends.py:_letters": (a_partner_ends,),
    "partners/rejections.py:reject_manifest": (a_manifest_is_rejected,),
    "waiting_letters.py:_letter": (a_second_person_is_looked_for,),
}
"""Whoever writes letters, and what leads to one of each."""


def test_every_writer_of_letters_is_in_the_table() -> None:
    found = set()
    for path in ACTIONS.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                calls = [each.func for each in ast.walk(function) if isinstance(each, ast.Call)]
                if any(isinstance(each, ast.Name) and each.id == "write_letter" for each in calls):
                    found.add(f"{path.relative_to(ACTIONS)}:{function.name}")
    assert found == set(WRITERS)


@pytest.mark.parametrize(
    "story", [pytest.param(each, id=each.__name__) for each in dict.fromkeys(sum(WRITERS.values(), ()))]
)
def test_a_letter_is_in_its_readers_language(world: World, story: Callable[[World], Readers]) -> None:
    readers = story(world)
    letters = world.letters.letters
    assert letters
    assert {each.to for each in letters} >= {to for to, language in readers.items() if language != "en"}
    for each in letters:
        language, said = readers.get(each.to, "en"), {ord(letter) for letter in each.subject + each.text}
        assert {name for name, letters in SCRIPTS.items() if said & set(letters)} == {language} - {"en"}, (
            each.to
        )
