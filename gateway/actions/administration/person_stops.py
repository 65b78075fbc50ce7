"""Stopping one person at once: signed out everywhere, or deactivated. One administrator does it, never to oneself.

An account with powers comes back by two, like everything else that gives powers.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from gateway.actions.admin_record import act_of
from gateway.actions.authentication.same_person import is_same_person
from gateway.actions.authentication.sessions import find_addresses, find_own_email
from gateway.actions.directory import find_account, find_in_reach
from gateway.actions.letters import sealed_letter, write_letter
from gateway.actions.services import Services
from gateway.actions.two_people import POWERS_REST, ActFact, Execution, TwoPeople
from gateway.actions.waiting import Wish, ask, effect_of
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.gettext_catalogues import translated
from gateway.kit.words import Words
from gateway.model.administration.actions import AdminAction
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind
from gateway.model.grants import ReasonCode
from gateway.model.people import ROLE_WORDS, Person, PersonState, Power, Role, can_stop, powers_of
from gateway.store.administration.person_stops import (
    AccountChange,
    SessionsEnd,
    deactivate_accounts,
    end_sessions,
    reactivate_accounts,
)
from gateway.store.letters import NewLetter

STOP_REASONS = (
    ReasonCode.SCHOOL_POLICY,
    ReasonCode.USER_REQUEST,
    ReasonCode.PHONE_REQUEST,
    ReasonCode.GUARDIAN_REQUEST,
    ReasonCode.SECURITY_INCIDENT,
    ReasonCode.LEGAL_ORDER,
    ReasonCode.DATA_ERROR,
    ReasonCode.ADMIN_CORRECTION,
)
"""Why an account is deactivated or comes back; somebody who leaves a school goes by its policy."""


async def may_stop(services: Services, asker: Administrator, person: Person) -> bool:
    """Tell whether an administrator may stop somebody: not themselves, and nobody whose powers they could not have."""
    if asker.role is None:
        return True
    return can_stop(asker.role, person.role) and not await is_same_person(
        services, asker.actor_id, person.person_id
    )


async def find_stoppable(services: Services, asker: Administrator, person_id: str) -> Person:
    """Find an account that an administrator may stop.

    Raises:
        Refusal: ``not_found`` for one that is unknown or of another school; ``not_allowed`` for one's own, and for a
            role with powers that the administrator has not.
    """
    person = await find_in_reach(services, asker, person_id)
    if not await may_stop(services, asker, person):
        raise Refusal("not_allowed", detail="one's own account, or a role with other powers")
    return person


async def end_sessions_of(services: Services, asker: Administrator, person_id: str) -> None:
    """Sign somebody out in every browser; partners are told by upkeep, as of every end of a session.

    Raises:
        Refusal: those of `find_stoppable`; ``stale_form`` for somebody who is signed in nowhere.
    """
    await find_stoppable(services, asker, person_id)
    record = act_of(services, asker.actor_id, "end_sessions", "person", person_id)
    if not await services.store.run(end_sessions, SessionsEnd(person_id, record)):
        raise Refusal("stale_form", detail="signed in nowhere")


async def deactivate(services: Services, asker: Administrator, person_id: str, reason: ReasonCode) -> None:
    """Deactivate an account: every session ends, and every consent is held back, in one transaction.

    Raises:
        Refusal: those of `find_stoppable`; ``stale_form`` for an account that is deactivated or closed already.
    """
    person = await find_stoppable(services, asker, person_id)
    record = act_of(services, asker.actor_id, "deactivate_person", "person", person_id)
    change = AccountChange(person_id, replace(record, reason=str(reason)), await _letters(services, person))
    if not await services.store.run(deactivate_accounts, change):
        raise Refusal("stale_form", detail="deactivated or closed already")


async def reactivate(
    services: Services, asker: Administrator, person_id: str, reason: ReasonCode
) -> WaitingAct | None:
    """Bring a deactivated account back, with every consent that is not over by now.

    Returns:
        What waits for a second person, where the account has powers; None where it is back.

    Raises:
        Refusal: those of `find_stoppable`; ``stale_form`` for an account that is not deactivated, or where somebody
            asked already.
    """
    person = await find_stoppable(services, asker, person_id)
    if powers_of(person.role):
        _check_deactivated(person)
        parts = {"person": person_id, "role": str(person.role), "reason": str(reason)}
        wish = Wish(("person", person_id), parts, organisation_id=person.organisation_id)
        return await ask(services, BRING_BACK, asker, wish)
    record = act_of(services, asker.actor_id, "reactivate_person", "person", person_id)
    change = _coming_back(person_id, record, str(reason), await _letters(services, person))
    if not await services.store.run(reactivate_accounts, change):
        raise Refusal("stale_form", detail="not deactivated")
    return None


def _check_deactivated(person: Person) -> None:
    if person.state is not PersonState.DEACTIVATED:
        raise Refusal("stale_form", detail="not deactivated")


def _coming_back(
    person_id: str, record: AdminAction, reason: str, letters: tuple[NewLetter, ...] = ()
) -> AccountChange:
    record = replace(record, reason=reason)
    return AccountChange(person_id, record, letters, approves_from=record.at + POWERS_REST)


async def _describe(services: Services, act: WaitingAct) -> Sequence[ActFact]:
    return (
        (Words("Account"), act.target_id),
        (Words("Role"), ROLE_WORDS[Role(act.parts["role"])]),
        (
            Words("What happens"),
            Words(
                "The account comes back with its powers; for a day it agrees to nothing as a second person."
            ),
        ),
    )


async def _execute(services: Services, act: WaitingAct, _: Administrator) -> Execution:
    person = await find_account(services, act.target_id)
    _check_deactivated(person)
    if person.role != act.parts["role"]:
        raise Refusal("stale_form", detail="the account has another role by now")
    record = effect_of(services, act, "reactivate_person")
    plan = _coming_back(act.target_id, record, act.parts["reason"])
    return Execution(reactivate_accounts, plan, await _letters(services, person))


async def _letters(services: Services, person: Person) -> tuple[NewLetter, ...]:
    """Tell the person what changes; an account that only stands in for another has nobody to tell."""
    if person.state is PersonState.CLOSED or await find_own_email(services, person.person_id) is None:
        return ()
    say, name = partial(translated, person.language), services.settings.service_name
    if person.state is PersonState.DEACTIVATED:
        subject = say("Your %(service)s account is back", service=name)
        what = say(
            "An administrator brought your account back. What you share is shared again as you left it."
        )
        onward = say("See and stop it here:") + f"\n{services.settings.issuer}/connected"
    else:
        subject = say("Your %(service)s account is deactivated", service=name)
        what = say(
            "An administrator deactivated your account, and every browser was signed out. Services that you connected "
            "can read nothing for now. Nothing is deleted."
        )
        onward = say("The links in your letters still stop a service for good.")
    return tuple(
        sealed_letter(
            services, "security", write_letter(services, person.language, to, subject, what, onward)
        )
        for to in (await find_addresses(services, person.person_id)).trusted
    )


BRING_BACK = TwoPeople(
    kind=WaitingKind.BRING_BACK,
    ask=Power.PROVISION_PEOPLE,
    approve=Power.GIVE_POWERS,
    lifetime=3 * DAY,
    title=Words("Bring an account with powers back"),
    describe=_describe,
    execute=_execute,
)
