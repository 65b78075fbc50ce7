"""A school's gate: what it says to each partner, and who of its members asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.engine.registry import bump_version
from gateway.store.engine.statements import insert_once, upsert
from gateway.store.letters import NewLetter, post_letters
from gateway.store.tables import org_policy, school_request


@dataclass(frozen=True, slots=True)
class NewGate:
    """A school's decision about a partner, with the letters that tell of it; it answers every request that waits."""

    organisation_id: str
    partner_id: str
    decision: str
    action: AdminAction
    letters: tuple[NewLetter, ...] = ()


def set_gates(connection: Connection, gates: Sequence[NewGate]) -> Sequence[None]:
    """Set gates: they act on the next read, on every node."""
    for each in gates:
        if did_act(connection, each.action):
            continue
        row = {
            "organisation_id": each.organisation_id,
            "partner_id": each.partner_id,
            "decision": each.decision,
            "decided_by": each.action.actor_id,
            "decided_at": each.action.at,
        }
        upsert(connection, org_policy, [row])
        connection.execute(
            delete(school_request).where(
                school_request.c.organisation_id == each.organisation_id,
                school_request.c.partner_id == each.partner_id,
            )
        )
        append_actions(connection, [each.action])
        post_letters(connection, each.letters)
    bump_version(connection)
    return [None] * len(gates)


@dataclass(frozen=True, slots=True)
class GateLine:
    """What a school has decided about a partner, and how many of its members wait for an answer."""

    partner_id: str
    decided_at: int | None
    waiting: int


def load_gates(connection: Connection, organisation_ids: Sequence[str]) -> Sequence[list[GateLine]]:
    """Load what each school decided and was asked."""
    return [_lines(connection, organisation_id) for organisation_id in organisation_ids]


def _lines(connection: Connection, organisation_id: str) -> list[GateLine]:
    decided = select(org_policy.c.partner_id, org_policy.c.decided_at).where(
        org_policy.c.organisation_id == organisation_id
    )
    asked = (
        select(school_request.c.partner_id, func.count())
        .where(school_request.c.organisation_id == organisation_id)
        .group_by(school_request.c.partner_id)
    )
    times: dict[str, int] = {row[0]: row[1] for row in connection.execute(decided)}
    counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(asked)}
    return [
        GateLine(partner_id, times.get(partner_id), counts.get(partner_id, 0))
        for partner_id in sorted({*times, *counts})
    ]


@dataclass(frozen=True, slots=True)
class SchoolRequest:
    """A member's wish that the school opens a partner."""

    organisation_id: str
    partner_id: str
    person_id: str
    asked_at: int


def ask_schools(connection: Connection, requests: Sequence[SchoolRequest]) -> Sequence[None]:
    """Keep requests; asking twice is asking once."""
    rows = [
        {
            "organisation_id": each.organisation_id,
            "partner_id": each.partner_id,
            "person_id": each.person_id,
            "asked_at": each.asked_at,
        }
        for each in requests
    ]
    insert_once(connection, school_request, rows)
    return [None] * len(requests)
