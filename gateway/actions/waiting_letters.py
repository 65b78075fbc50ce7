"""Letters about what waits for a second person: to whoever may agree, and to whoever asked."""

from functools import partial

from gateway.actions.authentication.sessions import find_email
from gateway.actions.letters import sealed_letter, times_note, write_letter
from gateway.actions.services import Services
from gateway.actions.two_people import TwoPeople, administrator_of, why_not
from gateway.kit.gettext_catalogues import translated, written_day
from gateway.kit.zones import local_day
from gateway.model.administration.waiting import WaitingAct, WaitingState
from gateway.model.people import PERSON_PREFIX, Person, PersonState, Role, powers_of, roles_with
from gateway.store.accounts.logins import load_logins_of
from gateway.store.letters import NewLetter
from gateway.store.waiting import load_staff


async def alarm(services: Services, rule: TwoPeople, act: WaitingAct) -> tuple[NewLetter, ...]:
    """Write to everybody with powers that one person did alone what takes two."""
    roles = frozenset(str(role) for role in Role if powers_of(role))
    letters = []
    for person in await services.store.read(load_staff, roles):
        say = partial(translated, person.language)
        letters.append(
            await _letter(
                services,
                rule,
                person,
                say(
                    "One person did this alone, on the machine itself, though it takes two. "
                    "If you do not know why, ask at once."
                ),
                f"{services.settings.issuer}/admin/waiting/{act.act_id}",
            )
        )
    return tuple(letters)


async def calls(services: Services, rule: TwoPeople, act: WaitingAct) -> tuple[NewLetter, ...]:
    """Write to everybody who could be the second person."""
    staff = await services.store.read(load_staff, frozenset(map(str, roles_with(rule.approve))))
    letters = []
    for person in staff:
        if await why_not(services, rule, act, administrator_of(person)) is None:
            say = partial(translated, person.language)
            letters.append(
                await _letter(
                    services,
                    rule,
                    person,
                    say(
                        "An administrator asked for this. It takes a second person, and you may be that person:"
                    ),
                    f"{services.settings.issuer}/admin/waiting/{act.act_id}",
                    say(
                        "Without an answer it runs out on %(day)s.",
                        day=written_day(person.language, local_day(act.expires_at, services.zone_of(person))),
                    )
                    + " "
                    + times_note(person.language, services.zone_of(person)),
                )
            )
    return tuple(letters)


async def news(
    services: Services, rule: TwoPeople, act: WaitingAct, state: WaitingState
) -> tuple[NewLetter, ...]:
    """Tell whoever asked how it ended; the command line has no letter-box."""
    if not act.asked_by.startswith(PERSON_PREFIX):
        return ()
    asker = (await services.store.read(load_logins_of, act.asked_by)).person
    if asker.state is PersonState.CLOSED:
        return ()
    say = partial(translated, asker.language)
    how = {
        WaitingState.APPROVED: say("A second person agreed. It is done."),
        WaitingState.REFUSED: say("A second person refused. Nothing was changed."),
        WaitingState.EXPIRED: say("Nobody agreed in time. Nothing was changed."),
    }[state]
    link = f"{services.settings.issuer}/admin/waiting/{act.act_id}"
    return (await _letter(services, rule, asker, say("You asked for this:"), link, how),)


async def _letter(services: Services, rule: TwoPeople, to: Person, *paragraphs: str) -> NewLetter:
    say, title = partial(translated, to.language), translated(to.language, rule.title)
    letter = write_letter(
        services,
        to.language,
        await find_email(services, to.person_id),
        say("Waiting for a second person: %(what)s", what=title),
        title,
        *paragraphs,
    )
    return sealed_letter(services, "waiting", letter)
