"""Decisions on grants, as pure functions: from the grant that was seen to the grant and event that follow."""

from dataclasses import dataclass, replace

from gateway.kit.errors import Refusal
from gateway.kit.ids import Ids, Kind
from gateway.model.grants import (
    ActorKind,
    ConsentEvent,
    EventType,
    Grant,
    GrantedItem,
    GrantState,
    LeftOut,
    LegalBasis,
    ReasonCode,
    move,
)

Names = frozenset[tuple[str, str]]
"""Items by field and purpose."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who decides, and how they authenticated."""

    kind: ActorKind
    person_id: str
    method: str
    auth_time: int | None = None
    acr: str | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a decision on an offer is bound to: the offer version, the notice and the record of serving it."""

    partner_id: str
    offer_id: str
    offer_version: int
    notice_id: str
    served_id: str
    language: str


@dataclass(frozen=True, slots=True)
class DecisionOutcome:
    """A grant after a decision, with the event that took it there."""

    grant: Grant
    event: ConsentEvent


def give(
    seen: Grant | None,
    actor: Actor,
    basis: Basis,
    items: tuple[GrantedItem, ...],
    duration: int,
    *,
    now: int,
    ids: Ids,
    use_limit: int | None = None,
    shown: Names = frozenset(),
) -> DecisionOutcome:
    """Say yes: a new grant, or the same grant renewed or widened under the notice that was just served.

    Args:
        shown: field and purpose of what was asked; what of it is not among the items was left out.
    """
    if seen is None or seen.state is GrantState.WAITING:
        event = EventType.GIVEN
    elif frozenset(each.item for each in items) - seen.granted:
        event = EventType.WIDENED
    else:
        event = EventType.RENEWED
    outcome = _decide(seen, actor, basis, event, items, now + duration, now=now, ids=ids)
    return _limited(_leaving_out(outcome, shown), use_limit)


def ask_guardian(
    seen: Grant | None,
    actor: Actor,
    basis: Basis,
    items: tuple[GrantedItem, ...],
    duration: int,
    *,
    now: int,
    ids: Ids,
    use_limit: int | None = None,
    shown: Names = frozenset(),
) -> DecisionOutcome:
    """Record a child's wish; nothing is released until a guardian has allowed exactly this.

    Args:
        shown: field and purpose of what was asked; what of it is not among the items was left out.

    Raises:
        Refusal: ``stale_form`` when an earlier wish still waits.
    """
    if seen is not None and seen.state is GrantState.WAITING:
        raise Refusal("stale_form", detail="a guardian was asked already")
    outcome = _decide(seen, actor, basis, EventType.ASKED, items, now + duration, now=now, ids=ids)
    outcome = _leaving_out(outcome, shown)
    guarded = replace(outcome.grant, legal_basis=LegalBasis.GUARDIAN_CONSENT, valid_from=now)
    return _limited(replace(outcome, grant=guarded), use_limit)


def _leaving_out(outcome: DecisionOutcome, shown: Names) -> DecisionOutcome:
    """Remember the items that were left out, without those that are granted now."""
    grant, at = outcome.grant, outcome.event.at
    granted = {(each.item.field, each.item.purpose) for each in grant.items}
    before = {(each.field, each.purpose): each.at for each in grant.left_out}
    after = before | dict.fromkeys(shown, at)
    left_out = tuple(LeftOut(*name, after[name]) for name in sorted(after.keys() - granted))
    return replace(outcome, grant=replace(grant, left_out=left_out))


def _limited(outcome: DecisionOutcome, use_limit: int | None) -> DecisionOutcome:
    """Say how many hand-offs a decision allows; what was handed off before it does not count."""
    grant, event = outcome.grant, outcome.event
    return DecisionOutcome(replace(grant, use_limit=use_limit), replace(event, use_limit=use_limit))


def allow(
    seen: Grant,
    actor: Actor,
    served_id: str,
    language: str,
    *,
    now: int,
    ids: Ids,
    without: Names = frozenset(),
    lasts: int | None = None,
) -> DecisionOutcome:
    """Say yes as a guardian, to what the child asked for or to less; the duration begins now, a chosen day stays.

    Args:
        without: field and purpose of the optional items that the guardian leaves out.
        lasts: for so many seconds only.

    Raises:
        Refusal: ``stale_form`` when nothing waits for an answer; ``bad_form`` when something is left out that is
            needed or was not asked for, or everything is, or when it is to last longer than was asked for.
    """
    if seen.state is not GrantState.WAITING:
        raise Refusal("stale_form", detail="nothing waits for a guardian")
    optional = {(each.item.field, each.item.purpose) for each in seen.items if not each.needed}
    kept = tuple(each for each in seen.items if (each.item.field, each.item.purpose) not in without)
    if not without <= optional or (seen.items and not kept):
        raise Refusal("bad_form", detail="not what can be left out")
    until = seen.end_if_allowed(now)
    if lasts is not None:
        if not 0 < lasts < until - now:
            raise Refusal("bad_form", detail="not shorter than what was asked for")
        until = now + lasts
    begun = replace(seen, items=kept, valid_from=now, valid_until=until, used_at=now)
    given = _move_on(begun, EventType.GIVEN, actor, now=now, ids=ids)
    outcome = _limited(_leaving_out(given, without), seen.use_limit)
    return _on_behalf(outcome, served_id, language)


def deny(
    seen: Grant,
    actor: Actor,
    *,
    now: int,
    ids: Ids,
    served_id: str | None = None,
    language: str | None = None,
) -> DecisionOutcome:
    """Say no as a guardian: what waits is refused and what stands ends, whatever other guardians answered."""
    if seen.state is GrantState.WAITING:
        outcome = _move_on(seen, EventType.REFUSED, actor, now=now, ids=ids)
    else:
        outcome = end(seen, actor, ReasonCode.GUARDIAN_REQUEST, now=now, ids=ids)
    return _on_behalf(outcome, served_id, language)


def _on_behalf(outcome: DecisionOutcome, served_id: str | None, language: str | None) -> DecisionOutcome:
    event = replace(
        outcome.event, on_behalf_of=outcome.grant.person_id, served_id=served_id, language=language
    )
    return replace(outcome, event=event)


def refuse(
    seen: Grant | None, actor: Actor, basis: Basis, *, now: int, ids: Ids, shown: Names = frozenset()
) -> DecisionOutcome:
    """Say no: an existing grant stays as it was; where there is none, one is made that records the refusal.

    Args:
        shown: field and purpose of what was asked: all of it was left out.
    """
    items, until = (seen.items, seen.valid_until) if seen else ((), now)
    outcome = _decide(seen, actor, basis, EventType.REFUSED, items, until, now=now, ids=ids)
    return _leaving_out(outcome, shown)


def _decide(
    seen: Grant | None,
    actor: Actor,
    basis: Basis,
    type_: EventType,
    items: tuple[GrantedItem, ...],
    valid_until: int,
    *,
    now: int,
    ids: Ids,
) -> DecisionOutcome:
    is_yes = type_ is not EventType.REFUSED
    event_id = ids(Kind.EVENT)
    if seen is None:
        grant = Grant(
            grant_id=ids(Kind.GRANT),
            person_id=actor.person_id,
            partner_id=basis.partner_id,
            offer_id=basis.offer_id,
            offer_version=basis.offer_version,
            notice_id=basis.notice_id,
            state=move(None, type_),
            version=1,
            event_id=event_id,
            valid_from=now,
            valid_until=valid_until,
            items=items,
            used_at=now,
            decided_version=basis.offer_version,
        )
    else:
        grant = replace(
            seen,
            state=move(seen.state, type_),
            version=seen.version + 1,
            event_id=event_id,
            legal_basis=LegalBasis.CONSENT if is_yes else seen.legal_basis,
            used_at=now,
            paused_for=None if is_yes else seen.paused_for,
            # Refusing another request does not answer new terms that still wait for an answer.
            decided_version=basis.offer_version if is_yes else seen.decided_version,
            offer_version=basis.offer_version if is_yes else seen.offer_version,
            notice_id=basis.notice_id if is_yes else seen.notice_id,
            valid_until=valid_until,
            items=items,
        )
    event = _event(grant, type_, actor, now)
    return DecisionOutcome(grant, replace(event, served_id=basis.served_id, language=basis.language))


def keep_terms(
    seen: Grant, actor: Actor, basis: Basis, *, now: int, ids: Ids, shown: Names = frozenset()
) -> DecisionOutcome:
    """Keep everything as it was agreed, after seeing the new terms; a grant that paused for them continues.

    Args:
        shown: field and purpose of what was asked: all of it was left out.
    """
    answered = replace(seen, decided_version=basis.offer_version, used_at=now)
    if seen.paused_for is not ReasonCode.NOTICE_CHANGED:
        return refuse(answered, actor, basis, now=now, ids=ids, shown=shown)
    outcome = _leaving_out(resume(answered, actor, now=now, ids=ids), shown)
    return replace(outcome, event=replace(outcome.event, served_id=basis.served_id, language=basis.language))


def pause(seen: Grant, actor: Actor, reason: ReasonCode, *, now: int, ids: Ids) -> DecisionOutcome:
    """Pause a grant: nothing is released until it is resumed, and its term keeps running."""
    if seen.state is GrantState.PAUSED:
        raise Refusal("stale_form", detail="the grant is paused already")
    outcome = _move_on(replace(seen, paused_for=reason), EventType.PAUSED, actor, now=now, ids=ids)
    return DecisionOutcome(outcome.grant, replace(outcome.event, reason=reason))


def resume(seen: Grant, actor: Actor, *, now: int, ids: Ids) -> DecisionOutcome:
    """Resume a grant after a pause.

    Raises:
        Refusal: ``stale_form`` when it is not paused.
    """
    if seen.state is not GrantState.PAUSED:
        raise Refusal("stale_form", detail="the grant is not paused")
    return _move_on(replace(seen, paused_for=None, used_at=now), EventType.RESUMED, actor, now=now, ids=ids)


def expire(seen: Grant, actor: Actor, reason: ReasonCode, *, now: int, ids: Ids) -> DecisionOutcome:
    """Record that a grant ran out or was not used; it has released nothing since that second anyway."""
    outcome = _move_on(seen, EventType.EXPIRED, actor, now=now, ids=ids)
    return DecisionOutcome(outcome.grant, replace(outcome.event, reason=reason))


def narrow(seen: Grant, actor: Actor, field: str, purpose: str, *, now: int, ids: Ids) -> DecisionOutcome:
    """Switch one item off; the next read no longer has it.

    Raises:
        Refusal: ``stale_form`` when the grant no longer holds it; ``bad_form`` for a needed item.
    """
    gone = [each for each in seen.items if (each.item.field, each.item.purpose) == (field, purpose)]
    if not gone:
        raise Refusal("stale_form", detail="the grant does not hold this item")
    if gone[0].needed:
        raise Refusal("bad_form", detail="a needed item cannot be switched off alone")
    kept = tuple(each for each in seen.items if each is not gone[0])
    narrowed = _move_on(replace(seen, items=kept), EventType.NARROWED, actor, now=now, ids=ids)
    return _leaving_out(narrowed, frozenset({(field, purpose)}))


def shorten(seen: Grant, actor: Actor, until: int, *, now: int, ids: Ids) -> DecisionOutcome:
    """Let a grant end sooner than was agreed; nothing else changes.

    Raises:
        Refusal: ``bad_form`` for a time that is over, or not sooner.
    """
    if not now < until < seen.valid_until:
        raise Refusal("bad_form", detail="not sooner, or over already")
    return _move_on(replace(seen, valid_until=until), EventType.NARROWED, actor, now=now, ids=ids)


def end(seen: Grant, actor: Actor, reason: ReasonCode, *, now: int, ids: Ids) -> DecisionOutcome:
    """End a grant for good: it is withdrawn when the person ends it, revoked when anyone else does."""
    type_ = EventType.WITHDRAWN if actor.kind is ActorKind.SUBJECT else EventType.REVOKED
    outcome = _move_on(seen, type_, actor, now=now, ids=ids)
    return DecisionOutcome(outcome.grant, replace(outcome.event, reason=reason))


def _move_on(seen: Grant, type_: EventType, actor: Actor, *, now: int, ids: Ids) -> DecisionOutcome:
    after = replace(seen, state=_checked(seen, type_), version=seen.version + 1, event_id=ids(Kind.EVENT))
    return DecisionOutcome(after, _event(after, type_, actor, now))


def _checked(seen: Grant, type_: EventType) -> GrantState:
    if seen.state in (GrantState.ENDED, GrantState.REFUSED):
        raise Refusal("stale_form", detail=f"the grant has {seen.state} already")
    return move(seen.state, type_)


def _event(grant: Grant, type_: EventType, actor: Actor, now: int) -> ConsentEvent:
    return ConsentEvent(
        event_id=grant.event_id,
        grant_id=grant.grant_id,
        seq=grant.version,
        type=type_,
        actor_kind=actor.kind,
        actor_id=actor.person_id,
        method=actor.method,
        items=tuple(each.item for each in grant.items),
        at=now,
        auth_time=actor.auth_time,
        acr=actor.acr,
        valid_until=grant.valid_until,
    )
