"""Partners: submitted manifests, states, and what goes live by an approval."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from gateway.model.administration.waiting import WaitingKind
from gateway.model.registry import Notice
from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.engine.registry import bump_version, notice_from_row
from gateway.store.engine.statements import Lists, PreparedStatement, did_insert, insert_once
from gateway.store.letters import NewLetter, post_letters
from gateway.store.tables import (
    client,
    complaint,
    manifest_version,
    notice_version,
    offer,
    offer_version,
    partner,
)
from gateway.store.waiting import let_lapse


@dataclass(frozen=True, slots=True)
class Submission:
    """A manifest to keep for review; what is live stays as it is."""

    partner_id: str
    partner_content: str
    content: str
    submitted_by: str
    at: int


def submit_manifests(connection: Connection, submissions: Sequence[Submission]) -> Sequence[int | None]:
    """Keep manifests as new versions; None where the newest version says the same already."""
    outcomes = [_submit(connection, each) for each in submissions]
    if any(version is not None for version in outcomes):
        bump_version(connection)
    return outcomes


def _submit(connection: Connection, new: Submission) -> int | None:
    row = {
        "partner_id": new.partner_id,
        "state": "draft",
        "content": new.partner_content,
        "changed_at": new.at,
    }
    insert_once(connection, partner, [row])
    own = partner.c.partner_id == new.partner_id
    # Two submissions at once would take the same number, and one of them would be lost: the second waits here.
    connection.execute(select(partner.c.partner_id).where(own).with_for_update())
    digest = hashlib.sha256(new.content.encode()).digest()
    newest = connection.execute(
        select(manifest_version.c.version, manifest_version.c.sha256)
        .where(manifest_version.c.partner_id == new.partner_id)
        .order_by(manifest_version.c.version.desc())
        .limit(1)
    ).first()
    if newest and newest.sha256 == digest:
        return None
    version: int = newest.version + 1 if newest else 1
    insert_once(
        connection,
        manifest_version,
        [
            {
                "partner_id": new.partner_id,
                "version": version,
                "content": new.content,
                "sha256": digest,
                "submitted_by": new.submitted_by,
                "submitted_at": new.at,
            }
        ],
    )
    connection.execute(update(partner).where(own).values(pending_manifest=version))
    # A yes belongs to one text, so requests about the text before end and have to be made anew.
    let_lapse(connection, WaitingKind.GO_LIVE, new.partner_id, new.submitted_by, new.at)
    # Until something is live, a partner is what its newest manifest says.
    connection.execute(
        update(partner).where(own, partner.c.live_manifest.is_(None)).values(content=new.partner_content)
    )
    return version


@dataclass(frozen=True, slots=True)
class PartnerRecord:
    """A partner as administrators see it.

    Attributes:
        opened_at: when it went live, or was resumed, for the last time.
        ends_at: when it ends for good; until then that can be called off, and the state before comes back.
    """

    partner_id: str
    state: str
    content: str
    live_manifest: int | None
    pending_manifest: int | None
    changed_at: int
    opened_at: int | None = None
    ends_at: int | None = None
    end_by: str | None = None
    end_reason: str | None = None
    state_before_end: str | None = None
    manifests: tuple["ManifestRecord", ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestRecord:
    """One submitted manifest."""

    version: int
    content: str
    submitted_by: str
    submitted_at: int


def load_partners(connection: Connection, partner_ids: Sequence[str | None]) -> Sequence[list[PartnerRecord]]:
    """Load a partner with its manifests, or, for None, every partner without them."""
    outcomes = []
    for partner_id in partner_ids:
        statement = select(partner).order_by(partner.c.partner_id)
        if partner_id is not None:
            statement = statement.where(partner.c.partner_id == partner_id)
        rows = connection.execute(statement).all()
        manifests = _manifests(connection, partner_id) if partner_id is not None else ()
        outcomes.append([PartnerRecord(**row._mapping, manifests=manifests) for row in rows])
    return outcomes


def _manifests(connection: Connection, partner_id: str) -> tuple[ManifestRecord, ...]:
    column = manifest_version.c
    statement = (
        select(column.version, column.content, column.submitted_by, column.submitted_at)
        .where(column.partner_id == partner_id)
        .order_by(column.version.desc())
    )
    return tuple(ManifestRecord(**row._mapping) for row in connection.execute(statement))


@dataclass(frozen=True, slots=True)
class StateChange:
    """A partner's move from one state to another, with the act behind it, and the letters that tell of it."""

    partner_id: str
    before: str
    after: str
    at: int
    action: AdminAction
    letters: tuple[NewLetter, ...] = ()


def move_partners(connection: Connection, changes: Sequence[StateChange]) -> Sequence[bool]:
    """Move partners; False where the state was no longer the one that was seen."""
    outcomes = [did_act(connection, each.action) or _move(connection, each) for each in changes]
    if any(outcomes):
        bump_version(connection)
    return outcomes


def _move(connection: Connection, change: StateChange) -> bool:
    statement = (
        update(partner)
        .where(
            partner.c.partner_id == change.partner_id,
            partner.c.state == change.before,
            # What is about to end only ends, or is called off.
            partner.c.ends_at.is_(None),
        )
        .values(state=change.after, changed_at=change.at)
        .returning(partner.c.partner_id)
    )
    if connection.execute(statement).first() is None:
        return False
    if change.after == "live" and change.before != "live":
        _open(connection, change)
    if change.after == "draft":
        let_lapse(
            connection, WaitingKind.GO_LIVE, change.partner_id, change.action.actor_id, change.action.at
        )
    append_actions(connection, [change.action])
    post_letters(connection, change.letters)
    return True


def _open(connection: Connection, change: StateChange) -> None:
    """Begin anew: earlier complaints were looked at and count for the brake no more, so their people are forgotten."""
    own = partner.c.partner_id == change.partner_id
    connection.execute(update(partner).where(own).values(opened_at=change.at))
    braking = (complaint.c.partner_id == change.partner_id, complaint.c.brakes)
    connection.execute(update(complaint).where(*braking).values(brakes=False, marks=""))


@dataclass(frozen=True, slots=True)
class LiveClient:
    """A client that goes live."""

    client_id: str
    content: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer version that goes live, with its notices."""

    offer_id: str
    version: int
    content: str
    material: bool
    notices: tuple[Notice, ...]
    diff: str


@dataclass(frozen=True, slots=True)
class Publication:
    """The plan of approving one submitted manifest: everything it names goes live at once."""

    change: StateChange
    manifest_version: int
    partner_content: str
    clients: tuple[LiveClient, ...]
    offers: tuple[OfferRow, ...]


def publish_manifests(connection: Connection, publications: Sequence[Publication]) -> Sequence[bool]:
    """Publish manifests, each whole or not at all.

    False where the state or the manifest under review changed in the meantime, where
    another partner holds an id that the manifest names, and where an offer version of that number stands already.
    """
    outcomes = []
    for each in publications:
        with connection.begin_nested() as savepoint:
            done = did_act(connection, each.change.action) or _publish(connection, each)
            if not done:
                savepoint.rollback()
        outcomes.append(done)
    if any(outcomes):
        bump_version(connection)
    return outcomes


def _publish(connection: Connection, plan: Publication) -> bool:
    if not _move(connection, plan.change):
        return False
    partner_id, at = plan.change.partner_id, plan.change.at
    statement = (
        update(partner)
        .where(partner.c.partner_id == partner_id, partner.c.pending_manifest == plan.manifest_version)
        .values(content=plan.partner_content, live_manifest=plan.manifest_version, pending_manifest=None)
        .returning(partner.c.partner_id)
    )
    if connection.execute(statement).first() is None:
        return False
    return all(_publish_client(connection, partner_id, each, at) for each in plan.clients) and all(
        _publish_offer(connection, partner_id, each, at) for each in plan.offers
    )


def _publish_client(connection: Connection, partner_id: str, new: LiveClient, at: int) -> bool:
    row = {"client_id": new.client_id, "partner_id": partner_id, "content": new.content, "changed_at": at}
    insert_once(connection, client, [row])
    statement = (
        update(client)
        .where(client.c.client_id == new.client_id, client.c.partner_id == partner_id)
        .values(content=new.content, changed_at=at, left_at=None)
        .returning(client.c.client_id)
    )
    # A client_id that another partner holds is not taken over.
    return connection.execute(statement).first() is not None


def _publish_offer(connection: Connection, partner_id: str, new: OfferRow, at: int) -> bool:
    insert_once(
        connection, offer, [{"offer_id": new.offer_id, "partner_id": partner_id, "live_version": new.version}]
    )
    statement = (
        update(offer)
        .where(offer.c.offer_id == new.offer_id, offer.c.partner_id == partner_id)
        .values(live_version=new.version)
        .returning(offer.c.offer_id)
    )
    if connection.execute(statement).first() is None:
        return False
    row = {
        "offer_id": new.offer_id,
        "version": new.version,
        "content": new.content,
        "sha256": hashlib.sha256(new.content.encode()).digest(),
        "material": new.material,
        "published_at": at,
    }
    # A version never changes; a second one with the same number was made from an older look.
    if not did_insert(connection, offer_version, row):
        return False
    insert_once(connection, notice_version, [asdict(notice) | {"diff": new.diff} for notice in new.notices])
    return True


def newest_offer_versions(connection: Connection, offer_ids: Sequence[str]) -> Sequence[int]:
    """Tell each offer's newest version; 0 for a new one."""
    statement = (
        select(offer_version.c.offer_id, func.max(offer_version.c.version))
        .where(offer_version.c.offer_id.in_(sorted(set(offer_ids))))
        .group_by(offer_version.c.offer_id)
    )
    newest: dict[str, int] = {row[0]: row[1] for row in connection.execute(statement)}
    return [newest.get(offer_id, 0) for offer_id in offer_ids]


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A client's new secret, as a digest; the old one stops working at once."""

    client_id: str
    secret_digest: bytes
    action: AdminAction


def keep_secrets(connection: Connection, secrets: Sequence[NewSecret]) -> Sequence[bool]:
    """Keep client secrets; False for an unknown client."""
    outcomes = []
    for each in secrets:
        statement = (
            update(client)
            .where(client.c.client_id == each.client_id)
            .values(secret_digest=each.secret_digest)
            .returning(client.c.client_id)
        )
        known = connection.execute(statement).first() is not None
        if known:
            append_actions(connection, [each.action])
        outcomes.append(known)
    if any(outcomes):
        bump_version(connection)
    return outcomes


@dataclass(frozen=True, slots=True)
class PkceSwitch:
    """A client that may send a nonce instead of a code challenge from now on, or neither; without a reason, no more."""

    client_id: str
    nonce_reason: str | None
    action: AdminAction
    neither_reason: str | None = None


def switch_pkce(connection: Connection, switches: Sequence[PkceSwitch]) -> Sequence[None]:
    """Turn the switches of clients, and write down who did it and why."""
    for each in switches:
        own = client.c.client_id == each.client_id
        reasons = {"nonce_reason": each.nonce_reason, "neither_reason": each.neither_reason}
        connection.execute(update(client).where(own).values(reasons))
        append_actions(connection, [each.action])
    bump_version(connection)
    return [None] * len(switches)


_NOTICES = PreparedStatement(
    lambda lists: select(notice_version).where(lists.any_of(notice_version.c.notice_id))
)


def load_notices(connection: Connection, notice_ids: Sequence[str]) -> Sequence[Notice | None]:
    """Load notice versions, however old."""
    rows = _NOTICES(connection, wanted=sorted(set(notice_ids)))
    found = {row.notice_id: notice_from_row(row) for row in rows}
    return [found.get(notice_id) for notice_id in notice_ids]


def _versions(lists: Lists) -> Select[Any]:
    column = offer_version.c
    return select(column.offer_id, column.version, column.content).where(
        lists.any_of(column.offer_id, "offers"), lists.any_of(column.version, "versions")
    )


_VERSIONS = PreparedStatement(_versions)


def load_offer_versions(connection: Connection, wanted: Sequence[tuple[str, int]]) -> Sequence[str]:
    """Load the contents of offer versions, however old, in one statement; it may read a few more than are wanted."""
    offers, versions = {offer_id for offer_id, _ in wanted}, {version for _, version in wanted}
    rows = _VERSIONS(connection, offers=sorted(offers), versions=sorted(versions))
    found: dict[tuple[str, int], str] = {(row.offer_id, row.version): row.content for row in rows}
    return [found[each] for each in wanted]
