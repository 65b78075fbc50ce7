"""An answer given twice, by a second press or in a second window; it leads where the first one led.

Nothing is decided again: a yes gets a fresh code for the grant that stands, a no the same no (decision 71).
"""

from collections.abc import Iterator
from dataclasses import replace

from gateway.actions.consent.asking import offer_on_screen, put_on_screen
from gateway.actions.consent.commit import ANEW
from gateway.actions.consent.posted_screens import ScreenAnswer
from gateway.actions.consent.screen import seen_of
from gateway.actions.services import Services
from gateway.consent.choices import Choice, read_choice
from gateway.kit.errors import Refusal
from gateway.model.grants import Grant, GrantedItem, LeftOut, items_from_words
from gateway.store.consent.standing import Standing

CLOCKS_APART = 60
"""Seconds that the clocks of two nodes may differ: the second answer may reach another node."""


def has_changed(answer: ScreenAnswer, grant: Grant | None) -> bool:
    """Whether the question has changed: the offer, or what the screen showed of the grant."""
    is_older = answer.asked.offer.version != answer.content["v"]
    return is_older or bool(seen_of(grant) != answer.content["g"])


def is_no_already(answer: ScreenAnswer, standing: Standing, *, came_second: bool) -> bool:
    """Whether this no only repeats one that already stands.

    Args:
        came_second: another answer to this very screen, or another change, was committed first.
    """
    if answer.reply.decision != "refuse":
        return False
    if answer.asked.grant_action in ANEW:
        return came_second and not has_changed(answer, standing.grant)
    if answer.content["g"]:
        return standing.grant is None
    shown_at, refused_at = answer.content["t"], standing.refused_at
    is_later = refused_at is not None and (refused_at > shown_at or (came_second and refused_at == shown_at))
    return standing.grant is None and is_later


def find_yes_already(services: Services, answer: ScreenAnswer, standing: Standing) -> Grant | None:
    """Find the grant that says exactly what this yes, or this *leave it as it is*, says."""
    grant, now = standing.grant, services.clock()
    if grant is None or standing.is_used_up or not grant.is_live(now):
        return None
    if answer.reply.decision == "keep":
        return grant if _is_kept(answer, grant) else None
    if answer.reply.decision != "share" or answer.asked.offer.version != grant.offer_version:
        return None
    choice = _choice(services, answer, grant)
    return grant if choice is not None and _is_given(choice, grant, answer.content["t"], now) else None


def _is_kept(answer: ScreenAnswer, grant: Grant) -> bool:
    """Whether a grant is as the screen showed it, and its person has decided about the present terms."""
    if not answer.content["g"]:
        return False
    id_, offer_version, _, *terms = answer.content["g"]
    is_same = seen_of(replace(grant, decided_version=0)) == [id_, offer_version, offer_version, *terms]
    return is_same and grant.terms_version >= answer.content["v"]


def _is_given(choice: Choice, grant: Grant, shown_at: int, now: int) -> bool:
    """Whether a grant holds a choice and nothing else, for a time that began while the screen was open."""
    began = grant.valid_until - choice.duration
    is_same = grant.granted == frozenset(each.item for each in choice.items)
    is_then = shown_at - CLOCKS_APART <= began <= now + CLOCKS_APART
    return is_same and is_then and grant.use_limit == choice.use_limit


def _choice(services: Services, answer: ScreenAnswer, grant: Grant) -> Choice | None:
    """Read the answer against the screen that it was given on; None where it has to be shown again."""
    reply, before = answer.reply, _before(answer, grant)
    put = put_on_screen(services, answer.authorization, before, at=answer.content["t"])
    offer = offer_on_screen(answer.asked, put).offer
    try:
        return read_choice(offer, put, reply.ticked, reply.forms, reply.duration, now=services.clock())
    except Refusal:
        return None


def _left_out_before(grant: Grant, shown_at: int) -> Iterator[LeftOut]:
    # A change in the same second is most likely this very answer, given the first time.
    return (each for each in grant.left_out if each.at < shown_at)


def _before(answer: ScreenAnswer, grant: Grant) -> Grant | None:
    """Give the grant as the screen showed it, with its items and with what had been left out by then."""
    if not answer.content["g"]:
        return None
    held = items_from_words(answer.content["g"][-1])
    items = tuple(GrantedItem(item, needed=False, retention_days=0) for item in held)
    return replace(grant, items=items, left_out=tuple(_left_out_before(grant, answer.content["t"])))
