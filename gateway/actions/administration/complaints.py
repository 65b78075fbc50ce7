"""Administrators and complaints: the list, and an answer that the person sees (promise P17)."""

from dataclasses import dataclass

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.complaints import ComplaintAnswer
from gateway.model.people import Person
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.complaints import (
    Complaint,
    ComplaintQuery,
    NewComplaintAnswer,
    answer_complaints,
    count_open_complaints,
    find_complaints,
    list_complaints,
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class FoundComplaints:
    """A page of complaints, newest first; `older` is the key from which the next page goes on."""

    complaints: tuple[Complaint, ...]
    older: tuple[int, str] | None


async def see_complaints(services: Services, query: ComplaintQuery) -> FoundComplaints:
    """List complaints; the query's own limit is the page's."""
    found = await services.store.read(list_complaints, query)
    shown = tuple(found[: query.limit - 1])
    older = (shown[-1].opened_at, shown[-1].complaint_id) if len(found) == query.limit else None
    return FoundComplaints(shown, older)


async def count_open(services: Services) -> int:
    """Count the complaints that wait for an end."""
    return await services.store.read(count_open_complaints, None)


async def answer_complaint(
    services: Services, administrator: Person, complaint_id: str, answer: ComplaintAnswer
) -> None:
    """Answer a complaint: that somebody is looking at it keeps it open, and every other answer closes it.

    Raises:
        Refusal: ``not_found`` for an unknown one, ``stale_form`` for one that was closed or has this answer.
    """
    if await services.store.read(find_complaints, complaint_id) is None:
        raise Refusal("not_found", detail="unknown complaint")
    action = AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=administrator.person_id,
        action="answer_complaint",
        target_kind="complaint",
        target_id=complaint_id,
        at=services.clock(),
        detail={"answer": str(answer)},
    )
    if not await services.store.run(answer_complaints, NewComplaintAnswer(complaint_id, str(answer), action)):
        raise Refusal("stale_form", detail="the complaint was answered in the meantime")
