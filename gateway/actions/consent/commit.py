"""Committing a decision on the consent screen as a whole, and sending the browser back with a code."""

from dataclasses import dataclass

from gateway.actions.mail.relay import new_relay
from gateway.actions.oauth.authorize import Authorization, go_back, seal_authorization
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, DecisionOutcome, end
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest
from gateway.model.grants import ActorKind, EventType, Grant, GrantState, ReasonCode
from gateway.model.people import Session
from gateway.model.tokens import AuthorizationCode
from gateway.oauth.answers.response_modes import Back
from gateway.oauth.decision_context import DecisionContext, within_decision
from gateway.oauth.requests.requested_items import reach_of
from gateway.store.consent.decisions import Decision, commit_decisions
from gateway.store.consent.grant_moves import CommitVerdict, NewGrant
from gateway.store.consent.renewals import ConsentRenewal, commit_renewals
from gateway.store.consent.standing import Standing

ANEW = ("create", "replace")
"""Requests that are answered afresh, whatever was granted before (Grant Management §5.1)."""


@dataclass(frozen=True, slots=True)
class GuardianAsked:
    """A child's wish waits for a guardian; the ticket leads to the page that says so."""

    ticket: str


async def commit_outcome(
    services: Services,
    authorization: Authorization,
    session: Session,
    standing: Standing,
    outcome: DecisionOutcome,
) -> Back | GuardianAsked | None:
    """Commit what was decided; give the way back to the partner, or the page where a child's wish waits.

    Returns:
        None where another change came first and nothing was committed.
    """
    grant, event, code, now = outcome.grant, outcome.event, None, services.clock()
    back = go_back(services, authorization, Refusal("access_denied", detail="the person said no"))
    is_anew = authorization.asked(services).grant_action in ANEW
    is_no = event.type is EventType.REFUSED and (is_anew or standing.is_used_up)
    # After any answer but a stop or a child's wish, a live grant with uses left is what was asked for.
    if grant.is_live(now) and not is_no:
        back, code = make_code(services, authorization, session, grant)
    created = superseded = None
    if standing.grant is None or standing.grant.grant_id != grant.grant_id:
        created = NewGrant(grant, standing.country)
    if created and standing.grant:
        actor = Actor(ActorKind.SUBJECT, event.actor_id, event.method, event.auth_time, event.acr)
        ended = end(standing.grant, actor, ReasonCode.USER_REQUEST, now=now, ids=services.ids)
        superseded = ended.grant, ended.event
    decision = Decision(
        created,
        grant,
        event,
        code,
        authorization.request_digest,
        now,
        superseded,
        new_relay(services, grant, now),
        _made_in(authorization, session),
    )
    verdict = await services.store.run(commit_decisions, decision)
    if verdict is CommitVerdict.REQUEST_USED:
        return answered_by_another(services, authorization)
    if verdict is CommitVerdict.STALE:
        return None
    return (
        GuardianAsked(seal_authorization(services, authorization))
        if grant.state is GrantState.WAITING
        else back
    )


async def renew(
    services: Services, authorization: Authorization, session: Session, grant: Grant
) -> Back | None:
    """Answer with a fresh code for a grant that already covers the request; nothing is decided again.

    Returns:
        None where the grant changed meanwhile, and nothing was committed.
    """
    back, code = make_code(services, authorization, session, grant)
    renewal = ConsentRenewal(
        grant, code, authorization.request_digest, services.clock(), _made_in(authorization, session)
    )
    verdict = await services.store.run(commit_renewals, renewal)
    if verdict is CommitVerdict.REQUEST_USED:
        return answered_by_another(services, authorization)
    return back if verdict is CommitVerdict.DONE else None


def _made_in(authorization: Authorization, session: Session) -> Session | None:
    """Name the session with which a code dies; a device's does not, because it waits without the browser."""
    return None if authorization.is_device else session


def answered_by_another(services: Services, authorization: Authorization) -> Back:
    """Send a person back whose request another person has answered; the partner has to ask anew."""
    return go_back(
        services, authorization, Refusal("access_denied", detail="another person's request by now")
    )


def make_code(
    services: Services, authorization: Authorization, session: Session, grant: Grant
) -> tuple[Back, AuthorizationCode]:
    """Make the code; it keeps what was asked for, and the grant decides at each use how much that reaches."""
    asked, now = authorization.asked(services), services.clock()
    parameters, reach = authorization.parameters, reach_of(asked)
    context = DecisionContext(services.terms(), asked.client)
    with within_decision(context):
        back = services.protocol.decide_code(parameters, reach.scope, session.person.person_id)
    code = AuthorizationCode(
        code_digest=digest(context.plan.code or ""),
        client_id=asked.client.client.client_id,
        grant_id=grant.grant_id,
        person_id=session.person.person_id,
        redirect_uri=parameters["redirect_uri"],
        scope=reach.scope,
        asked_scope=reach.scope,
        code_challenge=parameters.get("code_challenge", ""),
        nonce=parameters.get("nonce"),
        auth_time=session.auth_time,
        acr=session.acr,
        family_id=services.ids(Kind.FAMILY),
        issued_at=now,
        expires_at=now + services.settings.code_ttl,
        dpop_jkt=parameters.get("dpop_jkt"),
        details=reach.details,
        asked_items=reach.asked_items,
        asked_forms=reach.asked_forms,
        sid=services.sid(asked.client, session.sid),
    )
    return back, code
