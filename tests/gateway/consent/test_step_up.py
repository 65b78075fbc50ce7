"""Which decisions take a recent step-up: by what can leave after them (promise P15)."""

from dataclasses import replace

import pytest

from gateway.consent.decisions import give, keep_terms, narrow, pause, refuse, resume
from gateway.consent.step_up import OPENS, is_sensitive, takes_step_up
from gateway.model.grants import EventType, GrantedItem, ReasonCode
from scopes import FIELDS, Form, Item, Sensitivity
from tests.gateway.consent.samples import BASIS, NAME, NOW, PERSON, PHONE, counting_ids, grant

ADDRESS = GrantedItem(Item("address", "delivery_of_goods", Form.COARSE), False, 30)


def test_every_kind_of_decision_is_weighed():
    assert set(OPENS) == set(EventType)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_sensitive_field_is_so_in_every_form(field):
    for form in FIELDS[field].forms:
        is_marked = FIELDS[field].sensitivity is Sensitivity.SENSITIVE
        assert is_sensitive(Item(field, "delivery_of_goods", form)) is is_marked


def decisions(*items):
    """Make every decision of a person that leaves a grant with these items."""
    ids, seen = counting_ids(), grant(*items)
    paused = pause(seen, PERSON, ReasonCode.NOTICE_CHANGED, now=NOW, ids=ids).grant
    yield "new", give(None, PERSON, BASIS, items, 60, now=NOW, ids=ids)
    yield "renewed", give(seen, PERSON, BASIS, items, 60, now=NOW, ids=ids)
    yield "widened", give(replace(seen, items=()), PERSON, BASIS, items, 60, now=NOW, ids=ids)
    yield "resumed", resume(paused, PERSON, now=NOW, ids=ids)
    yield "kept after a pause", keep_terms(paused, PERSON, BASIS, now=NOW, ids=ids)


def test_whatever_lets_something_sensitive_leave_takes_a_step_up():
    for name, outcome in decisions(NAME, ADDRESS):
        assert takes_step_up(outcome, None), name
    for name, outcome in decisions(NAME, PHONE):
        assert not takes_step_up(outcome, None), name


def test_what_lets_nothing_more_leave_takes_none():
    ids, seen = counting_ids(), grant(NAME, PHONE, ADDRESS)
    for outcome in (
        narrow(seen, PERSON, "phone_number", "appointment_reminders", now=NOW, ids=ids),
        pause(seen, PERSON, ReasonCode.USER_REQUEST, now=NOW, ids=ids),
        refuse(seen, PERSON, BASIS, now=NOW, ids=ids),
    ):
        assert not takes_step_up(outcome, seen), outcome.event.type


def test_keeping_old_terms_takes_one_where_new_ones_had_stopped_the_service():
    """Nothing left until the answer (promise P5); where the terms are the same, nothing changes by it."""
    for items, version, takes in (((ADDRESS,), 2, True), ((PHONE,), 2, False), ((ADDRESS,), 3, False)):
        seen = replace(grant(*items), offer_version=version)
        assert takes_step_up(keep_terms(seen, PERSON, BASIS, now=NOW, ids=counting_ids()), seen) is takes
