"""The end of a partner for good: two people, a day in which it can be called off, then once and on any node."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from gateway.actions import waiting
from gateway.actions.authentication.sessions import find_email
from gateway.actions.letters import sealed_content, sealed_letter, write_letter
from gateway.actions.partners.records import get_record, partner_action
from gateway.actions.services import Services
from gateway.actions.two_people import ActFact, Execution, TwoPeople
from gateway.actions.waiting import Wish, effect_of
from gateway.consent.decisions import Actor, end
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.gettext_catalogues import translated
from gateway.kit.words import Words
from gateway.model.administration.actions import SYSTEM
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind
from gateway.model.grants import LIVE, ActorKind, ReasonCode
from gateway.model.people import Power, roles_with
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.grant_changes import GrantChange, commit_changes
from gateway.store.consent.grants import GrantQuery, count_live, search_grants
from gateway.store.letters import HOLDING, NewLetter
from gateway.store.partners.ends import (
    AnnouncedEnd,
    SettledEnd,
    announce_ends,
    call_off_ends,
    count_people,
    execute_ends,
    load_due_ends,
    load_unfinished,
)
from gateway.store.partners.partners import PartnerRecord
from gateway.store.waiting import load_staff
from partners import PartnerState, partner_from_content

TIME_TO_CALL_OFF = DAY
BATCH = 100


async def end_partner(
    services: Services, administrator: Administrator, partner_id: str, reason: ReasonCode, why: str = ""
) -> WaitingAct | None:
    """End a partner for good, a day from now; where a second person has to agree, a day after that.

    Returns:
        What waits for a second person; None where the end is announced.

    Raises:
        Refusal: ``not_found``, ``not_allowed``, or ``stale_form`` where it has ended, or is about to.
    """
    record = await _can_end(services, partner_id)
    if services.settings.approvals_needed > 1:
        parts = {"partner": partner_id, "reason": str(reason)}
        return await waiting.ask(
            services, END_PARTNER, administrator, Wish(("partner", partner_id), parts, why)
        )
    action = partner_action(services, administrator.actor_id, "announce_end", partner_id, reason)
    if not await services.store.run(announce_ends, await _announced(services, record, action)):
        raise Refusal("stale_form", detail="the partner's state changed in the meantime")
    return None


async def _can_end(services: Services, partner_id: str) -> PartnerRecord:
    record = await get_record(services, partner_id)
    if record.ends_at is not None or record.state == PartnerState.ENDED:
        raise Refusal("stale_form", detail="it has ended, or is about to")
    return record


async def _announced(services: Services, record: PartnerRecord, action: AdminAction) -> AnnouncedEnd:
    ends_at = action.at + TIME_TO_CALL_OFF
    people = sealed_content(services, HOLDING, {"partner_id": record.partner_id})
    return AnnouncedEnd(
        record.partner_id,
        record.state,
        ends_at,
        action.actor_id,
        action,
        (*await _letters(services, record, "announced", ends_at), people),
    )


async def call_off_end(services: Services, actor_id: str, partner_id: str) -> None:
    """Call an announced end off: the state before comes back, whatever it was.

    Raises:
        Refusal: ``not_found``, or ``stale_form`` where none is announced, or its time has come.
    """
    record = await get_record(services, partner_id)
    action = partner_action(services, actor_id, "call_off_end", partner_id)
    letters = await _letters(services, record, "called off", record.ends_at or 0)
    if not await services.store.run(call_off_ends, SettledEnd(partner_id, action, letters)):
        raise Refusal("stale_form", detail="no end that could be called off")


async def execute_due_ends(services: Services) -> int:
    """Execute the ends whose time has come, with every consent; two nodes at once do each once.

    Returns:
        How many partners this node ended.
    """
    done = 0
    for record in await services.store.read(load_due_ends, services.clock()):
        action = partner_action(
            services,
            SYSTEM,
            "end_partner",
            record.partner_id,
            ReasonCode(record.end_reason or ReasonCode.PARTNER_ENDED),
            live_grants=str(await services.store.read(count_live, record.partner_id)),
        )
        letters = await _letters(services, record, "executed", record.ends_at or 0)
        done += await services.store.run(execute_ends, SettledEnd(record.partner_id, action, letters))
    # If a node died in between, the remaining consents of an ended partner are found again here.
    for record in await services.store.read(load_unfinished, None):
        await _end_grants(services, record)
    return done


async def _end_grants(services: Services, record: PartnerRecord) -> None:
    """End what stands, batch by batch; nothing is released any more since the partner's state changed."""
    actor = Actor(ActorKind.ADMIN, record.end_by or SYSTEM, "administration")
    reason = ReasonCode.PARTNER_ENDED
    for state in sorted(LIVE):
        query = GrantQuery(partner_id=record.partner_id, state=str(state), limit=BATCH)
        while lines := await services.store.read(search_grants, query):
            now = services.clock()
            outcomes = [end(line.grant, actor, reason, now=now, ids=services.ids) for line in lines]
            # In the order of ids, as the gate locks them.
            outcomes.sort(key=lambda outcome: outcome.grant.grant_id)
            await services.store.run_all(
                commit_changes, [GrantChange(each.grant, each.event, now, reason) for each in outcomes]
            )


_STEPS: Mapping[str, tuple[Words, Words]] = {
    "announced": (
        Words("%(brand)s ends for good"),
        Words(
            "%(brand)s ends for good on %(when)s (UTC), with every consent for it. From now on it can read nothing. "
            "Until then an administrator can call it off."
        ),
    ),
    "called off": (
        Words("The end of %(brand)s was called off"),
        Words("The end of %(brand)s was called off. Everything is as it was before."),
    ),
    "executed": (
        Words("%(brand)s has ended"),
        Words("%(brand)s has ended for good, with every consent for it. This cannot be undone."),
    ),
}


async def _letters(
    services: Services, record: PartnerRecord, step: str, ends_at: int
) -> tuple[NewLetter, ...]:
    """Tell the partner's contact, and every administrator who could call it off."""
    partner = partner_from_content(record.content)
    staff = await services.store.read(load_staff, frozenset(map(str, roles_with(Power.REVIEW_PARTNER))))
    readers = [(partner.contact, "en")]
    readers += [(await find_email(services, each.person_id), each.language) for each in staff]
    when = datetime.fromtimestamp(ends_at, UTC).strftime("%Y-%m-%d %H:%M")
    letters = []
    for to, language in readers:
        say = partial(translated, language)
        subject, sentence = (say(each.template, brand=partner.brand, when=when) for each in _STEPS[step])
        letters.append(
            sealed_letter(services, "partner_end", write_letter(services, language, to, subject, sentence))
        )
    return tuple(letters)


async def _describe(services: Services, act: WaitingAct) -> Sequence[ActFact]:
    record = await get_record(services, act.target_id)
    partner = partner_from_content(record.content)
    consents = await services.store.read(count_live, act.target_id)
    people = await services.store.read(count_people, act.target_id)
    return (
        (Words("Partner"), f"{partner.brand} ({partner.legal_name})"),
        (Words("Live consents that end"), str(consents)),
        (Words("People whose consents they are"), str(people)),
        (Words("Reason"), ReasonCode(act.parts["reason"])),
        (
            Words("What happens"),
            Words(
                "From your yes on it can read nothing. A day later it ends for good, which cannot be undone. "
                "Until then it can be called off."
            ),
        ),
    )


async def _execute(services: Services, act: WaitingAct, _: Administrator) -> Execution:
    record = await _can_end(services, act.target_id)
    action = replace(effect_of(services, act, "announce_end"), reason=act.parts["reason"])
    return Execution(announce_ends, await _announced(services, record, action))


END_PARTNER = TwoPeople(
    kind=WaitingKind.END_PARTNER,
    ask=Power.REVIEW_PARTNER,
    approve=Power.REVIEW_PARTNER,
    lifetime=3 * DAY,
    title=Words("A partner ends for good"),
    describe=_describe,
    execute=_execute,
)
