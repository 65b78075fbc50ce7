"""What administrators can do on their pages: which power each act takes, and whether a step-up (promises P15, P17)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType

from gateway.model.people import Power


class AdminAct(StrEnum):
    """Every act that an administrator's page posts."""

    SEARCH_GRANTS = auto()
    SEARCH_LOG = auto()
    SEARCH_COMPLAINTS = auto()
    SEARCH_PEOPLE = auto()
    ANSWER_COMPLAINT = auto()
    REVOKE_GRANT = auto()
    IMPORT_PEOPLE = auto()
    INVITE_AGAIN = auto()
    END_SESSIONS = auto()
    DEACTIVATE = auto()
    REACTIVATE = auto()
    LINK_GUARDIAN = auto()
    UNLINK_GUARDIAN = auto()
    ASK_FOR_ROLE = auto()
    ASK_FOR_RESET = auto()
    OPEN_GATE = auto()
    CLOSE_GATE = auto()
    REVIEW_PARTNER = auto()
    RETURN_PARTNER = auto()
    APPROVE_MANIFEST = auto()
    REJECT_MANIFEST = auto()
    PAUSE_PARTNER = auto()
    RESUME_PARTNER = auto()
    END_PARTNER = auto()
    CALL_OFF_END = auto()
    NEW_CLIENT_SECRET = auto()
    RETIRE_CLIENT = auto()
    ALLOW_NONCE = auto()
    ASK_FOR_NEITHER = auto()
    DEMAND_PKCE = auto()
    AGREE = auto()
    REFUSE = auto()
    WITHDRAW = auto()


@dataclass(frozen=True, slots=True)
class ActRule:
    """What an act takes.

    Attributes:
        power: None where it depends on what the request is about.
        steps_up: it takes a password, passkey or code of a moment ago.
    """

    power: Power | None
    steps_up: bool


def _at_once(power: Power | None) -> ActRule:
    """Stop, brake, refuse, look: whoever does it is not held up."""
    return ActRule(power, steps_up=False)


def _stepped_up(power: Power | None) -> ActRule:
    """Give power, open, release a brake, or do what cannot be undone."""
    return ActRule(power, steps_up=True)


ACTS: Mapping[AdminAct, ActRule] = MappingProxyType(
    {
        AdminAct.SEARCH_GRANTS: _at_once(Power.SEE_GRANTS),
        AdminAct.SEARCH_LOG: _at_once(Power.READ_LOG),
        AdminAct.SEARCH_COMPLAINTS: _at_once(Power.SEE_COMPLAINTS),
        AdminAct.SEARCH_PEOPLE: _at_once(Power.PROVISION_PEOPLE),
        AdminAct.ANSWER_COMPLAINT: _at_once(Power.ANSWER_COMPLAINT),
        AdminAct.REVOKE_GRANT: _at_once(Power.REVOKE_GRANT),
        AdminAct.IMPORT_PEOPLE: _stepped_up(Power.PROVISION_PEOPLE),
        AdminAct.INVITE_AGAIN: _stepped_up(Power.PROVISION_PEOPLE),
        AdminAct.END_SESSIONS: _at_once(Power.PROVISION_PEOPLE),
        AdminAct.DEACTIVATE: _stepped_up(Power.PROVISION_PEOPLE),
        AdminAct.REACTIVATE: _stepped_up(Power.PROVISION_PEOPLE),
        AdminAct.LINK_GUARDIAN: _stepped_up(Power.PROVISION_PEOPLE),
        # Whose yes counts for a child is at stake in both directions.
        AdminAct.UNLINK_GUARDIAN: _stepped_up(Power.PROVISION_PEOPLE),
        AdminAct.ASK_FOR_ROLE: _stepped_up(Power.GIVE_POWERS),
        AdminAct.ASK_FOR_RESET: _stepped_up(Power.PROVISION_PEOPLE),
        AdminAct.OPEN_GATE: _stepped_up(Power.GATE_PARTNERS),
        AdminAct.CLOSE_GATE: _at_once(Power.GATE_PARTNERS),
        AdminAct.REVIEW_PARTNER: _at_once(Power.REVIEW_PARTNER),
        AdminAct.RETURN_PARTNER: _at_once(Power.REVIEW_PARTNER),
        AdminAct.APPROVE_MANIFEST: _stepped_up(Power.REVIEW_PARTNER),
        AdminAct.REJECT_MANIFEST: _at_once(Power.REVIEW_PARTNER),
        AdminAct.PAUSE_PARTNER: _at_once(Power.BRAKE_PARTNER),
        AdminAct.RESUME_PARTNER: _stepped_up(Power.REVIEW_PARTNER),
        AdminAct.END_PARTNER: _stepped_up(Power.REVIEW_PARTNER),
        # It releases a brake.
        AdminAct.CALL_OFF_END: _stepped_up(Power.REVIEW_PARTNER),
        AdminAct.NEW_CLIENT_SECRET: _stepped_up(Power.REVIEW_PARTNER),
        # Stopping one client is a stop; a new review brings it back.
        AdminAct.RETIRE_CLIENT: _at_once(Power.REVIEW_PARTNER),
        AdminAct.ALLOW_NONCE: _stepped_up(Power.REVIEW_PARTNER),
        AdminAct.ASK_FOR_NEITHER: _stepped_up(Power.REVIEW_PARTNER),
        AdminAct.DEMAND_PKCE: _at_once(Power.REVIEW_PARTNER),
        AdminAct.AGREE: _stepped_up(None),
        AdminAct.REFUSE: _at_once(None),
        AdminAct.WITHDRAW: _at_once(None),
    }
)
