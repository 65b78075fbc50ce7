"""The order in which waiting rows get their places: within a grant, cause before effect."""

from collections.abc import Iterable, Mapping

from gateway.model.administration.actions import AdminAction
from gateway.model.contacts import ContactEvent, ContactView
from gateway.model.grants import ConsentEvent
from gateway.model.ledger.rows import LogRow


def in_order(entries: Iterable[LogRow], places: Mapping[str, int]) -> list[LogRow]:
    """Put entries into the order of the log.

    A hand-off names the consent event that it stands on. The release holds the grant's row, and every consent
    event changes it; so a hand-off was committed after the event it names and before the next one of its grant.
    Therefore, within a grant: by the event's number, the event itself before the hand-offs that name it. That is
    the order of their commits, whatever the clocks said. Between grants nothing depends on the order; there it is
    by time, as far as each grant's own order lets it.

    Args:
        places: number of each consent event that a hand-off names, among those of its grant.
    """
    by_grant: dict[str, list[tuple[tuple[int, int, int, str], LogRow]]] = {}
    for each in entries:
        grant_id, key = _key(each, places)
        by_grant.setdefault(grant_id, []).append((key, each))
    placed = []
    for grant_id, keyed in by_grant.items():
        latest = 0
        for key, each in sorted(keyed, key=lambda pair: pair[0]):
            latest = max(latest, each.at)
            placed.append(((latest, grant_id, key), each))
    return [each for _, each in sorted(placed, key=lambda pair: pair[0])]


def _key(entry: LogRow, places: Mapping[str, int]) -> tuple[str, tuple[int, int, int, str]]:
    if isinstance(entry, AdminAction):
        return "", (0, 0, entry.at, entry.action_id)
    if isinstance(entry, ConsentEvent):
        return entry.grant_id, (entry.seq, 0, entry.at, entry.event_id)
    # A contact is to its decisions and looks what a grant is to its consent events and hand-offs.
    if isinstance(entry, ContactEvent):
        return entry.contact_id, (entry.seq, 0, entry.at, entry.event_id)
    if isinstance(entry, ContactView):
        return entry.contact_id, (places.get(entry.event_id, 0), 1, entry.at, entry.view_id)
    return entry.grant_id, (places.get(entry.event_id, 0), 1, entry.at, entry.handoff_id)
