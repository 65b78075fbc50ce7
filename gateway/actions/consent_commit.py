"""What becomes of a decision on the consent screen: it is committed whole, and the browser goes back with a code."""

from dataclasses import dataclass

from gateway.actions.authorize import Authorization, go_back, seal_authorization
from gateway.actions.relay import new_relay
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, Outcome, end
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.grants import ActorKind, EventType, Grant, GrantState, ReasonCode
from gateway.model.people import Session
from gateway.model.tokens import AuthorizationCode
from gateway.oauth.desk import Desk, sit_at
from gateway.oauth.response_modes import Back
from gateway.oauth.wanted import granted_reach
from gateway.store.consents import Decision, NewGrant, Standing, Verdict, commit_decisions
from gateway.store.consents_ahead import commit_decisions as commit_ahead
from gateway.store.consents_ahead import is_common

ANEW = ("create", "replace")
"""Requests that are answered afresh, whatever was granted before (Grant Management §5.1)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A child's wish waits for a guardian; the ticket leads to the page that says so."""

    ticket: str


async def commit_outcome(
    services: Services, authorization: Authorization, session: Session, standing: Standing, outcome: Outcome
) -> Back | Asked:
    """Commit what was decided; give the way back to the partner, or the page where a child's wish waits.

    Raises:
        Refusal: ``stale_form`` when something changed meanwhile.
    """
    grant, event, code, now = outcome.grant, outcome.event, None, services.clock()
    back = go_back(services, authorization, Refusal("access_denied", detail="the person said no"))
    is_anew = authorization.asked(services).grant_action in ANEW
    is_no = event.type is EventType.REFUSED and (is_anew or standing.is_used_up)
    # After any answer but a stop or a child's wish, a live grant is what the partner asked for, if it is not used up.
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
    )
    check_verdict(await _record(services, decision))
    return Asked(seal_authorization(services, authorization)) if grant.state is GrantState.WAITING else back


async def _record(services: Services, decision: Decision) -> Verdict:
    is_ahead = services.store.locks_rows and is_common(decision)
    if is_ahead and await services.store.telling_lane(commit_ahead).submit(decision):
        return Verdict.DONE
    return await services.store.run(commit_decisions, decision)


def check_verdict(verdict: Verdict) -> None:
    """Refuse what another answer came before.

    Raises:
        Refusal: ``stale_form``.
    """
    if verdict is Verdict.REQUEST_USED:
        raise Refusal("stale_form", detail="the pushed request was used up in the meantime")
    if verdict is Verdict.STALE:
        raise Refusal("stale_form", detail="the grant changed in the meantime")


def make_code(
    services: Services, authorization: Authorization, session: Session, grant: Grant
) -> tuple[Back, AuthorizationCode]:
    """Make the code; what was asked for and not granted is not in its scope."""
    asked, now = authorization.asked(services), services.clock()
    parameters = authorization.parameters
    asked_scope = parameters.get("scope", "")
    scope, details = granted_reach(asked, grant)
    desk = Desk(services.terms(), asked.client)
    with sit_at(desk):
        back = services.protocol.decide_code(parameters, scope, session.person.person_id)
    code = AuthorizationCode(
        code_digest=digest(desk.plan.code or ""),
        client_id=asked.client.client.client_id,
        grant_id=grant.grant_id,
        person_id=session.person.person_id,
        redirect_uri=parameters["redirect_uri"],
        scope=scope,
        asked_scope=" ".join(dict.fromkeys([*asked_scope.split(), *scope.split()])),
        code_challenge=parameters.get("code_challenge", ""),
        nonce=parameters.get("nonce"),
        auth_time=session.auth_time,
        acr=session.acr,
        family_id=services.ids(Kind.FAMILY),
        issued_at=now,
        expires_at=now + services.settings.code_ttl,
        dpop_jkt=parameters.get("dpop_jkt"),
        details=details,
        sid=services.sid(asked.client, session),
    )
    return back, code
