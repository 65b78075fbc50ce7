"""Growth: the same requests over more and more people, consents, tokens and hand-offs."""

from collections.abc import Sequence
from dataclasses import dataclass

SIZES = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Size:
    """What one size cost.

    Attributes:
        costs: CPU ms of server and database a request, by operation and callers.
        pages: what a page takes from asking to its last byte, or a look in the background, by its name: median in ms.
    """

    people: int
    costs: dict[str, float]
    pages: dict[str, float]


def sizes_up_to(most: int) -> tuple[int, ...]:
    """Choose sizes: powers of ten up to the largest."""
    return (*(size for size in SIZES if size < most), most)


def table(found: Sequence[Size]) -> str:
    """Spell sizes as a Markdown table, a row for each thing, with the ratio of the largest to the smallest."""
    sizes = " | ".join(f"{each.people:,}" for each in found)
    rows = [f"| people, consents, tokens | {sizes} | last to first |", "|---|" + "---:|" * (len(found) + 1)]
    values = [{**each.costs, **each.pages} for each in found]
    for name in values[0]:
        own = [each[name] for each in values]
        ratio = own[-1] / own[0] if own[0] else 0.0
        rows.append(f"| {name} | " + " | ".join(f"{each:.2f}" for each in own) + f" | {ratio:.2f} |")
    return "\n".join(rows)
