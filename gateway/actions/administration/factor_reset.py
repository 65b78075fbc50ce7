"""A lost second factor: one administrator asks to take it away, another agrees, and the person sets up a new one."""

from collections.abc import Sequence
from functools import partial

from gateway.actions.authentication.enrolment import enrolment_link
from gateway.actions.authentication.same_person import is_same_person
from gateway.actions.authentication.sessions import find_addresses
from gateway.actions.directory import find_account, find_in_reach
from gateway.actions.letters import sealed_letter, write_letter
from gateway.actions.services import Services
from gateway.actions.two_people import ActFact, Execution, TwoPeople
from gateway.actions.waiting import Wish, ask, effect_of
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.gettext_catalogues import translated
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind
from gateway.model.people import ROLE_WORDS, Person, Power, powers_of
from gateway.store.administration.administrators import FactorReset, have_factors, reset_factors
from gateway.store.letters import NewLetter

LINK_TTL = DAY
"""Seconds in which the letter's own link sets up the next factor; later ones are sent after a log-in."""


async def find_resettable(services: Services, asker: Administrator, person_id: str) -> Person:
    """Find the account whose factor an administrator may ask to take away.

    Raises:
        Refusal: ``not_found`` for an account that is unknown or of another school; ``not_allowed`` for one's own.
    """
    person = await find_in_reach(services, asker, person_id)
    is_own = asker.role is not None and await is_same_person(services, asker.actor_id, person_id)
    if is_own:
        raise Refusal("not_allowed", detail="one's own factor is for others to take away")
    return person


async def ask_for_reset(services: Services, asker: Administrator, person_id: str, why: str) -> WaitingAct:
    """Ask that a lost second factor is taken away.

    Raises:
        Refusal: those of `find_resettable`; ``stale_form`` for somebody who has none, or where one asked already.
    """
    person = await find_resettable(services, asker, person_id)
    if not await services.store.read(have_factors, person_id):
        raise Refusal("stale_form", detail="there is no second factor")
    wish = Wish(("person", person_id), {"person": person_id}, why=why, organisation_id=person.organisation_id)
    return await ask(services, RESET_FACTOR, asker, wish)


async def _describe(services: Services, act: WaitingAct) -> Sequence[ActFact]:
    person = await find_account(services, act.target_id)
    return (
        (Words("Account"), person.person_id),
        (Words("Role"), ROLE_WORDS[person.role]),
        (
            Words("What happens"),
            Words(
                "All passkeys, the app and the recovery codes are taken away, and every browser is signed out."
            ),
        ),
    )


async def _execute(services: Services, act: WaitingAct, _: Administrator) -> Execution:
    person = await find_account(services, act.target_id)
    record = effect_of(services, act, "reset_second_factor")
    return Execution(reset_factors, FactorReset(person.person_id, record), await _letters(services, person))


async def _letters(services: Services, person: Person) -> tuple[NewLetter, ...]:
    say, name = partial(translated, person.language), services.settings.service_name
    what = say("Two administrators took your second factor away, and every browser was signed out.")
    if powers_of(person.role):
        onward = (
            say("Set up a new one here, after you have signed in with your password:")
            + f"\n{await enrolment_link(services, person, LINK_TTL)}"
        )
    else:
        onward = say("From now on your password alone lets you in.")
    return tuple(
        sealed_letter(
            services,
            "security",
            write_letter(
                services,
                person.language,
                to,
                say("A change to your %(service)s account", service=name),
                what,
                onward,
                say("If you did not ask for this, choose a new password at once and tell us:")
                + f"\n{services.settings.issuer}/recover",
            ),
        )
        for to in (await find_addresses(services, person.person_id)).trusted
    )


RESET_FACTOR = TwoPeople(
    kind=WaitingKind.RESET_FACTOR,
    ask=Power.PROVISION_PEOPLE,
    approve=Power.GIVE_POWERS,
    lifetime=3 * DAY,
    title=Words("Take a lost second factor away"),
    describe=_describe,
    execute=_execute,
)
