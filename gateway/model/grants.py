"""Grants and the consent events that make them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType
from typing import NamedTuple

from gateway.kit.clock import DAY
from scopes import Form, Item


class GrantState(StrEnum):
    """Where a grant stands: the fold of its consent events."""

    WAITING = auto()
    ACTIVE = auto()
    PAUSED = auto()
    REFUSED = auto()
    ENDED = auto()


LIVE = frozenset({GrantState.WAITING, GrantState.ACTIVE, GrantState.PAUSED})


class LegalBasis(StrEnum):
    """On what a grant stands; only these two may be called "you agreed"."""

    CONSENT = auto()
    GUARDIAN_CONSENT = auto()


class EventType(StrEnum):
    """What was decided. *Withdrawn* is by the person, *revoked* by anyone else (DPV 2.3)."""

    ASKED = auto()
    GIVEN = auto()
    REFUSED = auto()
    NARROWED = auto()
    WIDENED = auto()
    RENEWED = auto()
    PAUSED = auto()
    RESUMED = auto()
    WITHDRAWN = auto()
    REVOKED = auto()
    EXPIRED = auto()


DPV_STATUS: Mapping[EventType, str] = MappingProxyType(
    {
        EventType.ASKED: "dpv:ConsentRequested",
        EventType.GIVEN: "dpv:ConsentGiven",
        EventType.REFUSED: "dpv:ConsentRefused",
        EventType.NARROWED: "dpv:ConsentGiven",
        EventType.WIDENED: "dpv:ConsentGiven",
        EventType.RENEWED: "dpv:RenewedConsentGiven",
        EventType.PAUSED: "dpv:ConsentStatusInvalidForProcessing",
        EventType.RESUMED: "dpv:ConsentGiven",
        EventType.WITHDRAWN: "dpv:ConsentWithdrawn",
        EventType.REVOKED: "dpv:ConsentRevoked",
        EventType.EXPIRED: "dpv:ConsentExpired",
    }
)

MOVES: Mapping[GrantState | None, Mapping[EventType, GrantState]] = MappingProxyType(
    {
        None: {
            EventType.ASKED: GrantState.WAITING,
            EventType.GIVEN: GrantState.ACTIVE,
            EventType.REFUSED: GrantState.REFUSED,
        },
        GrantState.WAITING: {
            EventType.GIVEN: GrantState.ACTIVE,
            # A child takes part of a wish back; the guardian is asked for the rest.
            EventType.NARROWED: GrantState.WAITING,
            EventType.REFUSED: GrantState.REFUSED,
            EventType.WITHDRAWN: GrantState.ENDED,
            EventType.REVOKED: GrantState.ENDED,
            EventType.EXPIRED: GrantState.ENDED,
        },
        GrantState.ACTIVE: {
            # A child asks for more: nothing is released until the guardian has answered.
            EventType.ASKED: GrantState.WAITING,
            EventType.NARROWED: GrantState.ACTIVE,
            EventType.WIDENED: GrantState.ACTIVE,
            EventType.RENEWED: GrantState.ACTIVE,
            EventType.REFUSED: GrantState.ACTIVE,
            EventType.PAUSED: GrantState.PAUSED,
            EventType.WITHDRAWN: GrantState.ENDED,
            EventType.REVOKED: GrantState.ENDED,
            EventType.EXPIRED: GrantState.ENDED,
        },
        GrantState.PAUSED: {
            EventType.ASKED: GrantState.WAITING,
            EventType.NARROWED: GrantState.PAUSED,
            EventType.WIDENED: GrantState.ACTIVE,
            EventType.RESUMED: GrantState.ACTIVE,
            EventType.RENEWED: GrantState.ACTIVE,
            EventType.REFUSED: GrantState.PAUSED,
            EventType.WITHDRAWN: GrantState.ENDED,
            EventType.REVOKED: GrantState.ENDED,
            EventType.EXPIRED: GrantState.ENDED,
        },
        GrantState.REFUSED: {},
        GrantState.ENDED: {},
    }
)


GROUNDS = frozenset({EventType.ASKED, EventType.GIVEN, EventType.WIDENED, EventType.RENEWED})
"""Wishes and yeses: what a grant stands on. Each sets anew how often may be read, or lifts the limit."""

WISH = 30 * DAY
"""A child's wish waits for a guardian so long at least, however short the time is that it asks for."""
SUNSET = 180 * DAY
"""A grant that the person has not used for so long releases nothing any more."""


class IllegalMove(Exception):
    """A consent event that its grant's state does not allow."""


def move(state: GrantState | None, event: EventType) -> GrantState:
    """Find the state after an event.

    Raises:
        IllegalMove: the table of moves does not list it.
    """
    try:
        return MOVES[state][event]
    except KeyError:
        raise IllegalMove(f"{event} does not follow {state}") from None


class ReasonCode(StrEnum):
    """Why somebody acted: a closed list."""

    USER_REQUEST = auto()
    PHONE_REQUEST = auto()
    GUARDIAN_REQUEST = auto()
    SCHOOL_POLICY = auto()
    PARTNER_BREACH = auto()
    MARKETING_COMPLAINT = auto()
    PARTNER_ENDED = auto()
    NOTICE_CHANGED = auto()
    EXPIRED = auto()
    UNUSED = auto()
    AGE_TRANSITION = auto()
    ACCOUNT_CLOSED = auto()
    SECURITY_INCIDENT = auto()
    LEGAL_ORDER = auto()
    DATA_ERROR = auto()
    ADMIN_CORRECTION = auto()


class ActorKind(StrEnum):
    """Who decided."""

    SUBJECT = auto()
    GUARDIAN = auto()
    ADMIN = auto()
    PARTNER = auto()
    SYSTEM = auto()
    COURT = auto()


class GrantedItem(NamedTuple):
    """One item that a grant holds."""

    item: Item
    needed: bool
    retention_days: int


class LeftOut(NamedTuple):
    """Something that was put before a person and not granted, or switched off later: it is decided, too."""

    field: str
    purpose: str
    at: int


@dataclass(frozen=True, slots=True)
class Grant:
    """The standing permission of one person for one combined service.

    Attributes:
        version: number of consent events so far; a change names the version it saw.
        event_id: the latest consent event.
        valid_until: seconds UTC; nothing is released from that second on.
        used_at: when the person last used the service themselves; a partner's reads do not count.
        use_limit: how many hand-offs the decision in force allows; None for any number.
        uses_before: how many were spent under limits of earlier decisions.
        paused_for: why it is paused; None while it is not.
        decided_version: the newest offer version that the person answered; it may have been by keeping older terms.
        left_out: what was asked for and is not granted, and when that was last decided; each item once, in order.
        is_held: the person's account is deactivated.
    """

    grant_id: str
    person_id: str
    partner_id: str
    offer_id: str
    offer_version: int
    notice_id: str
    state: GrantState
    version: int
    event_id: str
    valid_from: int
    valid_until: int
    items: tuple[GrantedItem, ...] = ()
    legal_basis: LegalBasis = LegalBasis.CONSENT
    used_at: int | None = None
    use_limit: int | None = None
    uses_before: int = 0
    paused_for: ReasonCode | None = None
    decided_version: int = 0
    left_out: tuple[LeftOut, ...] = ()
    is_held: bool = False

    def is_live(self, now: int) -> bool:
        """Whether it may release at this second."""
        return self.state is GrantState.ACTIVE and self.stands(now)

    def stands(self, now: int) -> bool:
        """Whether it is not over: it may be held back, and what was issued on it lives."""
        return self.state in LIVE and now < self.ends_at

    @property
    def ends_at(self) -> int:
        """The second from which on it releases nothing: its term, or disuse, whichever comes first.

        A wish has no term yet: it waits until then, and to a chosen day no longer than to that day.
        """
        term = self.valid_until
        if self.state is GrantState.WAITING and not self.is_to_a_day:
            term = max(term, self.valid_from + WISH)
        return term if self.used_at is None else min(term, self.used_at + SUNSET)

    def end_if_allowed(self, now: int) -> int:
        """The end of a wish that a guardian allows now: a length of time begins with the yes, a day stays."""
        return self.valid_until if self.is_to_a_day else now + self.valid_until - self.valid_from

    @property
    def is_to_a_day(self) -> bool:
        """Whether its term was chosen as a day: it runs to that day's last second, whenever it began."""
        return self.valid_until % DAY == DAY - 1

    @property
    def terms_version(self) -> int:
        """The newest offer version that the person has decided about."""
        return max(self.offer_version, self.decided_version)

    @property
    def is_guarded(self) -> bool:
        """Whether a guardian's yes is what it stands on."""
        return self.legal_basis is LegalBasis.GUARDIAN_CONSENT

    def left_out_at(self, field: str, purpose: str) -> int | None:
        """When an item was last left out or switched off; None for one that nobody decided about."""
        return next(
            (each.at for each in self.left_out if (each.field, each.purpose) == (field, purpose)), None
        )

    @property
    def only_signs_in(self) -> bool:
        """Whether its partner may know the person again and read nothing; a no holds no items either."""
        return not self.items and self.state is not GrantState.REFUSED

    @property
    def granted(self) -> frozenset[Item]:
        """The items without their terms."""
        return frozenset(each.item for each in self.items)


class GuardianAnswer(StrEnum):
    """What a guardian said to one combined service for one child."""

    ALLOW = auto()
    DENY = auto()


@dataclass(frozen=True, slots=True)
class Approval:
    """The latest answer of one guardian, about one child and one offer."""

    guardian_id: str
    answer: GuardianAnswer


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """An immutable decision (ISO/IEC TS 27560 §6.3.8).

    Attributes:
        use_limit: how many hand-offs it allows from here on; None where it says nothing about that.
    """

    event_id: str
    grant_id: str
    seq: int
    type: EventType
    actor_kind: ActorKind
    actor_id: str
    method: str
    items: tuple[Item, ...]
    at: int
    reason: ReasonCode | None = None
    served_id: str | None = None
    auth_time: int | None = None
    acr: str | None = None
    valid_until: int | None = None
    language: str | None = None
    on_behalf_of: str | None = None
    use_limit: int | None = None


def item_words(items: frozenset[Item] | tuple[Item, ...]) -> list[list[str]]:
    """Spell items for storage: ``[["email", "results_delivery", "full"], ...]``, sorted."""
    return sorted([item.field, item.purpose, str(item.form)] for item in items)


def items_from_words(words: list[list[str]]) -> tuple[Item, ...]:
    """Read what `item_words` spelled."""
    return tuple(Item(field, purpose, Form(form)) for field, purpose, form in words)
