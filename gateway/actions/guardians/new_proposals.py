"""A proposal to whoever is named as a child's guardian: how they were verified, and how long it waits (promise P9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.actions.guardians.letters import proposed_letters
from gateway.actions.services import Services
from gateway.kit.clock import DAY
from gateway.kit.ids import Kind
from gateway.kit.words import Words
from gateway.model.administration.actions import AdminAction
from gateway.model.people import Person
from gateway.store.guardians.proposals import NewProposal

WAITS = 30 * DAY
"""So long a proposal waits for the guardian's answer."""
METHODS: Mapping[str, Words] = MappingProxyType(
    {
        "in_person": Words("In person"),
        "documents": Words("By documents"),
        "digital_locker": Words("By a digital locker"),
        "video_call": Words("By a video call"),
    }
)
"""How a guardian can be verified; a closed list, for it stands in the log."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Whom an administrator names as a child's guardian, and why they believe it.

    Attributes:
        index: blind index of the address.
        guardian: who logs in with the address, if anybody does.
        anew: begin again what ended or was refused.
    """

    child: Person
    address: str
    index: bytes
    guardian: Person | None
    method: str
    evidence: str
    anew: bool


async def new_proposal(
    services: Services, naming: Naming, record: AdminAction, *, is_seconded: bool = False
) -> NewProposal:
    """Plan the proposal, with the letters to both people.

    Args:
        is_seconded: a second administrator agreed.
    """
    proposal_id = services.ids(Kind.PROPOSAL)
    return NewProposal(
        proposal_id=proposal_id,
        organisation_id=naming.child.organisation_id,
        child_id=naming.child.person_id,
        guardian_index=naming.index,
        method=naming.method,
        evidence=naming.evidence,
        expires_at=record.at + WAITS,
        anew=naming.anew,
        is_seconded=is_seconded,
        action=record,
        letters=await proposed_letters(services, naming.child, naming.address, naming.guardian, proposal_id),
    )
