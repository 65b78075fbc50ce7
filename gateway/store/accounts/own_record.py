"""A person's own rows, table by table, and for each table that stays out of the record the reason why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Table, select

from gateway.store import tables


@dataclass(frozen=True, slots=True)
class RecordSection:
    """One table of the record.

    Attributes:
        owner: the column that names the person.
        columns: what the record shows; digests, keys and sealed values are never among them.
    """

    name: str
    table: Table
    owner: str
    columns: tuple[str, ...]


SECTIONS = (
    RecordSection(
        "account",
        tables.person,
        "person_id",
        ("role", "state", "language", "timezone", "organisation_id", "needs_guardian", "created_at"),
    ),
    RecordSection(
        "profile", tables.person_field, "person_id", ("field", "source", "verified_at", "changed_at")
    ),
    RecordSection("invitations", tables.invitation, "person_id", ("created_at", "expires_at", "used_at")),
    RecordSection("passwords", tables.credential, "person_id", ("kind", "changed_at")),
    RecordSection("passkeys", tables.passkey, "person_id", ("created_at", "used_at")),
    RecordSection("code_generators", tables.one_time_password, "person_id", ("created_at",)),
    RecordSection("recovery_codes", tables.recovery_code, "person_id", ("used_at",)),
    RecordSection(
        "sessions",
        tables.session,
        "person_id",
        ("created_at", "auth_time", "last_seen_at", "acr", "agent", "ended_at"),
    ),
    RecordSection(
        "links_by_mail", tables.mail_link, "person_id", ("created_at", "kind", "expires_at", "used_at")
    ),
    RecordSection("reminders", tables.reminder, "person_id", ("at", "kind", "about")),
    RecordSection("guardians", tables.guardian_link, "child_id", ("created_at", "method", "state")),
    RecordSection(
        "named_guardians",
        tables.guardian_proposal,
        "child_id",
        ("created_at", "method", "state", "expires_at"),
    ),
    RecordSection("children", tables.guardian_link, "guardian_id", ("created_at", "method", "state")),
    RecordSection(
        "answers_as_guardian", tables.approval, "decided_by", ("decided_at", "kind", "target_id", "decision")
    ),
    RecordSection("school_requests", tables.school_request, "person_id", ("asked_at", "partner_id")),
    RecordSection(
        "notices_shown",
        tables.notice_served,
        "person_id",
        ("served_at", "notice_id", "client_id", "surface", "language"),
    ),
    RecordSection(
        "private_addresses",
        tables.relay_address,
        "person_id",
        ("partner_id", "created_at", "letters", "last_at"),
    ),
)

BY_STORY = frozenset(
    {
        tables.contact,
        tables.contact_event,
        tables.contact_view,
        tables.consent_grant,
        tables.grant_item,
        tables.consent_event,
        tables.handoff,
        tables.complaint,
        tables.deletion_request,
    }
)
"""Tables that the record tells consent by consent, and contact by contact."""

LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "person_key": "The key that the profile is sealed with opens values; the profile page shows them.",
        "preference": "Each preference is told as it stands, also where no row says so.",
        "grant_use": "It numbers hand-offs, which are all told.",
        "receipt": "It is signed from an event that is told, and downloaded at its service.",
        "pushed_request": "What a partner asks, for minutes; whose answer used it up is a digest that opens to nobody.",
        "authorization_code": "A secret's digest for a minute; what was read with it is a hand-off.",
        "access_token": "A secret's digest; what was read with it is a hand-off.",
        "refresh_token": "A secret's digest; what was read with it is a hand-off.",
        "logout_delivery": "A partner's name for somebody who signed out, until the partner was told.",
        "admin_action": "Acts in office stand in the log; one's own choices are told as they stand.",
        "org_policy": "A school's decision, made in office.",
        "manifest_version": "A partner's terms; who submitted them did so in office.",
        "waiting_act": "Asked for and decided in office; what it holds under seal goes when it is over.",
        "log_pending": "The log's queue of what is told already.",
    }
)
"""Tables that name a person, or something of theirs, and stay out: each with its reason."""


def load_own_rows(
    connection: Connection, person_ids: Sequence[str]
) -> Sequence[dict[str, list[dict[str, Any]]]]:
    """Load the rows of each person, by section (GDPR Art. 15)."""
    return [{each.name: _rows(connection, each, person_id) for each in SECTIONS} for person_id in person_ids]


def _rows(connection: Connection, section: RecordSection, person_id: str) -> list[dict[str, Any]]:
    shown = [section.table.c[name] for name in section.columns]
    statement = select(*shown).where(section.table.c[section.owner] == person_id).order_by(*shown)
    return [dict(row._mapping) for row in connection.execute(statement)]
