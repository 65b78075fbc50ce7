"""An administrator links a guardian to a child, or ends the link; it never answers for either (promises P9, P17)."""

from dataclasses import dataclass, replace
from functools import partial

from gateway.actions.admin_record import act_of
from gateway.actions.letters import sealed_letter, write_letter
from gateway.actions.services import Services
from gateway.actions.sessions import find_email, login_index
from gateway.consent.approvals import Verdict, verdict
from gateway.consent.decisions import Actor, end
from gateway.kit.catalogues import translated
from gateway.kit.errors import Refusal
from gateway.kit.words import Words
from gateway.model.grants import ActorKind, GrantState, ReasonCode
from gateway.model.people import Person, Role
from gateway.store import consents
from gateway.store.admin_actions import AdminAction
from gateway.store.grants import Change
from gateway.store.guardian_links import (
    Guarded,
    LinkEnd,
    NewLink,
    StandingLink,
    begin_links,
    end_links,
    load_links,
)
from gateway.store.letters import NewLetter
from gateway.store.people import load_logins, load_logins_of

TRIES = 5
"""An end is tried again when a grant of the child changed meanwhile: it must not be lost."""
UNKNOWN = Words("There is no account with this address.")
METHODS = ("in_person", "documents", "digital_locker", "video_call")
"""How a guardian can be verified; a closed list, for it stands in the log."""
MAXIMUM_EVIDENCE = 200


@dataclass(frozen=True, slots=True)
class Linking:
    """Who acts on which link.

    Attributes:
        organisation_id: the only organisation whose children the administrator looks after; None for all.
        child: log-in.
        guardian: log-in.
    """

    actor_id: str
    organisation_id: str | None
    child: str
    guardian: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing was changed: what was given wrongly, and words for it."""

    field: str
    words: Words


@dataclass(frozen=True, slots=True)
class _Pair:
    child: Person
    guardian: Person

    @property
    def key(self) -> tuple[str, str]:
        return self.child.person_id, self.guardian.person_id


async def link_guardian(services: Services, linking: Linking, method: str, evidence: str) -> Fault | None:
    """Link a guardian to a child, with how it was verified; both are told by letter.

    Returns:
        What is wrong; None when the link stands.
    """
    if method not in METHODS:
        return Fault("method", Words("Say how the guardian was verified."))
    if not evidence or len(evidence) > MAXIMUM_EVIDENCE or not evidence.isprintable():
        return Fault("evidence", Words("Say in one short line where the evidence is kept."))
    pair = await _find(services, linking)
    if isinstance(pair, Fault):
        return pair
    if pair.child.person_id == pair.guardian.person_id:
        return Fault("guardian", Words("Nobody is their own guardian."))
    if pair.guardian.person_id == linking.actor_id:
        return Fault("guardian", Words("Somebody else has to link you."))
    letters = await _letters(services, pair, begins=True)
    act = _act(services, linking, pair, "link_guardian", method=method)
    new = NewLink(*pair.key, method, evidence, act, letters)
    if not await services.store.run(begin_links, new):
        return Fault("guardian", Words("They are linked already."))
    return None


async def unlink_guardian(services: Services, linking: Linking) -> Fault | None:
    """End a link, and with it every grant that stands on this guardian's yes alone; both are told by letter.

    Returns:
        What is wrong; None when the link has ended.

    Raises:
        Refusal: ``temporarily_unavailable`` when the child's grants change too often.
    """
    pair = await _find(services, linking)
    if isinstance(pair, Fault):
        return pair
    letters = await _letters(services, pair, begins=False)
    for _ in range(TRIES):
        link = await services.store.read(load_links, pair.key)
        if link is None:
            return Fault("guardian", Words("They are not linked."))
        plan = _end_of(services, linking, pair, link, letters)
        if await services.store.run(end_links, plan) is consents.Verdict.DONE:
            return None
    raise Refusal("temporarily_unavailable", detail="the child's grants change too often")


async def _find(services: Services, linking: Linking) -> _Pair | Fault:
    indexes = [login_index(services, each) for each in (linking.child, linking.guardian)]
    child, guardian = [await services.store.read(load_logins, index) for index in indexes]
    # A child of another school looks like one that is not there.
    if child is None or linking.organisation_id not in (None, child.person.organisation_id):
        return Fault("child", UNKNOWN)
    if child.person.role is not Role.STUDENT:
        return Fault("child", Words("A guardian is linked to a student."))
    if guardian is None:
        return Fault("guardian", UNKNOWN)
    return _Pair(child.person, guardian.person)


def _end_of(
    services: Services, linking: Linking, pair: _Pair, link: StandingLink, letters: tuple[NewLetter, ...]
) -> LinkEnd:
    now = services.clock()
    actor = Actor(ActorKind.ADMIN, linking.actor_id, "administration")
    reason = ReasonCode.ADMIN_CORRECTION
    outcomes = [
        end(each.grant, actor, reason, now=now, ids=services.ids)
        for each in link.grants
        if _stands_on(each, pair.guardian.person_id)
    ]
    return LinkEnd(
        *pair.key,
        seen={each.grant.grant_id: each.grant.version for each in link.grants},
        changes=tuple(Change(each.grant, each.event, now, reason) for each in outcomes),
        action=_act(services, linking, pair, "unlink_guardian", ended=len(outcomes)),
        letters=letters,
    )


def _stands_on(guarded: Guarded, guardian_id: str) -> bool:
    others = [each for each in guarded.approvals if each.guardian_id != guardian_id]
    return guarded.grant.state is not GrantState.WAITING and verdict(others) is not Verdict.ALLOWED


def _act(services: Services, linking: Linking, pair: _Pair, act: str, **detail: str | int) -> AdminAction:
    """Make the record, on the child's account; the evidence itself stays with the link."""
    known = {"guardian": pair.guardian.person_id, **detail}
    return replace(act_of(services, linking.actor_id, act, "person", pair.child.person_id), detail=known)


async def _letters(services: Services, pair: _Pair, *, begins: bool) -> tuple[NewLetter, ...]:
    letters = []
    for whose, person in (("child", pair.child), ("guardian", pair.guardian)):
        language = (await services.store.read(load_logins_of, person.person_id)).person.language
        say = partial(translated, language)
        sentence = {
            ("child", True): say("A guardian was linked to your account."),
            ("child", False): say(
                "A guardian is no longer linked to your account. What only this guardian had allowed has stopped."
            ),
            ("guardian", True): say(
                "You were linked to a child as guardian. Here you find what waits for you:"
            )
            + f"\n{services.settings.issuer}/guardian",
            ("guardian", False): say(
                "You are no longer linked to a child as guardian. What only you had allowed has stopped."
            ),
        }[whose, begins]
        letter = write_letter(
            services,
            language,
            await find_email(services, person.person_id),
            say("A change to your %(service)s account", service=services.settings.service_name),
            sentence,
            say("If this is not right, tell your school at once."),
        )
        letters.append(sealed_letter(services, "guardian", letter))
    return tuple(letters)
