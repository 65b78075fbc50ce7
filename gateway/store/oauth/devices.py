"""Device authorizations (RFC 8628): a device asks, a person decides elsewhere, the device fetches once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum, auto
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from gateway.store.engine.statements import did_insert
from gateway.store.tables import device_authorization

SLOWER = 5
"""Seconds added to the interval of a device that polls too fast (RFC 8628 §3.5)."""


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """One device's request.

    Attributes:
        user_code_index: keyed digest of the code that the person types, which is short enough to guess.
        sealed: the request's parameters.
        sealed_code: the authorization code, once the person has agreed.
        interval: seconds that the device has to wait between two polls.
    """

    device_digest: bytes
    user_code_index: bytes
    client_id: str
    sealed: bytes
    created_at: int
    expires_at: int
    interval: int
    state: str = "pending"
    polled_at: int | None = None
    sealed_code: bytes | None = None


def add_devices(connection: Connection, asked: Sequence[DeviceAuthorization]) -> Sequence[bool]:
    """Store requests; False where the user code is taken. Long expired requests are deleted."""
    oldest = min(each.created_at for each in asked) - 3600
    connection.execute(delete(device_authorization).where(device_authorization.c.expires_at < oldest))
    return [did_insert(connection, device_authorization, asdict(each)) for each in asked]


def find_user_codes(
    connection: Connection, codes: Sequence[tuple[bytes, int]]
) -> Sequence[DeviceAuthorization | None]:
    """Find requests that wait for a decision, by (index of the user code, now)."""
    row = device_authorization.c
    found = []
    for index, now in codes:
        waiting = select(device_authorization).where(
            row.user_code_index == index, row.state == "pending", row.expires_at > now
        )
        one = connection.execute(waiting).first()
        found.append(DeviceAuthorization(**one._mapping) if one else None)
    return found


@dataclass(frozen=True, slots=True)
class DeviceSettlement:
    """A person's answer; without a code it is a no."""

    device_digest: bytes
    sealed_code: bytes | None
    at: int


def settle_devices(connection: Connection, answers: Sequence[DeviceSettlement]) -> Sequence[bool]:
    """Record answers; False if too late, or if another answer stands. Repeating an answer changes nothing."""
    return [
        _did_settle(connection, each) or _is_settled(connection, each)
        for each in sorted(answers, key=lambda answer: answer.device_digest)
    ]


def _did_settle(connection: Connection, answer: DeviceSettlement) -> bool:
    row = device_authorization.c
    settled = (
        update(device_authorization)
        .where(row.device_digest == answer.device_digest, row.state == "pending", row.expires_at > answer.at)
        .values(state="approved" if answer.sealed_code else "refused", sealed_code=answer.sealed_code)
    )
    return connection.execute(settled).rowcount > 0


def _is_settled(connection: Connection, answer: DeviceSettlement) -> bool:
    """Whether the device has this answer already; only its giver can repeat it, as it used the request up."""
    row = device_authorization.c
    said = ("approved", "used") if answer.sealed_code else ("refused",)
    same = select(row.device_digest).where(row.device_digest == answer.device_digest, row.state.in_(said))
    return connection.execute(same).first() is not None


class Polled(StrEnum):
    """The result of a device's poll."""

    UNKNOWN = auto()
    EXPIRED = auto()
    TOO_SOON = auto()
    PENDING = auto()
    REFUSED = auto()
    APPROVED = auto()


@dataclass(frozen=True, slots=True)
class Poll:
    """A device's poll, with the client that sends it."""

    device_digest: bytes
    client_id: str
    at: int


PollAnswer = tuple[Polled, bytes | None]


def poll_devices(connection: Connection, polls: Sequence[Poll]) -> Sequence[PollAnswer]:
    """Answer polls; the code is given out once, however many ask for it."""
    order = sorted(range(len(polls)), key=lambda place: polls[place].device_digest)
    answers: list[PollAnswer] = [(Polled.UNKNOWN, None)] * len(polls)
    for place in order:
        answers[place] = _poll(connection, polls[place])
    return answers


def _poll(connection: Connection, poll: Poll) -> PollAnswer:
    row = device_authorization.c
    own = (row.device_digest == poll.device_digest) & (row.client_id == poll.client_id)
    found = connection.execute(select(device_authorization).where(own).with_for_update()).first()
    if found is None or found.state == "used":
        return Polled.UNKNOWN, None
    if poll.at >= found.expires_at:
        return Polled.EXPIRED, None
    outcome, changes = _answered(found, poll.at)
    connection.execute(update(device_authorization).where(own).values(polled_at=poll.at, **changes))
    return outcome, found.sealed_code if outcome is Polled.APPROVED else None


def _answered(found: Row[Any], at: int) -> tuple[Polled, dict[str, Any]]:
    if found.polled_at is not None and at < found.polled_at + found.interval:
        return Polled.TOO_SOON, {"interval": found.interval + SLOWER}
    if found.state == "pending":
        return Polled.PENDING, {}
    spent = {"state": "used", "sealed_code": None}
    return (Polled.REFUSED if found.state == "refused" else Polled.APPROVED), spent
