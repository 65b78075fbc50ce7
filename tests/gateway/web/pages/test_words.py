"""Words for everything that can happen: tables that must be total are, so that no page shows a word of the code."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from enum import Enum
from pathlib import Path
from types import ModuleType

import pytest
from jinja2 import nodes

from gateway.actions.administration.consents import REVOKE_REASONS
from gateway.actions.consent.receipt_letters import CAME_TO, DECIDED_BY
from gateway.actions.contacts import wishes
from gateway.model.administration.actions import ABOUT_PARTNERS, DETAILS
from gateway.model.grants import ActorKind, EventType, GrantState, ReasonCode
from gateway.store.contacts.steps import Met
from gateway.web import access
from gateway.web.administration import consents
from gateway.web.consent import event_views
from gateway.web.consent.screen_views import TERM_WORDS
from gateway.web.pages import reason_words, wording
from gateway.web.pages.done_words import FLASHES
from gateway.web.pages.formats import no_words
from gateway.web.pages.render import _ENVIRONMENT
from gateway.web.partners.history import ABOUT_WORDS, ACT_WORDS
from partners import Offer, OfferItem

GATEWAYS_OWN = {
    ReasonCode.PARTNER_ENDED,
    ReasonCode.NOTICE_CHANGED,
    ReasonCode.EXPIRED,
    ReasonCode.UNUSED,
    ReasonCode.AGE_TRANSITION,
}
"""Reasons that follow from something else: nobody chooses them."""


@pytest.mark.parametrize(
    ("module", "table", "members"),
    [
        (wording, "ACTOR_WORDS", ActorKind),
        (event_views, "OWN_ACTOR_WORDS", ActorKind),
        (wording, "EVENT_WORDS", EventType),
        (event_views, "OWN_EVENT_WORDS", EventType),
        (reason_words, "REASON_WORDS", ReasonCode),
        (consents, "STATE_WORDS", GrantState),
        (consents, "SHOWN_STATES", GrantState),
    ],
)
def test_every_member_has_its_words(module: ModuleType, table: str, members: type[Enum]) -> None:
    place = f"{module.__name__.replace('.', '/')}.py, {table}: not the members of {members.__name__}"
    assert list(getattr(module, table)) == list(members), place


@pytest.mark.parametrize(
    ("words", "members", "elsewhere"),
    [
        # The person decided, and is told what.
        (DECIDED_BY, ActorKind, {ActorKind.SUBJECT}),
        # A question has a letter of its own, to the guardians.
        (CAME_TO, EventType, {EventType.ASKED}),
        # Refused: the asker may have no contacts any more. A wish is never stale, only a later step is.
        (wishes._WRONG, Met, {Met.UNKNOWN, Met.STALE}),
    ],
)
def test_every_member_has_its_words_but_those_that_are_said_elsewhere(
    words: dict[Enum, object], members: type[Enum], elsewhere: set[Enum]
) -> None:
    assert set(words) == set(members) - elsewhere


def test_a_partners_page_has_words_for_every_act_about_it() -> None:
    assert set(ACT_WORDS) == ABOUT_PARTNERS


def test_each_detail_of_an_act_about_a_partner_is_said_or_left_out_on_purpose() -> None:
    left_out = {"content", "flagged", "kind", "live_grants", "material", "offers", "organisation", "people"}
    left_out |= {"request", "texts"}
    details = {name for act in ABOUT_PARTNERS & set(DETAILS) for name in DETAILS[act]}
    assert details == set(ABOUT_WORDS) | left_out


def test_every_page_that_says_what_was_done_has_the_sentence_for_it() -> None:
    """An address with ``?done=`` of another word would say nothing, and nobody would notice."""
    source = "".join(path.read_text() for path in Path(access.__file__).parent.rglob("*.py"))
    said = set(re.findall(r"[?&]done=([a-z-]+)", source))
    assert said <= set(FLASHES)
    unsaid = {word for word in set(FLASHES) - said if source.count(f'"{word}"') < 2}
    assert not unsaid


def test_whatever_can_differ_between_two_versions_has_its_words() -> None:
    """But the two that name an item, and the items themselves, which are shown one by one."""
    members = {each.name for record in (Offer, OfferItem) for each in fields(record)}
    place = "gateway/web/consent/screen_views.py, TERM_WORDS"
    assert set(TERM_WORDS) == members - {"items", "field", "purpose"}, place


def test_every_reason_is_an_administrators_to_choose_or_the_gateways_own() -> None:
    """A new reason has to be put into one of the two."""
    undecided = set(ReasonCode) - set(REVOKE_REASONS) - GATEWAYS_OWN
    assert not undecided, (
        f"REVOKE_REASONS in gateway/actions/administration/consents.py, or GATEWAYS_OWN here: {undecided}"
    )
    assert not set(REVOKE_REASONS) & GATEWAYS_OWN


SAY_ALL_ELSE_ALIKE = {
    ("contact.html", "state"),
    ("guardian.html", "state"),
    ("profile_edit.html", "kind"),
}
"""Templates that single out some of a closed list, and say one thing of all others that is true of a new one too."""


def words_compared(tests: Iterable[nodes.Node]) -> Iterator[str]:
    """Name what a template compares with words of a closed list."""
    for test in tests:
        match test:
            case nodes.Compare(
                expr=nodes.Getattr(attr=name) | nodes.Name(name=name),
                ops=[nodes.Operand(op="eq", expr=nodes.Const(value=str()))],
            ):
                yield name


def chains_with_a_fallback(template: str) -> Iterator[str]:
    """Name what a template compares with word after word, to say the last thing of whatever is left."""
    for chain in _ENVIRONMENT.parse(template).find_all(nodes.If):
        compared = list(words_compared([chain.test, *(each.test for each in chain.elif_)]))
        named = {name.name for each in chain.else_ for name in each.find_all(nodes.Name)}
        if len(compared) > 1 and chain.else_ and "no_words" not in named:
            yield compared[0]


def test_a_template_says_nothing_of_what_it_does_not_know() -> None:
    """A state without words would be called by another's: "Ended" for what only waits."""
    found = {
        (path.name, name)
        for path in (Path(access.__file__).parent / "templates").glob("*.html")
        for name in chains_with_a_fallback(path.read_text())
    }
    silent = found - SAY_ALL_ELSE_ALIKE
    assert not silent, f"name the last one, and end with no_words: {silent}"
    assert not SAY_ALL_ELSE_ALIKE - found
    with pytest.raises(LookupError, match="the template has no words for 'new'"):
        no_words("new")
