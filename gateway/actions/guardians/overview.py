"""Who was named as a guardian, and what became of it."""

from dataclasses import dataclass

from gateway.actions.services import Services
from gateway.store.guardians.proposals import ProposalLine, ProposalQuery, list_proposals

PAGE = 50


@dataclass(frozen=True, slots=True)
class FoundProposals:
    """A page of proposals, newest first.

    Attributes:
        older: key from which the next page goes on.
    """

    lines: tuple[ProposalLine, ...]
    older: tuple[int, str] | None


async def see_proposals(
    services: Services, organisation_id: str | None, before: tuple[int, str] | None = None
) -> FoundProposals:
    """List proposals and what became of them, to a school's administrator those of the school alone."""
    query = ProposalQuery(organisation_id, before, PAGE + 1)
    found = await services.store.read(list_proposals, query)
    shown = tuple(found[:PAGE])
    older = (shown[-1].created_at, shown[-1].proposal_id) if len(found) > PAGE else None
    return FoundProposals(shown, older)
