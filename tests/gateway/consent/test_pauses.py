"""Whose pause it is and since when, from what is on record; by when what was received has to be gone."""

from dataclasses import replace

import pytest

from gateway.consent.locks import Hold
from gateway.consent.pauses import Pause, PauseCause, PauseStory, brake_cause, pause_of
from gateway.consent.retention import gone_by
from gateway.kit.clock import DAY
from gateway.model.administration.actions import AdminAction
from gateway.model.grants import LeftOut
from gateway.model.registry import LiveOffer
from tests.gateway.consent.samples import EMAIL, NAME, OFFER, grant


def act(name: str, at: int, reason: str | None = None) -> AdminAction:
    return AdminAction("act_1", "per_1", name, "partner", "quizco", at, reason)


@pytest.mark.parametrize(
    ("acts", "pause"),
    [
        ((), (PauseCause.BRAKE, None)),
        ((act("pause_partner", 5),), (PauseCause.BRAKE, 5)),
        ((act("pause_partner", 5, "marketing_complaint"),), (PauseCause.COMPLAINTS, 5)),
        ((act("pause_for_complaints", 5, "marketing_complaint"),), (PauseCause.COMPLAINTS, 5)),
        ((act("pause_partner", 5), act("gate_deny", 6), act("announce_end", 7)), (PauseCause.ENDING, 7)),
    ],
)
def test_the_last_act_that_paused_a_partner_says_why(
    acts: tuple[AdminAction, ...], pause: tuple[PauseCause, int | None]
) -> None:
    story = PauseStory(grant(), LiveOffer(OFFER, 1), (), acts)
    assert pause_of(Hold.BRAKE, story) == Pause(Hold.BRAKE, *pause)
    assert [brake_cause(each) for each in acts if each.action != "gate_deny"][-1:] == (
        [pause[0]] if acts else []
    )


def test_an_item_is_gone_so_long_after_it_stopped() -> None:
    """Held to the end: from the end. Switched off before: from then. No longer in the offer: as the whole is."""
    days = {(each.field, each.purpose): each.retention_days for each in OFFER.items}
    held = grant(EMAIL)
    assert gone_by(held, OFFER, EMAIL.item, None) is None
    assert gone_by(held, OFFER, EMAIL.item, 1000) == 1000 + EMAIL.retention_days * DAY
    gone = replace(held, items=(), left_out=(LeftOut(EMAIL.item.field, EMAIL.item.purpose, 500),))
    for over_at in (None, 1000):
        found = gone_by(gone, OFFER, EMAIL.item, over_at)
        assert found == 500 + days[EMAIL.item.field, EMAIL.item.purpose] * DAY
    unoffered = replace(OFFER, items=())
    assert gone_by(replace(held, items=()), unoffered, NAME.item, 1000) == 1000 + OFFER.retention_days * DAY
