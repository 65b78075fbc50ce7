"""What was put before people, recorded before they decide (promise P4)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from gateway.store.engine.registry import OnVersion, ignore_version
from gateway.store.engine.statements import insert_once
from gateway.store.tables import notice_served


@dataclass(frozen=True, slots=True)
class Served:
    """What was put before a person, recorded before the decision (promise P4)."""

    served_id: str
    person_id: str
    notice_id: str
    client_id: str
    surface: str
    language: str
    screen_digest: bytes
    served_at: int


def serve_notices(
    connection: Connection, served: Sequence[Served], _: OnVersion = ignore_version
) -> Sequence[None]:
    """Record what was served; nothing is decided here that the registry could change."""
    insert_once(connection, notice_served, [asdict(each) for each in served])
    return [None] * len(served)
