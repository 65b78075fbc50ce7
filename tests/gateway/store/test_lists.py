"""Lists of administrators and people: a page of them is read in an index's order, however many there are."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Connection, PrimaryKeyConstraint, UniqueConstraint, event

from gateway.store.accounts.erasure import hanging_on_people
from gateway.store.accounts.own_record import SECTIONS
from gateway.store.accounts.people import PeopleQuery, list_people
from gateway.store.consent.complaints import ComplaintQuery, list_complaints
from gateway.store.consent.due_reminders import Due, DuePage, load_due
from gateway.store.consent.grants import (
    GrantQuery,
    _last_handoffs,
    count_live,
    find_grant_depths,
    search_grants,
)
from gateway.store.consent.reminders import begin_digests
from gateway.store.consent.upkeep import Cause, RipePage, load_ripe_grants
from gateway.store.guardians.proposals import ProposalQuery, list_proposals
from gateway.store.ledger.handoffs import HandoffQuery, find_depths, search_handoffs
from tests.world import World

LISTS: dict[str, tuple[Callable[..., Any], Any, str]] = {
    "people of a school": (list_people, PeopleQuery("northfield"), "ix_person_organisation_id_created_at"),
    "all people": (list_people, PeopleQuery(), "ix_person_created_at"),
    "guardians named by a school": (
        list_proposals,
        ProposalQuery("northfield", None, 9),
        "ix_guardian_proposal_organisation_id_created_at",
    ),
    "all guardians named": (
        list_proposals,
        ProposalQuery(None, None, 9),
        "ix_guardian_proposal_created_at",
    ),
    "a person's consents": (search_grants, GrantQuery("per_1"), "ix_consent_grant_person_id_created_at"),
    "a partner's paused consents": (
        search_grants,
        GrantQuery(partner_id="quizco", state="paused"),
        "ix_consent_grant_partner_id_state_created_at",
    ),
    "consents with a field": (search_grants, GrantQuery(field="email"), "ix_consent_grant_created_at"),
    "how far that search has come": (
        find_grant_depths,
        GrantQuery(partner_id="quizco", field="email"),
        "ix_consent_grant_partner_id_created_at",
    ),
    "all consents": (search_grants, GrantQuery(), "ix_consent_grant_created_at"),
    "the log": (search_handoffs, HandoffQuery(), "ix_handoff_at"),
    "a person's hand-offs": (search_handoffs, HandoffQuery(person_id="per_1"), "ix_handoff_person_id_at"),
    "a partner's hand-offs": (search_handoffs, HandoffQuery(partner_id="q"), "ix_handoff_partner_id_at"),
    "hand-offs of a field": (search_handoffs, HandoffQuery(field="email"), "ix_handoff_at"),
    "how far a search has come": (find_depths, HandoffQuery(field="email"), "ix_handoff_at"),
    "all complaints": (list_complaints, ComplaintQuery(), "ix_complaint_opened_at"),
    "how often each consent was used": (_last_handoffs, "gra_1", "ix_handoff_grant_id_at"),
    "grants whose term is over": (load_ripe_grants, RipePage(Cause.OVER, 9), "ix_consent_grant_over"),
    "grants that nobody used": (load_ripe_grants, RipePage(Cause.UNUSED, 9), "ix_consent_grant_unused"),
    "grants with a guardian": (load_ripe_grants, RipePage(Cause.GUARDED, 9), "ix_consent_grant_guarded"),
    "grants of older terms": (
        load_ripe_grants,
        RipePage(Cause.OUTDATED, 9, offer_id="practice-quizzes", version=2),
        "ix_consent_grant_outdated",
    ),
    "who is told of an end": (load_due, DuePage(Due.ENDING, 1, 9), "ix_consent_grant_over"),
    "who is told of disuse": (load_due, DuePage(Due.UNUSED, 1, 9), "ix_consent_grant_unused"),
    "who gets a digest": (load_due, DuePage(Due.DIGEST, 1, 9), "ix_reminder_digest"),
    "whose time until the first digest begins": (begin_digests, (1, 9), "ix_consent_grant_undigested"),
    "how many consents a partner has": (count_live, "quizco", "ix_consent_grant_partner_id_state_created_at"),
}


TABLES = ("person", "guardian_proposal", "consent_grant", "handoff", "partner", "complaint", "reminder")
LISTED = tuple(f"SELECT {each}" for each in (*(f"{name}." for name in TABLES), "anon_"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", LISTS)
def test_a_page_is_read_in_the_order_of_an_index(each_world: World, name: str) -> None:
    """Nothing is sorted that is not sorted already but for what came in the same second."""
    operation, query, index = LISTS[name]

    def explain(connection: Connection, _: object) -> list[list[dict[str, Any]]]:
        plans: list[dict[str, Any]] = []

        def look(_: object, cursor: object, statement: str, values: Any, *rest: object) -> None:
            if statement.startswith(LISTED):
                found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values)
                plans.append(found.scalar_one()[0]["Plan"])

        # A table of a few rows is rightly read whole, and rightly sorted.
        settings = ("enable_seqscan", "enable_sort", "enable_bitmapscan")
        for each in settings:
            connection.exec_driver_sql(f"SET {each} = off")
        event.listen(connection, "before_cursor_execute", look)
        try:
            operation(connection, [query])
        finally:
            event.remove(connection, "before_cursor_execute", look)
            for each in settings:
                connection.exec_driver_sql(f"RESET {each}")
        return [plans]

    plan, *_ = each_world.store(explain, None)
    nodes = list(_nodes(plan))
    assert index in {node.get("Index Name") for node in nodes}
    assert not [node for node in nodes if node["Node Type"] == "Sort"]


def test_whatever_is_asked_for_or_erased_by_its_person_is_found_by_an_index() -> None:
    owned = {each.table.c[each.owner] for each in SECTIONS}
    assert [str(each) for each in sorted({*hanging_on_people(), *owned}, key=str) if not _leads(each)] == []


def _leads(column: Column[Any]) -> bool:
    """Whether an index, or a constraint that has one, begins with the column."""
    keys = [
        each for each in column.table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)
    ]
    return any(list(each.columns)[:1] == [column] for each in (*column.table.indexes, *keys)) or bool(
        column.unique
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
