"""What holds a person's consents back now, and what is on record of it (promises P4, P9 and P17)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from gateway.actions.services import Services
from gateway.consent.locks import Hold, why_held_back
from gateway.consent.pauses import Pause, PauseCause, PauseStory, pause_of
from gateway.kit.gettext_catalogues import translated
from gateway.kit.words import Words
from gateway.model.administration.actions import AdminAction
from gateway.store.admin_actions import load_actions, load_pause_acts
from gateway.store.consent.grants import GrantDetail, GrantLine
from gateway.store.guardians.ages import find_birth_entries
from gateway.store.oauth.grounds import load_grounds

LET_ASK_AGAIN = "let_ask_again"
"""The act that forgets a remembered no."""
PAUSE_WORDS: Mapping[PauseCause, tuple[Words, Words]] = MappingProxyType(
    {
        PauseCause.YOU: (Words("You paused it."), Words("It goes on when you say so.")),
        PauseCause.ACCOUNT: (
            Words("The account is deactivated."),
            Words("It goes on when an administrator brings the account back."),
        ),
        PauseCause.WISH: (
            Words("Your guardian has not answered yet."),
            Words("It goes on when your guardian says yes."),
        ),
        PauseCause.GUARDIANS: (
            Words("No guardian of yours allows it now."),
            Words("Ask your guardian. If you have none, ask your school."),
        ),
        PauseCause.BASIS: (
            Words("By your date of birth, a guardian decides with you."),
            Words(
                "Use it again at %(brand)s, and we ask your guardian. If the date is wrong, tell your school."
            ),
        ),
        PauseCause.AGE: (
            Words("You are of age now. What your guardian allowed no longer counts."),
            Words("Use it again at %(brand)s to decide for yourself."),
        ),
        PauseCause.SCHOOL: (Words("Your school does not allow %(brand)s now."), Words("Ask your school.")),
        PauseCause.TERMS: (
            Words("%(brand)s changed its terms."),
            Words("Use it again at %(brand)s to see what changes, and answer."),
        ),
        PauseCause.USES: (
            Words("It was read as often as you allowed."),
            Words("To allow more, use it again at %(brand)s."),
        ),
        PauseCause.COMPLAINTS: (
            Words("People say that %(brand)s showed them ads. We paused it for all."),
            Words("It goes on when we have looked into it. You need do nothing."),
        ),
        PauseCause.BRAKE: (
            Words("We paused %(brand)s for everybody."),
            Words("It goes on when we have looked into it. You need do nothing."),
        ),
        PauseCause.ENDING: (
            Words("%(brand)s will end here soon, for all."),
            Words("What you share with it ends with it. You need do nothing."),
        ),
    }
)
"""For each cause: who and why, and the way on; said by pages and letters alike."""


async def see_pauses(services: Services, lines: Iterable[GrantLine]) -> dict[str, Pause]:
    """Tell what holds consents back now, by grant; those that are over, or not held back, are absent."""
    stories = await _stories(services, lines)
    return {grant_id: pause_of(hold, story) for grant_id, (hold, story) in stories.items()}


async def _stories(services: Services, lines: Iterable[GrantLine]) -> dict[str, tuple[Hold, PauseStory]]:
    now = services.clock()
    live = {line.grant.grant_id: line for line in lines if line.over_at(now) is None}
    grounds = await services.store.read(load_grounds, frozenset(live)) if live else {}
    acts: dict[tuple[str, str], list[AdminAction]] = {}
    found = {}
    for grant_id, ground in sorted(grounds.items()):
        line = live[grant_id]
        hold = why_held_back(ground, services.registry) or (Hold.USES if line.is_used_up else None)
        if hold is None:
            continue
        place = (line.grant.partner_id, line.organisation_id)
        if hold in (Hold.BRAKE, Hold.SCHOOL) and place not in acts:
            acts[place] = await services.store.read(load_pause_acts, place)
        born_at = (
            await services.store.read(find_birth_entries, line.grant.person_id)
            if hold is Hold.BASIS
            else None
        )
        offer = services.registry.offers[line.grant.offer_id]
        story = PauseStory(
            line.grant, offer, (line.latest,), acts.get(place, []), line.last_handoff_at, born_at
        )
        found[grant_id] = hold, story
    return found


async def see_pause(services: Services, detail: GrantDetail) -> Pause | None:
    """Tell what holds one consent back now; None where nothing does."""
    for hold, story in (await _stories(services, [detail.line])).values():
        return pause_of(hold, replace(story, events=detail.events))
    return None


async def see_acts(services: Services, line: GrantLine) -> tuple[AdminAction, ...]:
    """List what was decided about a consent by no event of its own.

    What held everybody's consents back while it stood, or a school's, and let them go on; and that a no was forgotten.
    """
    acts = await services.store.read(load_pause_acts, (line.grant.partner_id, line.organisation_id))
    over_at = line.over_at(services.clock())
    own = await services.store.read(load_actions, ("grant", line.grant.grant_id))
    return (
        *(each for each in acts if line.created_at <= each.at and (over_at is None or each.at <= over_at)),
        *(each for each in own if each.action == LET_ASK_AGAIN),
    )


def pause_sentences(cause: PauseCause, language: str, brand: str) -> tuple[str, str]:
    """Say who holds a consent back and why, and the way on."""
    why, way = PAUSE_WORDS[cause]
    return translated(language, why.template, brand=brand), translated(language, way.template, brand=brand)
