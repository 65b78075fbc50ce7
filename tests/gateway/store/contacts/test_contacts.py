"""Contacts in the store: what is run again happens once, and what is nobody's to decide is not decided."""

from dataclasses import replace

import pytest

from gateway.actions.contacts.steps import accept_contact
from gateway.actions.contacts.wishes import ask_contact
from gateway.kit.errors import Refusal
from gateway.model.contacts import ContactEventType
from gateway.store.contacts.overview import load_histories
from gateway.store.contacts.steps import ContactStep, Met, take_steps
from tests.gateway.actions.contacts.test_contacts import AOIFE, ASHA, BEN, EMAIL, Two, under_age
from tests.gateway.store.samples import rows
from tests.world import World


@pytest.fixture
def two(each_world: World) -> Two:
    return Two(each_world)


def test_a_wish_and_an_answer_that_are_run_again_happen_once(two: Two) -> None:
    """Their commits were done and the answers lost: the same ids come again."""
    services = replace(two.world.services, ids=lambda kind: f"{kind}first")
    for _ in range(2):
        assert two.world.run(ask_contact, services, two.session(ASHA), BEN, (EMAIL,), "en") is None
    contact_id = two.wish()
    services = replace(two.world.services, ids=lambda kind: f"{kind}second")
    for _ in range(2):
        two.world.run(accept_contact, services, two.session(BEN), contact_id, (), "en")
    assert rows(two.world, "SELECT seq, type FROM contact_event ORDER BY seq") == [
        (1, "asked"),
        (2, "accepted"),
    ]


def test_a_wish_of_somebody_who_turns_out_to_be_a_child_meanwhile_is_none(two: Two) -> None:
    """Promise P9: the session still says otherwise."""
    session = two.session(ASHA)
    under_age(two, ASHA)
    with pytest.raises(Refusal, match="may have no contacts"):
        two.world.run(ask_contact, two.world.services, session, BEN, (EMAIL,), "en")
    assert rows(two.world, "SELECT count(*) FROM contact") == [(0,)]


def test_nobody_else_decides_and_nothing_is_decided_about_nothing(two: Two) -> None:
    contact_id = two.meet(EMAIL)
    *_, last = two.world.store(load_histories, contact_id).events
    event = replace(last, event_id="evt_x")
    asha, aoife = two.world.person_id(ASHA), two.world.person_id(AOIFE)
    for person_id, about in ((aoife, contact_id), (asha, contact_id), (asha, "con_none")):
        step = ContactStep(person_id, replace(event, type=ContactEventType.ENDED, contact_id=about))
        assert two.world.store(take_steps, step) is Met.UNKNOWN
    assert rows(two.world, "SELECT count(*) FROM contact_event") == [(2,)]
