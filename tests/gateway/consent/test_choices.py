"""What a person chose: nothing that the screen did not offer, nothing that was not ticked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.choices import DAY, ONCE, durations, item_key, read_choice
from gateway.kit.errors import Refusal
from scopes import Necessity
from tests.gateway.consent.samples import OFFER

KEYS = [item_key(item) for item in OFFER.items]
NEEDED = {key for key, item in zip(KEYS, OFFER.items, strict=True) if item.necessity is Necessity.NEEDED}
DAYS = str(OFFER.duration_days)


def chosen(*ticked: str, forms: dict[str, str] | None = None, duration: str = DAYS) -> dict[str, str]:
    choice = read_choice(OFFER, OFFER.items, ticked, forms or {}, duration)
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
    choice = read_choice(OFFER, OFFER.items, ["phone_number.appointment_reminders"], {}, DAYS)
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
        ([KEYS[0]], {KEYS[0]: "boolean"}, DAYS),
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
        read_choice(OFFER, OFFER.items, ticked, forms, duration)
    assert caught.value.code == "bad_form"


def test_an_item_that_was_not_served_cannot_be_chosen_although_the_offer_has_it() -> None:
    with pytest.raises(Refusal):
        read_choice(OFFER, OFFER.items[:2], [KEYS[3]], {}, DAYS)


def test_the_offers_own_duration_comes_first_and_none_goes_beyond_its_cap() -> None:
    assert durations(OFFER) == (180, 30, 90, 365)
    assert all(days <= OFFER.max_duration_days for days in durations(OFFER))


TEXT = st.sampled_from([*KEYS, "full", "masked", "boolean", "", "30", "180", "365"]) | st.text(max_size=6)


@given(
    served=st.integers(0, len(KEYS)),
    ticked=st.lists(TEXT, max_size=5),
    forms=st.dictionaries(TEXT, TEXT, max_size=5),
    duration=TEXT,
)
def test_no_form_however_hostile_chooses_more_than_was_served_and_ticked(
    served: int, ticked: list[str], forms: dict[str, str], duration: str
) -> None:
    """Promise P12: the grant is a subset of the screen, in the screen's forms, for one of the screen's durations."""
    shown = OFFER.items[:served]
    try:
        choice = read_choice(OFFER, shown, ticked, forms, duration)
    except Refusal:
        return
    by_key = {item_key(item): item for item in shown}
    for each in choice.items:
        key = f"{each.item.field}.{each.item.purpose}"
        assert each.item.form in by_key[key].forms
        assert key in ticked or by_key[key].necessity is Necessity.NEEDED
    assert choice.duration // DAY in durations(OFFER)


def test_rule_4_once_allows_one_hand_off_within_a_day() -> None:
    choice = read_choice(OFFER, OFFER.items, [], {}, ONCE)
    assert (choice.use_limit, choice.duration) == (1, DAY)
