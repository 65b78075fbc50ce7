"""Contacts: two people who each say which of their own contact details the other may see (promise P2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from types import MappingProxyType

from gateway.kit.clock import DAY
from gateway.model.people import Acr
from scopes import Form

WAITS = 30 * DAY
"""Seconds that a wish can be answered; whoever got a "no" is told nothing else than whoever got no answer."""

COOL_OFF = 90 * DAY
"""Seconds after a "no" in which further wishes of the same person reach nobody."""


class Side(StrEnum):
    """Which of the two."""

    ASKER = auto()
    ASKED = auto()

    @property
    def other(self) -> "Side":
        """The other one."""
        return Side.ASKED if self is Side.ASKER else Side.ASKER


class ContactState(StrEnum):
    """Where a contact stands: the fold of its events."""

    WAITING = auto()
    LIVE = auto()
    REFUSED = auto()
    ENDED = auto()


class ContactEventType(StrEnum):
    """What one of the two decided."""

    ASKED = auto()
    ACCEPTED = auto()
    REFUSED = auto()
    CHANGED = auto()
    ENDED = auto()


CONTACT_MOVES: Mapping[ContactState | None, Mapping[tuple[ContactEventType, Side], ContactState]] = (
    MappingProxyType(
        {
            None: {(ContactEventType.ASKED, Side.ASKER): ContactState.WAITING},
            ContactState.WAITING: {
                (ContactEventType.ACCEPTED, Side.ASKED): ContactState.LIVE,
                (ContactEventType.REFUSED, Side.ASKED): ContactState.REFUSED,
                # The asker takes the wish back.
                (ContactEventType.ENDED, Side.ASKER): ContactState.ENDED,
            },
            ContactState.LIVE: {
                (ContactEventType.CHANGED, Side.ASKER): ContactState.LIVE,
                (ContactEventType.CHANGED, Side.ASKED): ContactState.LIVE,
                (ContactEventType.ENDED, Side.ASKER): ContactState.ENDED,
                (ContactEventType.ENDED, Side.ASKED): ContactState.ENDED,
            },
            # Its asker knows nothing of the "no", and takes the wish back like any other.
            ContactState.REFUSED: {(ContactEventType.ENDED, Side.ASKER): ContactState.ENDED},
            ContactState.ENDED: {},
        }
    )
)
"""The whole of what can happen; `docs/specs/handoff-log.md` has the same table for who verifies the log."""


def contact_move(state: ContactState | None, event: ContactEventType, side: Side) -> ContactState | None:
    """Find the state after a decision of one side; None where it cannot be made."""
    return CONTACT_MOVES[state].get((event, side))


@dataclass(frozen=True, slots=True, order=True)
class GivenItem:
    """One field that somebody gives, in a form."""

    field: str
    form: Form


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """One decision on a contact, a leaf of the log.

    Attributes:
        seq: 1, 2, 3 … within the contact.
        side: who decided.
        items: what that side gives after it; nothing after the end.
        is_erasure: the account was erased; else the person did it themselves.
        valid_until: of a wish: it can be answered before this second.
    """

    event_id: str
    contact_id: str
    seq: int
    type: ContactEventType
    side: Side
    items: tuple[GivenItem, ...]
    is_erasure: bool
    language: str | None
    acr: Acr | None
    auth_time: int | None
    valid_until: int | None
    at: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as it stands.

    Attributes:
        asked_id: None where the wish reached nobody: there is no such person, or they said no lately. The asker
            cannot tell.
        version: number of its events; `event_id` is the last one.
        valid_until: a wish can be answered before this second.
        gives: what each side gives now. The asked one's is empty until they accept.
    """

    contact_id: str
    asker_id: str
    asked_id: str | None
    state: ContactState
    version: int
    event_id: str
    asked_at: int
    valid_until: int
    gives: Mapping[Side, tuple[GivenItem, ...]]

    def side_of(self, person_id: str) -> Side | None:
        """Tell which side somebody is on; None for others."""
        if person_id == self.asker_id:
            return Side.ASKER
        return Side.ASKED if person_id == self.asked_id else None

    def person_on(self, side: Side) -> str:
        """Tell who is on a side of a contact that both have agreed to."""
        return self.asker_id if side is Side.ASKER else self.asked_id or ""

    def after(self, event: ContactEvent) -> "Contact | None":
        """Tell how it stands after one more decision; None where that cannot be made, or comes too late."""
        state = contact_move(self.state, event.type, event.side)
        is_late = event.type is ContactEventType.ACCEPTED and event.at >= self.valid_until
        if state is None or is_late:
            return None
        gives = {**self.gives, event.side: event.items}
        if state is ContactState.ENDED:
            gives = dict.fromkeys(Side, ())
        return replace(self, state=state, version=event.seq, event_id=event.event_id, gives=gives)


@dataclass(frozen=True, slots=True)
class SeenItem:
    """One value that was shown: its name, never what it said (compare `gateway.model.ledger.handoffs.HandedItem`)."""

    item: GivenItem
    commitment: str


@dataclass(frozen=True, slots=True)
class ContactView:
    """One look at what the other gives, committed before the page leaves; a leaf of the log.

    Attributes:
        event_id: the contact's last event, on which the look stands.
        giver: whose values were shown; the other side saw them.
    """

    view_id: str
    contact_id: str
    event_id: str
    giver: Side
    giver_id: str
    viewer_id: str
    items: tuple[SeenItem, ...]
    at: int
    entry_digest: bytes = b""
