"""Committing one change of a grant, with all that has to happen in the same transaction."""

from gateway.actions.partners.deletions import AskedDeletion
from gateway.actions.services import Services
from gateway.consent.decisions import DecisionOutcome
from gateway.kit.errors import Refusal
from gateway.model.grants import Grant, ReasonCode
from gateway.store.admin_actions import AdminAction
from gateway.store.approvals import NewGuardianAnswer
from gateway.store.consent.grant_changes import GrantChange, commit_changes
from gateway.store.consent.grant_moves import CommitVerdict


async def commit_change(
    services: Services,
    outcome: DecisionOutcome,
    reason: ReasonCode | None = None,
    action: AdminAction | None = None,
    *,
    answer: NewGuardianAnswer | None = None,
    used_at: int | None = None,
    asked: AskedDeletion | None = None,
) -> Grant:
    """Commit a change of a grant, together with the administrator's act or the guardian's answer, if there is one.

    Raises:
        Refusal: ``stale_form`` when somebody else changed it first.
    """
    actions = (*((action,) if action else ()), *((asked.action,) if asked else ()))
    deletion = asked.deletion if asked else None
    verdict = await services.store.run(
        commit_changes,
        GrantChange(
            outcome.grant, outcome.event, services.clock(), reason, actions, answer, used_at, deletion
        ),
    )
    if verdict is not CommitVerdict.DONE:
        raise Refusal("stale_form", detail="the grant changed in the meantime")
    return outcome.grant
