"""Receipts by mail: the person is told of each decision, and guardians of a child's question."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from gateway.actions.authentication.sessions import find_reader
from gateway.actions.consent.receipts import issue_receipt, stop_path
from gateway.actions.grants.hold_letters import held_letters
from gateway.actions.grants.pauses import pause_sentences
from gateway.actions.letters import write_letter
from gateway.actions.services import Services, day_of
from gateway.consent.pauses import paused_for
from gateway.kit.gettext_catalogues import translated, written_day
from gateway.kit.mail import Attachment, Letter
from gateway.kit.words import Words
from gateway.model.grants import LIVE, ActorKind, ConsentEvent, EventType, Grant, GrantState
from gateway.store.approvals import load_guardians
from gateway.store.consent.receipts import Receipt, ReceiptStory, load_stories
from scopes import field_label, form_label, purpose_label

SHARED = frozenset({EventType.GIVEN, EventType.WIDENED, EventType.RENEWED, EventType.RESUMED})
"""Decisions after which the partner can read the named items, or recognise the person if none are named."""
SIGNS_IN = Words(
    "%(offer)s by %(brand)s is for signing in alone: "
    "%(brand)s learns a number that nobody else gets, and can read nothing."
)

NARROWED_MEANWHILE = Words(
    "Something was switched off. Nothing is shared for now. When it goes on, %(brand)s can read, for %(offer)s:"
)

YOU_FOR_A_CHILD = Words("You decided this for a child whose guardian you are.")
DECIDED_BY: Mapping[ActorKind, Words] = MappingProxyType(
    {
        ActorKind.GUARDIAN: Words("Your guardian decided this."),
        ActorKind.ADMIN: Words("An administrator decided this."),
        ActorKind.PARTNER: Words("The partner decided this."),
        ActorKind.SYSTEM: Words("Nobody pressed anything: a date came, or the terms or the law wanted it."),
        ActorKind.COURT: Words("A court decided this."),
    }
)
"""Words for the one who decided, where it was not the person."""
CAME_TO: Mapping[EventType, Words] = MappingProxyType(
    {
        **dict.fromkeys(sorted(SHARED), Words("%(brand)s can read these details for %(offer)s:")),
        EventType.NARROWED: Words("Something was switched off. %(brand)s can still read, for %(offer)s:"),
        EventType.PAUSED: Words(
            "%(offer)s by %(brand)s is paused: %(brand)s can read nothing until it goes on."
        ),
        EventType.REFUSED: Words("The answer is no: %(brand)s gets nothing for %(offer)s."),
        **dict.fromkeys(
            (EventType.WITHDRAWN, EventType.REVOKED, EventType.EXPIRED),
            Words("%(offer)s by %(brand)s has ended: %(brand)s can read nothing any more."),
        ),
    }
)
"""Words for the result of a decision; a child's question has a letter of its own."""


async def receipt_letters(services: Services, event_id: str) -> list[Letter]:
    """Write to the people an event concerns, without values; a person's own "no thanks" makes no letter."""
    story = await services.store.lane(load_stories, reads=True).submit(event_id)
    if story is None:
        return []
    event, person_id = story.event, story.grant.person_id
    if event.type is EventType.ASKED:
        guardians = await services.store.lane(load_guardians, reads=True).submit(person_id)
        found = [await find_reader(services, each) for each in guardians]
        asked = [_question(services, story, *each) for each in found if each]
        # What the child had before waits with the wish.
        return [*asked, *(await held_letters(services, event.grant_id) if event.seq > 1 else ())]
    if event.type is EventType.REFUSED and event.actor_kind is ActorKind.SUBJECT:
        return []
    receipt = await issue_receipt(services, story)
    readers = [person_id, *([event.actor_id] if event.actor_kind is ActorKind.GUARDIAN else [])]
    return [letter for each in readers for letter in await _receipt(services, story, receipt, each)]


def _question(services: Services, story: ReceiptStory, to: str, language: str) -> Letter:
    say, names = partial(translated, language), _names(services, story.grant)
    return write_letter(
        services,
        language,
        to,
        say("A child asks you: %(offer)s by %(brand)s", **names),
        say(
            "A child whose guardian you are wants to use %(offer)s by %(brand)s. "
            "Nothing is shared unless you say yes.",
            **names,
        ),
        say("See what is asked, and answer:")
        + f"\n{services.settings.issuer}/guardian/{story.grant.grant_id}",
    )


async def _receipt(services: Services, story: ReceiptStory, receipt: Receipt, reader_id: str) -> list[Letter]:
    reader, grant, event = await find_reader(services, reader_id), story.grant, story.event
    if reader is None:
        return []
    to, known = reader
    # The person who decided gets the language of the decision, because that is what they read then.
    language = (event.language if event.actor_id == reader_id else None) or known
    say, names = partial(translated, language), _names(services, grant)
    issuer = services.settings.issuer
    paragraphs = [_what(language, story, names), _who(language, event, reader_id), _items(language, event)]
    if event.type is EventType.PAUSED:
        paragraphs[1] = " ".join(pause_sentences(paused_for(event.reason), language, names["brand"]))
    if grant.state in LIVE:
        # A wish has no last day yet, because its time begins with the guardian's yes.
        if grant.state is not GrantState.WAITING or grant.is_to_a_day:
            day = written_day(language, day_of(grant.valid_until))
            paragraphs.append(say("It ends on %(day)s at the latest.", day=day))
        guardian_id = "" if reader_id == grant.person_id else reader_id
        link = f"\n{issuer}{stop_path(services, grant.grant_id, guardian_id)}"
        paragraphs.append(say("Stop it whenever you like, without signing in:") + link)
    paragraphs.append(
        say("Keep the attached file: it proves what was decided. Anybody can check it with the keys at:")
        + f"\n{issuer}/receipts/jwks.json"
    )
    subject = say("Your receipt: %(offer)s by %(brand)s", **names)
    letter = write_letter(services, language, to, subject, *filter(None, paragraphs))
    attachment = Attachment("receipt.jws", "application/jose", receipt.jws.encode())
    return [Letter(letter.to, letter.subject, letter.text, attachment)]


def _names(services: Services, grant: Grant) -> dict[str, str]:
    registry = services.registry
    return {
        "brand": registry.partners[grant.partner_id].partner.brand,
        "offer": registry.offers[grant.offer_id].offer.name,
    }


def _what(language: str, story: ReceiptStory, names: dict[str, str]) -> str:
    event, words = story.event, CAME_TO[story.event.type]
    if event.type in (*SHARED, EventType.NARROWED) and not event.items:
        words = SIGNS_IN
    elif event.type is EventType.NARROWED and story.grant.state in (GrantState.WAITING, GrantState.PAUSED):
        words = NARROWED_MEANWHILE
    return translated(language, words, **names)


def _who(language: str, event: ConsentEvent, reader_id: str) -> str:
    """Say who decided, where it was not the reader for themselves."""
    if event.actor_kind is ActorKind.SUBJECT:
        return ""
    if event.actor_kind is ActorKind.GUARDIAN and event.actor_id == reader_id:
        return translated(language, YOU_FOR_A_CHILD)
    return translated(language, DECIDED_BY[event.actor_kind])


def _items(language: str, event: ConsentEvent) -> str:
    if event.type not in SHARED and event.type is not EventType.NARROWED:
        return ""
    return "\n".join(
        f"- {field_label(item.field, language)} ({form_label(item.field, item.form, language)}): "
        f"{purpose_label(item.purpose, language)}"
        for item in sorted(event.items)
    )
