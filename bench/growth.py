"""Growth: the same requests over more and more people, consents, tokens and hand-offs."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.app import build_services
from gateway.kit.settings import Settings
from gateway.store.grants import GrantQuery, count_live, search_grants
from gateway.store.handoffs import HandoffQuery, search_handoffs
from gateway.store.people import PeopleQuery, list_people
from tests.world import fixed_ring

SIZES = (1_000, 10_000, 100_000, 1_000_000)
LOOKS = 40
PATIENCE = 2000
"""Milliseconds for all looks at one page."""


@dataclass(frozen=True, slots=True)
class Size:
    """What one size cost.

    Attributes:
        costs: CPU ms of server and database a request, by operation and callers.
        pages: the database's part of a page, by its name: median wall ms of the query.
    """

    people: int
    costs: dict[str, float]
    pages: dict[str, float]


def sizes_up_to(most: int) -> tuple[int, ...]:
    """Choose sizes: powers of ten up to the largest."""
    return (*(size for size in SIZES if size < most), most)


def look_at_pages(url: str, folder: Path, people: int) -> dict[str, float]:
    """Ask for what a search of an administrator, a person's page and a page of the log read."""
    return asyncio.run(_look(url, folder, people))


async def _look(url: str, folder: Path, people: int) -> dict[str, float]:
    services = build_services(Settings(database_url=url, data_dir=folder), ring=fixed_ring())
    await services.store.open()
    queries: dict[str, Callable[[int], tuple[Any, Any]]] = {
        "administrator's search": lambda _: (search_grants, GrantQuery(partner_id="bench", state="active")),
        "person's page": lambda number: (search_grants, GrantQuery(person_id=f"per_{number}", limit=500)),
        "page of the log": lambda _: (search_handoffs, HandoffQuery(partner_id="bench")),
        "people": lambda _: (list_people, PeopleQuery("northfield")),
        "partner's page": lambda _: (count_live, "bench"),
        "search without a find": lambda _: (search_grants, GrantQuery(partner_id="bench", state="paused")),
        "log search without a find": lambda _: (search_handoffs, HandoffQuery(endpoint="release")),
        "log search for a field that never left": lambda _: (
            search_handoffs,
            HandoffQuery(field="phone_number"),
        ),
    }
    try:
        found = {}
        for name, query in queries.items():
            spent = []
            for look in range(LOOKS):
                if sum(spent) > PATIENCE:
                    break
                operation, item = query(look * 7919 % people)
                at = time.perf_counter()
                await services.store.read(operation, item)
                spent.append((time.perf_counter() - at) * 1000)
            found[name] = sorted(spent)[len(spent) // 2]
        return found
    finally:
        await services.store.close()
        services.passwords.close()


def table(found: Sequence[Size]) -> str:
    """Spell sizes as a Markdown table, with the ratio of the largest to the smallest."""
    names = [*found[0].costs, *found[0].pages]
    rows = ["| people, consents, tokens | " + " | ".join(names) + " |", "|---:|" + "---:|" * len(names)]
    values = [{**each.costs, **each.pages} for each in found]
    for each, own in zip(found, values, strict=True):
        rows.append(f"| {each.people:,} | " + " | ".join(f"{own[name]:.2f}" for name in names) + " |")
    ratios = (values[-1][name] / values[0][name] if values[0][name] else 0.0 for name in names)
    rows.append("| last to first | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
    return "\n".join(rows)
