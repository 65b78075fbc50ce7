"""A new account: sealed fields, a wrapped key, an invitation; one with powers takes two people (promise P7)."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

from gateway.accounts.people_list import ListedPerson
from gateway.actions.accounts.invitations import MadeInvitation, invitation_letter, make_invitation
from gateway.actions.authentication.sessions import login_index
from gateway.actions.letters import sealed_letter
from gateway.actions.services import Services
from gateway.actions.two_people import POWERS_REST, ActFact, Execution, TwoPeople
from gateway.actions.waiting import Wish, ask, effect_of
from gateway.consent.age_policy import is_adult, needs_guardian
from gateway.kit.clock import DAY
from gateway.kit.ids import Kind
from gateway.kit.secrets.sealing import seal
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind
from gateway.model.people import ROLE_WORDS, Power, Role, Whereabouts, roles_with
from gateway.model.profiles import place_of
from gateway.store.accounts.new_accounts import NewPerson, add_new_people
from gateway.store.accounts.organisations import load_organisations
from gateway.store.admin_actions import on_record
from gateway.store.waiting import count_staff
from scopes import masked

_ADD = on_record(add_new_people)
_GIVERS = frozenset(map(str, roles_with(Power.GIVE_POWERS)))


def new_person(
    services: Services,
    listed: ListedPerson,
    invitation: MadeInvitation,
    place: Whereabouts,
    approves_from: int = 0,
) -> NewPerson:
    """Plan an account: nobody but the person ever learns the password.

    Args:
        approves_from: from when on it counts as the second person.
    """
    person_id, now = services.ids(Kind.PERSON), services.clock()
    key = services.seal.new_person_key(person_id)
    opened = services.seal.person_key(person_id, key)
    return NewPerson(
        person_id=person_id,
        organisation_id=listed.organisation,
        role=str(listed.role),
        language=language_of(listed.fields),
        login_index=login_index(services, listed.email),
        key=key,
        fields={
            name: seal(opened, value.encode(), place_of(person_id, name))
            for name, value in listed.fields.items()
        },
        created_at=now,
        invitation=invitation.row,
        needs_guardian=needs_guardian(place, listed.role, _born(listed.fields), now),
        is_adult=is_adult(place, listed.role, _born(listed.fields), now),
        approves_from=approves_from,
    )


def _born(fields: Mapping[str, str]) -> date | None:
    return date.fromisoformat(fields["birthdate"]) if "birthdate" in fields else None


def language_of(fields: Mapping[str, str]) -> str:
    """Give the language of an account that is made."""
    return fields.get("locale", "").partition("-")[0]


async def can_be_first(services: Services, asker: Administrator) -> bool:
    """Tell whether an account with powers takes one person only: at the command line, while no two could agree yet."""
    return asker.role is None and await services.store.read(count_staff, _GIVERS) < 2


async def ask_for_account(services: Services, asker: Administrator, listed: ListedPerson) -> WaitingAct:
    """Ask for an account with powers; until a second person agrees there is none, and no invitation.

    Raises:
        Refusal: ``not_allowed``, or ``stale_form`` where one for the same log-in waits already.
    """
    parts = {"organisation": listed.organisation, "role": str(listed.role)}
    wish = Wish(
        ("organisation", listed.organisation),
        parts,
        subject=login_index(services, listed.email).hex(),
        personal=json.dumps(dict(listed.fields)).encode(),
    )
    return await ask(services, ADD_ACCOUNT, asker, wish)


def _opened(services: Services, act: WaitingAct) -> ListedPerson:
    fields = json.loads(services.seal.opened_request(act.act_id, act.sealed or b""))
    return ListedPerson(0, act.parts["organisation"], Role(act.parts["role"]), fields, None)


async def _describe(services: Services, act: WaitingAct) -> Sequence[ActFact]:
    facts: list[ActFact] = [
        (Words("Role"), ROLE_WORDS[Role(act.parts["role"])]),
        (Words("Organisation"), str(act.parts["organisation"])),
    ]
    if act.sealed is not None:
        # The second person has to see whom it is for; the rest of the address is the person's own.
        facts.append((Words("E-mail address"), masked("email", _opened(services, act).email)))
    return facts


async def _execute(services: Services, act: WaitingAct, second: Administrator) -> Execution:
    listed = _opened(services, act)
    organisations = await services.store.read(load_organisations, None)
    places = {each.organisation_id: each.whereabouts for each in organisations}
    made = make_invitation(services, second.actor_id)
    new = new_person(services, listed, made, places[listed.organisation], services.clock() + POWERS_REST)
    letter = invitation_letter(services, listed.email, made, new.language)
    record = effect_of(services, act, "add_account", role=str(listed.role))
    return Execution(_ADD, (new, record), (sealed_letter(services, "invitation", letter),))


ADD_ACCOUNT = TwoPeople(
    kind=WaitingKind.ADD_ACCOUNT,
    ask=Power.GIVE_POWERS,
    approve=Power.GIVE_POWERS,
    lifetime=7 * DAY,
    title=Words("A new account with powers"),
    describe=_describe,
    execute=_execute,
)
