"""What holds a consent back, told to its person: who and why, and since when (promises P4, P9 and P17)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType

from gateway.consent.locks import Hold
from gateway.model.administration.actions import BRAKES, GATE_CLOSES, AdminAction
from gateway.model.grants import ConsentEvent, EventType, Grant, ReasonCode
from gateway.model.registry import LiveOffer


class PauseCause(StrEnum):
    """Who holds a consent back, and why; pages and letters have words for each."""

    YOU = auto()
    ACCOUNT = auto()
    WISH = auto()
    GUARDIANS = auto()
    BASIS = auto()
    AGE = auto()
    SCHOOL = auto()
    TERMS = auto()
    USES = auto()
    COMPLAINTS = auto()
    BRAKE = auto()
    ENDING = auto()


CAUSES: Mapping[Hold, frozenset[PauseCause]] = MappingProxyType(
    {
        Hold.BRAKE: frozenset({PauseCause.BRAKE, PauseCause.COMPLAINTS, PauseCause.ENDING}),
        Hold.PAUSE: frozenset({PauseCause.YOU, PauseCause.TERMS, PauseCause.AGE}),
        Hold.ACCOUNT: frozenset({PauseCause.ACCOUNT}),
        Hold.WISH: frozenset({PauseCause.WISH}),
        Hold.BASIS: frozenset({PauseCause.BASIS}),
        Hold.AGE: frozenset({PauseCause.AGE}),
        Hold.GUARDIANS: frozenset({PauseCause.GUARDIANS}),
        Hold.SCHOOL: frozenset({PauseCause.SCHOOL}),
        Hold.TERMS: frozenset({PauseCause.TERMS}),
        Hold.USES: frozenset({PauseCause.USES}),
    }
)
"""Which causes each way of holding back can have."""
ON_RECORD = frozenset({Hold.PAUSE, Hold.WISH, Hold.BRAKE, Hold.SCHOOL})
"""Ways of holding back that begin with a consent event or an act: they stand in the history by it."""
BRAKE_CAUSES: Mapping[str, PauseCause] = MappingProxyType(
    {
        "pause_partner": PauseCause.BRAKE,
        "pause_for_complaints": PauseCause.COMPLAINTS,
        "announce_end": PauseCause.ENDING,
    }
)
"""What each act means that holds everybody's consents for a partner back."""
_PAUSED_FOR: Mapping[ReasonCode, PauseCause] = MappingProxyType(
    {
        ReasonCode.USER_REQUEST: PauseCause.YOU,
        ReasonCode.NOTICE_CHANGED: PauseCause.TERMS,
        ReasonCode.AGE_TRANSITION: PauseCause.AGE,
    }
)
"""For which reasons a consent itself is paused."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a consent releases nothing for now.

    Attributes:
        since: seconds UTC; None where it is nowhere on record.
    """

    hold: Hold
    cause: PauseCause
    since: int | None


@dataclass(frozen=True, slots=True)
class PauseStory:
    """What is on record about a consent that is held back.

    Attributes:
        events: its consent events, in their order, or the last of them.
        acts: that held consents for its partner back or let them go on, for everybody or at the person's school;
            the oldest first.
        last_handoff_at: None where nothing was handed over.
        born_at: when the person's date of birth was written.
    """

    grant: Grant
    offer: LiveOffer
    events: Sequence[ConsentEvent]
    acts: Sequence[AdminAction]
    last_handoff_at: int | None = None
    born_at: int | None = None


def pause_of(hold: Hold, story: PauseStory) -> Pause:
    """Tell who holds a consent back and since when."""
    paused = [each.at for each in story.events if each.type is EventType.PAUSED]
    if hold is Hold.BRAKE:
        acts = [each for each in story.acts if each.action in BRAKES]
        last = acts[-1] if acts else None
        return Pause(hold, brake_cause(last), last.at) if last else Pause(hold, PauseCause.BRAKE, None)
    if hold is Hold.PAUSE:
        return Pause(hold, paused_for(story.grant.paused_for), paused[-1] if paused else None)
    closed = [each.at for each in story.acts if each.action in GATE_CLOSES]
    offer = story.offer
    since = {
        Hold.WISH: story.grant.valid_from,
        Hold.SCHOOL: closed[-1] if closed else None,
        Hold.TERMS: offer.notices["en"].effective_from if offer.version == offer.material_version else None,
        Hold.USES: story.last_handoff_at,
        Hold.BASIS: story.born_at,
        # Nothing is on record at the second in which a guardian lost the right to answer, or a birthday came.
        Hold.GUARDIANS: None,
        Hold.AGE: None,
        # The act is about the account, and no page of its person opens meanwhile.
        Hold.ACCOUNT: None,
    }
    (cause,) = CAUSES[hold]
    return Pause(hold, cause, since[hold])


def paused_for(reason: ReasonCode | None) -> PauseCause:
    """Tell who paused one consent, and why. A pause from before reasons were kept has none: its person made it."""
    return _PAUSED_FOR[reason or ReasonCode.USER_REQUEST]


def brake_cause(act: AdminAction) -> PauseCause:
    """Tell why an act holds everybody's consents for a partner back."""
    if act.action == "pause_partner" and act.reason == ReasonCode.MARKETING_COMPLAINT:
        return PauseCause.COMPLAINTS
    return BRAKE_CAUSES[act.action]
