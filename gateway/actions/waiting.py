"""The engine of everything that takes two people: ask, approve, refuse, withdraw, run out.

A request is frozen when it is asked for. Whoever approves names the digest of what they saw, and the same transaction
that takes the request out of `waiting` executes it: exactly once, or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from gateway.actions.services import Services
from gateway.actions.two_people import TwoPeople, why_not
from gateway.actions.waiting_letters import alarm, calls, news
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.administration.actions import SYSTEM
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingState, canonical_content
from gateway.model.people import roles_with
from gateway.store.admin_actions import AdminAction
from gateway.store.waiting import (
    Closing,
    NewWaiting,
    SecondApproval,
    SecondVerdict,
    approving,
    ask_acts,
    close_acts,
)

LONGEST_WHY = 300
BROKEN_GLASS = "break_glass"
"""The record of what one person did alone though it takes two."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for.

    Attributes:
        target: kind and id of what it is about, as they stand in the record of acts.
        parts: what exactly; no personal value.
        why: for whoever decides; it does not stand in the log.
        subject: what only one request of the kind at a time may be about; the target unless given.
        personal: personal values that belong to it; they are kept under seal until it is over.
        organisation_id: the school whose own administrators may deal with it too.
    """

    target: tuple[str, str]
    parts: Mapping[str, Any]
    why: str = ""
    subject: str = ""
    personal: bytes | None = None
    organisation_id: str | None = None


async def ask(services: Services, rule: TwoPeople, asker: Administrator, wish: Wish) -> WaitingAct:
    """Ask for a second person; those who may approve are told by letter.

    Raises:
        Refusal: ``not_allowed``; ``bad_form`` for a reason that cannot be printed; ``stale_form`` where a request
            about the same waits already.
    """
    if not asker.has(rule.ask) or not asker.reaches(wish.organisation_id):
        raise Refusal("not_allowed", detail=f"may not ask for {rule.kind}")
    why = wish.why.strip()
    if len(why) > LONGEST_WHY or not why.isprintable():
        raise Refusal("bad_form", detail="a reason that is too long or cannot be printed")
    now, act_id = services.clock(), services.ids(Kind.WAITING)
    sealed = None if wish.personal is None else services.seal.sealed_request(act_id, wish.personal)
    # The digest is of the sealed bytes: it binds the values, and nobody can try out guesses with it.
    bound = {} if sealed is None else {"sealed": sha256(sealed).hexdigest()}
    content = canonical_content({**wish.parts, **bound})
    target_kind, target_id = wish.target
    act = WaitingAct(
        act_id=act_id,
        kind=rule.kind,
        target_kind=target_kind,
        target_id=target_id,
        content=content,
        content_digest=sha256(content.encode()).hexdigest(),
        why=why,
        asked_by=asker.actor_id,
        asked_at=now,
        expires_at=now + rule.lifetime,
        organisation_id=wish.organisation_id,
        sealed=sealed,
    )
    subject = services.seal.index(f"waiting {rule.kind}", wish.subject or target_id)
    record = _record(services, act, "ask_for_second", asker.actor_id)
    new = NewWaiting(act, subject, record, await calls(services, rule, act))
    if not await services.store.run(ask_acts, new):
        raise Refusal("stale_form", detail=f"a request about the same ({rule.kind}) waits already")
    return act


async def approve(
    services: Services, rule: TwoPeople, act: WaitingAct, administrator: Administrator, seen: str
) -> None:
    """Agree as the second person: the effect and the approval are one transaction.

    Args:
        seen: digest of the content that was looked at.

    Raises:
        Refusal: ``not_allowed``; ``stale_form`` where it waits no more, is another one, or cannot be done any more.
    """
    in_the_way = await why_not(services, rule, act, administrator)
    if in_the_way is not None:
        raise Refusal("not_allowed", detail=in_the_way)
    _check_waits(services, act)
    execution = await rule.execute(services, act, administrator)
    role = administrator.role
    approval = SecondApproval(
        act.act_id,
        seen,
        () if role is None else tuple(sorted(roles_with(rule.approve))),
        tuple(sorted(roles_with(rule.ask))),
        _record(services, act, "approve_as_second", administrator.actor_id),
        (*execution.letters, *await news(services, rule, act, WaitingState.APPROVED)),
    )
    verdict = await services.store.run(approving(execution.operation), (approval, execution.plan))
    if verdict is SecondVerdict.NOT_ALLOWED:
        raise Refusal("not_allowed", detail="not an account that counts as the second person now")
    if verdict is not SecondVerdict.DONE:
        raise Refusal("stale_form", detail=f"a request that is {verdict.name.lower()}")


async def break_glass(
    services: Services, rule: TwoPeople, act: WaitingAct, administrator: Administrator, seen: str
) -> None:
    """Do alone what takes two, on the machine itself, because nobody else is left; everybody with powers is told.

    Raises:
        Refusal: ``not_allowed`` for anybody who is not at the command line; ``stale_form`` as `approve`.
    """
    if administrator.role is not None:
        raise Refusal("not_allowed", detail="the glass is broken on the machine itself")
    _check_waits(services, act)
    execution = await rule.execute(services, act, administrator)
    record = _record(services, act, BROKEN_GLASS, administrator.actor_id)
    letters = (*execution.letters, *await alarm(services, rule, act))
    askers = tuple(sorted(roles_with(rule.ask)))
    approval = SecondApproval(act.act_id, seen, (), askers, record, letters, alone=True)
    verdict = await services.store.run(approving(execution.operation), (approval, execution.plan))
    if verdict is not SecondVerdict.DONE:
        raise Refusal("stale_form", detail=f"a request that is {verdict.name.lower()}")


async def refuse(services: Services, rule: TwoPeople, act: WaitingAct, administrator: Administrator) -> None:
    """Say no; whoever could agree may.

    Raises:
        Refusal: ``not_allowed``, or ``stale_form`` where it waits no more.
    """
    in_the_way = await why_not(services, rule, act, administrator)
    if in_the_way is not None:
        raise Refusal("not_allowed", detail=in_the_way)
    await _close(services, rule, act, WaitingState.REFUSED, administrator.actor_id)


async def withdraw(
    services: Services, rule: TwoPeople, act: WaitingAct, administrator: Administrator
) -> None:
    """Take one's own request back.

    Raises:
        Refusal: ``not_allowed`` for somebody else's, or ``stale_form`` where it waits no more.
    """
    if act.asked_by != administrator.actor_id:
        raise Refusal("not_allowed", detail="somebody else's request")
    await _close(services, rule, act, WaitingState.WITHDRAWN, administrator.actor_id)


async def run_out(services: Services, rule: TwoPeople, act: WaitingAct) -> bool:
    """Put on record that nobody agreed in time; False where somebody was quicker."""
    return await services.store.run(
        close_acts, await _closing(services, rule, act, WaitingState.EXPIRED, SYSTEM)
    )


def _check_waits(services: Services, act: WaitingAct) -> None:
    if act.state is not WaitingState.WAITING or services.clock() >= act.expires_at:
        raise Refusal("stale_form", detail=f"a request that is {act.state}, or whose time is over")


async def _close(
    services: Services, rule: TwoPeople, act: WaitingAct, state: WaitingState, actor_id: str
) -> None:
    _check_waits(services, act)
    if not await services.store.run(close_acts, await _closing(services, rule, act, state, actor_id)):
        raise Refusal("stale_form", detail="the request was dealt with in the meantime")


_NAMES: Mapping[WaitingState, str] = {
    WaitingState.REFUSED: "refuse_as_second",
    WaitingState.WITHDRAWN: "withdraw_request",
    WaitingState.EXPIRED: "request_ran_out",
}


async def _closing(
    services: Services, rule: TwoPeople, act: WaitingAct, state: WaitingState, actor_id: str
) -> Closing:
    record = _record(services, act, _NAMES[state], actor_id)
    # No letter to somebody who takes their own request back.
    told = () if state is WaitingState.WITHDRAWN else await news(services, rule, act, state)
    return Closing(act.act_id, state, record, told)


def _record(services: Services, act: WaitingAct, name: str, actor_id: str) -> AdminAction:
    """Make the record of a step. The steps of one request name it, so that both people are found together."""
    return AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action=name,
        target_kind=act.target_kind,
        target_id=act.target_id,
        at=services.clock(),
        detail={"request": act.act_id, "kind": str(act.kind), "content": act.content_digest},
    )


def effect_of(services: Services, act: WaitingAct, name: str, **detail: str | int) -> AdminAction:
    """Record what an approved request does as done by whoever asked; the approval's record names the second."""
    record = _record(services, act, name, act.asked_by)
    return replace(record, detail={"request": act.act_id, **detail})
