"""What was put before people, recorded before they decide (promise P4)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from gateway.model.registry import Notice
from gateway.store.engine.registry import OnVersion, ignore_version, notice_from_row
from gateway.store.engine.statements import insert_once
from gateway.store.tables import notice_served, notice_version


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


def load_notices_in(connection: Connection, wanted: Sequence[tuple[str, str]]) -> Sequence[Notice]:
    """Load what notices say in a language; one that was not written in it, as it is.

    Args:
        wanted: id of a notice, and the language (BCP 47).
    """
    return [_notice_in(connection, *each) for each in wanted]


def _notice_in(connection: Connection, notice_id: str, language: str) -> Notice:
    one, other = notice_version.alias("one"), notice_version.alias("other")
    statement = (
        select(other)
        .join(one, (one.c.offer_id == other.c.offer_id) & (one.c.offer_version == other.c.offer_version))
        .where(one.c.notice_id == notice_id, other.c.language.in_([language, one.c.language]))
    )
    found = [notice_from_row(row) for row in connection.execute(statement)]
    return next((each for each in found if each.language == language), found[0])
