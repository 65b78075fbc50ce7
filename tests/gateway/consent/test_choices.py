"""What a person chose: nothing that the screen did not offer, nothing that was not ticked."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.choices import Offered, offered, read_choice
from gateway.consent.terms import ONCE, default_term, own_days, read_term, terms
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.grants import GrantedItem
from gateway.model.item_keys import item_key
from partners import Offer
from scopes import Form, Item, Necessity
from tests.gateway.consent.samples import NAME, NOW, OFFER, grant

KEYS = [item_key(item) for item in OFFER.items]
NEEDED = {key for key, item in zip(KEYS, OFFER.items, strict=True) if item.necessity is Necessity.NEEDED}
DAYS = str(OFFER.duration_days)
SCREEN = Offered(OFFER.items)


def chosen(*ticked: str, forms: dict[str, str] | None = None, duration: str = DAYS) -> dict[str, str]:
    choice = read_choice(OFFER, SCREEN, ticked, forms or {}, duration, now=NOW)
    assert choice.duration == int(duration) * DAY
    return {f"{each.item.field}.{each.item.purpose}": str(each.item.form) for each in choice.items}


def test_nothing_ticked_is_the_needed_items_only() -> None:
    assert set(chosen()) == NEEDED


def test_a_tick_adds_the_item_in_its_most_private_form() -> None:
    found = chosen("phone_number.appointment_reminders")
    assert set(found) == NEEDED | {"phone_number.appointment_reminders"}
    assert found["phone_number.appointment_reminders"] == "masked"


def test_a_form_is_chosen_inside_a_ticked_item_and_means_nothing_in_another() -> None:
    forms = {"phone_number.appointment_reminders": "full", "email.results_delivery": "full"}
    found = chosen("phone_number.appointment_reminders", forms=forms)
    assert found["phone_number.appointment_reminders"] == "full"
    assert "email.results_delivery" not in found


def test_the_terms_of_each_item_go_into_the_grant() -> None:
    choice = read_choice(OFFER, SCREEN, ["phone_number.appointment_reminders"], {}, DAYS, now=NOW)
    assert {each.item.field: (each.needed, each.retention_days) for each in choice.items} == {
        "name": (True, 30),
        "course": (True, 30),
        "phone_number": (False, 7),
    }


@pytest.mark.parametrize(
    ("ticked", "forms", "duration"),
    [
        (["address.delivery_of_goods"], {}, DAYS),
        (["email"], {}, DAYS),
        ([KEYS[0]], {}, DAYS),
        ([], {KEYS[0]: "boolean"}, DAYS),
        ([], {"address.delivery_of_goods": "full"}, DAYS),
        ([], {"phone_number.appointment_reminders": "relay"}, DAYS),
        ([], {"": ""}, DAYS),
        ([], {}, "181"),
        ([], {}, ""),
        ([], {}, "-30"),
        ([], {}, "٣٠"),
        ([], {}, "30.0"),
        ([], {}, "9" * 5000),
    ],
)
def test_what_the_screen_did_not_offer_is_refused(
    ticked: list[str], forms: dict[str, str], duration: str
) -> None:
    with pytest.raises(Refusal) as caught:
        read_choice(OFFER, SCREEN, ticked, forms, duration, now=NOW)
    assert caught.value.code == "bad_form"


def test_an_item_that_was_not_served_cannot_be_chosen_although_the_offer_has_it() -> None:
    with pytest.raises(Refusal):
        read_choice(OFFER, Offered(OFFER.items[:2]), [KEYS[3]], {}, DAYS, now=NOW)


def days_of(offer: Offer) -> list[int]:
    return [each.count for each in terms(offer, NOW) if each.kind == "days"]


def test_the_offers_own_duration_is_the_default_and_none_goes_beyond_its_cap() -> None:
    assert days_of(OFFER) == [30, 90, 180, 365]
    assert default_term(OFFER, NOW).value == str(OFFER.duration_days)
    assert days_of(replace(OFFER, duration_days=60, max_duration_days=60)) == [30, 60]


COURSE = replace(OFFER, reads=(5, 20), course_ends_on=date(2027, 1, 31))


def test_rule_4_the_shortest_that_works_is_the_default() -> None:
    """The course's end, where it comes before what the partner says it needs; else that."""
    assert default_term(COURSE, NOW).kind == "course"
    assert default_term(replace(COURSE, duration_days=30), NOW).value == "30"


@pytest.mark.parametrize("ends", [date(2026, 11, 18), date(2020, 1, 1), date(2028, 1, 1)])
def test_a_course_that_is_over_or_ends_beyond_the_cap_is_not_offered(ends: date) -> None:
    offer = replace(COURSE, course_ends_on=ends)
    assert "course" not in {each.kind for each in terms(offer, NOW)}
    with pytest.raises(Refusal):
        read_term(offer, "course", NOW)


def test_so_many_reads_are_what_the_offer_lists() -> None:
    choice = read_choice(COURSE, Offered(COURSE.items), [], {}, "reads-5", now=NOW)
    assert (choice.use_limit, choice.duration) == (5, COURSE.duration_days * DAY)
    for other in ("reads-6", "reads-05", "reads-", "reads-1"):
        with pytest.raises(Refusal):
            read_term(COURSE, other, NOW)


def test_a_day_of_ones_own_runs_to_its_last_second() -> None:
    found = read_term(OFFER, "until:2027-01-31", NOW)
    assert datetime.fromtimestamp(found.until, UTC) == datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)
    assert found.use_limit is None


@pytest.mark.parametrize(
    "answer",
    [
        "until:",
        "until:2026-11-18",
        "until:2027-11-19",
        "until:2027-02-30",
        "until:20270131",
        "until:2027-W04-7",
    ],
)
def test_a_day_that_is_none_or_over_or_beyond_the_cap_is_refused(answer: str) -> None:
    with pytest.raises(Refusal):
        read_term(OFFER, answer, NOW)


@given(now=st.integers(NOW, NOW + 400 * DAY), cap=st.integers(1, 366), data=st.data())
def test_rule_4_no_answer_goes_beyond_the_cap_or_has_no_end(now: int, cap: int, data: st.DataObject) -> None:
    """Twelve months at most, whatever is offered or named, to the second."""
    offer = replace(COURSE, duration_days=min(30, cap), max_duration_days=cap)
    first, last = own_days(offer, now)
    answers = [each.value for each in terms(offer, now)]
    if first <= last:
        answers.append(f"until:{data.draw(st.dates(first, last))}")
    for answer in answers:
        assert now < read_term(offer, answer, now).until <= now + cap * DAY
    assert default_term(offer, now).value in answers


HELD = {
    "email.results_delivery": GrantedItem(Item("email", "results_delivery", Form.MASKED), False, 30),
    "phone_number.appointment_reminders": GrantedItem(
        Item("phone_number", "appointment_reminders", Form.MASKED), False, 7
    ),
    "name.learning_progress": NAME,
    # Forms and items that the offer has no more.
    "course.service_personalisation": GrantedItem(
        Item("course", "service_personalisation", Form.COARSE), True, 30
    ),
    "address.delivery_of_goods": GrantedItem(Item("address", "delivery_of_goods", Form.COARSE), False, 30),
}
TEXT = st.sampled_from([*KEYS, *HELD, "full", "masked", "boolean", "", "30", "180", "365"]) | st.text(
    max_size=6
)


@given(
    served=st.integers(0, len(KEYS)),
    held=st.sets(st.sampled_from(sorted(HELD))),
    ticked=st.lists(TEXT, max_size=5),
    forms=st.dictionaries(TEXT, TEXT, max_size=5),
    duration=TEXT,
)
def test_no_form_however_hostile_chooses_more_than_was_offered_and_ticked(
    served: int, held: set[str], ticked: list[str], forms: dict[str, str], duration: str
) -> None:
    """Promise P12: what is granted was granted in this form already, or the screen asked for it in this form."""
    seen = grant(*(HELD[key] for key in sorted(held)))
    screen = offered(OFFER.items[:served], seen)
    try:
        choice = read_choice(OFFER, screen, ticked, forms, duration, now=NOW)
    except Refusal:
        return
    asked = {item_key(item): item for item in screen.asked}
    for each in choice.items:
        key = f"{each.item.field}.{each.item.purpose}"
        assert each.item in seen.granted or each.item.form in asked[key].forms
        assert each.item in seen.granted or key in ticked or asked[key].necessity is Necessity.NEEDED
    assert set(forms) <= set(asked)
    assert choice.duration in {each.until - NOW for each in terms(OFFER, NOW)}


def test_rule_8_what_was_granted_stays_in_its_form_and_nothing_posted_changes_it() -> None:
    """A masked number that an amendment shows as the same cannot be made a full one by what is posted."""
    held = HELD["phone_number.appointment_reminders"]
    screen = offered(OFFER.items, grant(held))
    kept = read_choice(OFFER, screen, [], {}, DAYS, now=NOW)
    assert held.item in {each.item for each in kept.items}
    for ticked, forms in (([], {item_key(OFFER.items[3]): "full"}), ([item_key(OFFER.items[3])], {})):
        with pytest.raises(Refusal):
            read_choice(OFFER, screen, ticked, forms, DAYS, now=NOW)


def test_rule_4_once_allows_one_hand_off_within_a_day() -> None:
    choice = read_choice(OFFER, SCREEN, [], {}, ONCE, now=NOW)
    assert (choice.use_limit, choice.duration) == (1, DAY)
