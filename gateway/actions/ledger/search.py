"""The hand-off log: reading it, which is itself on record, and checking the whole of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.actions.admin_record import condition_names, record_look
from gateway.actions.directory import find_person
from gateway.actions.services import Services
from gateway.ledger.entries import encode_entry
from gateway.ledger.merkle import leaf_hash
from gateway.model.grants import GrantState, IllegalMove, move
from gateway.model.ledger.handoffs import Handoff
from gateway.store.ledger.handoffs import (
    GrantStory,
    HandoffQuery,
    LogSlice,
    SliceQuery,
    StoryQuery,
    count_log,
    find_depths,
    read_slices,
    read_stories,
    search_handoffs,
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class LogSearch:
    """What to search the log by.

    Attributes:
        email: a person's log-in, exactly.
        since: handed off at this second or later; `until`: before this second.
        before: key of the last line of the page before.
    """

    email: str = ""
    partner_id: str | None = None
    field: str | None = None
    endpoint: str | None = None
    since: int | None = None
    until: int | None = None
    before: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class FoundHandoffs:
    """A page of the log, newest first.

    Attributes:
        older: the key from which the next page goes on.
        looked_through: how many were looked through without filling the page; None where all were.
    """

    handoffs: tuple[Handoff, ...]
    older: tuple[int, str] | None
    looked_through: int | None = None


async def read_log(services: Services, actor_id: str, search: LogSearch) -> FoundHandoffs:
    """Search the log; reading it is put on record, with the names of the conditions."""
    await record_look(services, actor_id, "read_log", "log", "all", condition_names(search))
    person_id = await find_person(services, search.email) if search.email else None
    if search.email and person_id is None:
        return FoundHandoffs((), None)
    query = HandoffQuery(
        person_id=person_id,
        partner_id=search.partner_id,
        field=search.field,
        endpoint=search.endpoint,
        since=search.since,
        until=search.until,
        before=search.before,
        limit=PAGE + 1,
    )
    found = await services.store.read(search_handoffs, query)
    shown = tuple(found[:PAGE])
    if len(found) > PAGE:
        return FoundHandoffs(shown, (shown[-1].at, shown[-1].handoff_id))
    depth = await services.store.read(find_depths, query) if query.is_narrow else None
    return FoundHandoffs(shown, depth, query.depth if depth else None)


@dataclass(frozen=True, slots=True)
class LogFault:
    """One thing that should not be: `subject` is a hand-off's or a grant's id."""

    subject: str
    what: str


@dataclass(frozen=True, slots=True)
class LogCheck:
    """What checking the log found."""

    handoffs: int
    grants: int
    faults: tuple[LogFault, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


async def check_log(
    services: Services, progress: Callable[[int, int], None] = lambda done, total: None
) -> LogCheck:
    """Check the whole log, slice by slice: entries, their consent, their order, and every grant's story.

    Args:
        progress: told how many of how many hand-offs and grants are done; the log may grow meanwhile.
    """
    total = sum(await services.store.read(count_log, None))
    faults: list[LogFault] = []
    handoffs = grants = 0
    query: SliceQuery | None = SliceQuery()
    while query is not None:
        found = await services.store.read(read_slices, query)
        faults += (
            LogFault(each.handoff_id, what) for each in found.handoffs for what in _faults(each, found)
        )
        handoffs += len(found.handoffs)
        progress(handoffs, max(total, handoffs))
        last = found.handoffs[-1] if found.handoffs else None
        query = SliceQuery(after=(last.at, last.handoff_id)) if last else None
    story_query: StoryQuery | None = StoryQuery()
    while story_query is not None:
        stories = await services.store.read(read_stories, story_query)
        faults += (LogFault(each.grant_id, what) for each in stories for what in _story_faults(each))
        grants += len(stories)
        progress(handoffs + grants, max(total, handoffs + grants))
        story_query = StoryQuery(after=stories[-1].grant_id) if stories else None
    return LogCheck(handoffs, grants, tuple(faults))


def _faults(handoff: Handoff, found: LogSlice) -> Iterator[str]:
    if leaf_hash(encode_entry(handoff)) != handoff.entry_digest:
        yield "its digest is not that of its content"
    event = found.events.get(handoff.event_id)
    if event is None:
        yield "it names a consent event that is gone"
        return
    if event.grant_id != handoff.grant_id:
        yield "it names a consent event of another grant"
    for each in handoff.items:
        if each.item not in event.items:
            yield f"{each.item.field} for {each.item.purpose} was not granted"
    if event.valid_until is not None and handoff.at >= event.valid_until:
        yield "it came after its consent had run out"
    ended_at = found.ended_at.get(handoff.grant_id)
    if ended_at is not None and handoff.at > ended_at:
        yield "it came after its grant had ended"


def _story_faults(story: GrantStory) -> Iterator[str]:
    """Fold a grant's consent events as its state was: every move must be legal, none may be missing."""
    state: GrantState | None = None
    for count, event in enumerate(story.events, start=1):
        if event.seq != count:
            yield f"consent event {count} is missing"
            return
        try:
            state = move(state, event.type)
        except IllegalMove as error:
            yield f"consent event {count}: {error}"
            return
    last = story.events[-1].event_id if story.events else None
    if (state, len(story.events), last) != (story.state, story.version, story.event_id):
        yield f"it is {story.state}, and its consent events say {state}"
