"""Letters about who answers for a child: none names the child, and none tells whether an address has an account."""

from functools import partial

from gateway.actions.authentication.sessions import find_own_email
from gateway.actions.letters import sealed_content, sealed_letter, write_letter
from gateway.actions.services import Services
from gateway.kit.gettext_catalogues import translated
from gateway.kit.words import Words
from gateway.model.people import Person
from gateway.store.accounts.logins import load_logins_of
from gateway.store.approvals import load_guardians, load_wards
from gateway.store.letters import HOLDING, NewLetter

_NAMED = Words(
    "Your school has named a guardian for you. The link begins when the guardian confirms it from an account."
)
_WITHDRAWN = Words("Your school no longer names this guardian for you. Nothing had begun.")
_CONFIRMED = Words("A guardian confirmed the link to your account, and answers for you from now on.")
_DECLINED = Words("Whoever was named as your guardian said no. Nothing has begun.")
_ENDED = Words(
    "A guardian is no longer linked to your account. What only this guardian had allowed has stopped."
)
_YOURS_ENDED = Words(
    "You are no longer linked to a child as guardian. What only you had allowed has stopped."
)
_ASKED = Words(
    "A school says that you are the guardian of one of its pupils. Nothing begins unless you confirm it."
)

_GROWN = Words("You are of age now and decide alone. Nobody answers for you or sees what you share any more.")
_YOURS_GREW_UP = Words(
    "A child whose guardian you were is of age now and decides alone. You see and answer nothing any more."
)


async def proposed_letters(
    services: Services, child: Person, address: str, guardian: Person | None, proposal_id: str
) -> tuple[NewLetter, ...]:
    """Tell the child, and ask whoever has the address: the same letter, whether it has an account or not."""
    language = guardian.language if guardian else ""
    say = partial(translated, language)
    link = f"{services.settings.issuer}/guardian/asked/{proposal_id}"
    asked = write_letter(
        services,
        language,
        address,
        say("Are you the guardian of a child?"),
        say(_ASKED),
        say("See what it means, then confirm or decline:") + f"\n{link}",
        say("You need an account with this address. If you have none, the school can make one."),
    )
    return (*await _to_person(services, child, _NAMED), sealed_letter(services, "guardian", asked))


async def withdrawn_letters(services: Services, child: Person) -> tuple[NewLetter, ...]:
    """Tell the child."""
    return await _to_person(services, child, _WITHDRAWN)


async def answered_letters(services: Services, child: Person, *, is_yes: bool) -> tuple[NewLetter, ...]:
    """Tell the child what the guardian answered."""
    return await _to_person(services, child, _CONFIRMED if is_yes else _DECLINED)


async def ended_letters(services: Services, child: Person, guardian: Person) -> tuple[NewLetter, ...]:
    """Tell both that a link has ended."""
    return (
        *await _to_person(services, child, _ENDED),
        *await _to_person(services, guardian, _YOURS_ENDED),
    )


async def grown_letters(services: Services, child_id: str) -> tuple[NewLetter, ...]:
    """Tell somebody who came of age, and every guardian; nobody where there was none."""
    guardian_ids = await services.store.read(load_guardians, child_id)
    if not guardian_ids:
        return ()
    letters = await _to_person(services, await _person(services, child_id), _GROWN)
    for each in guardian_ids:
        letters += await _to_person(services, await _person(services, each), _YOURS_GREW_UP)
    return letters


async def ward_letters(services: Services, guardian_id: str) -> tuple[NewLetter, ...]:
    """Tell children that nobody allows it any more, where that is so once this guardian has no say."""
    wards = await services.store.read(load_wards, guardian_id)
    return tuple(sealed_content(services, HOLDING, {"person_id": each.person.person_id}) for each in wards)


async def _person(services: Services, person_id: str) -> Person:
    return (await services.store.read(load_logins_of, person_id)).person


async def _to_person(services: Services, person: Person, sentence: Words) -> tuple[NewLetter, ...]:
    """Write to somebody; an account that only stands in for an address has nobody to read it."""
    address = await find_own_email(services, person.person_id)
    if address is None:
        return ()
    say = partial(translated, person.language)
    letter = write_letter(
        services,
        person.language,
        address,
        say("A change to your %(service)s account", service=services.settings.service_name),
        say(sentence),
        say("If this is not right, tell your school at once."),
    )
    return (sealed_letter(services, "guardian", letter),)
