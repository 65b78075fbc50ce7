"""Paths as the log shows them: only the words of our own routes, and nothing that somebody else put into them.

A path can hold a secret wherever it is wrong, too: with a slash too many, under another method, cut off by a mail
program. So nothing is looked for that is to be cut out; only what is known is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

CUT = ":id"

OPENS: Mapping[str, bool] = MappingProxyType(
    {
        "secret": True,
        "proof": True,
        "act_id": False,
        "client_id": False,
        "code": False,
        "complaint_id": False,
        "contact_id": False,
        "event_id": False,
        "field": False,
        "grant_id": False,
        "name": False,
        "notice_id": False,
        "partner_id": False,
        "path": False,
        "person_id": False,
        "proposal_id": False,
        "purpose": False,
        "source_id": False,
    }
)
"""Whether a parameter in a path opens something by itself. Every parameter of every route stands here (a test)."""

ROOTS_WITH_SECRET_QUERY = frozenset({"second-factor"})
"""Where a letter's link has its secret in the query, which no log has; the next request's Referer would have it."""


@dataclass(slots=True)
class _Place:
    """What may come next in a path: words of ours, or a part that the request brings."""

    words: dict[str, "_Place"] = field(default_factory=dict)
    any: "_Place | None" = None

    def add(self, segment: str) -> "_Place":
        if not segment.startswith("{"):
            return self.words.setdefault(segment, _Place())
        if self.any is None:
            self.any = _Place()
        return self.any


def parameter_of(segment: str) -> str:
    """Name a route's parameter; empty for a word."""
    return segment[1:-1].partition(":")[0] if segment.startswith("{") else ""


class ShownPaths:
    """Names paths for the log, and knows where secrets stand."""

    def __init__(self, templates: Iterable[str]) -> None:
        """Take the paths of the routes, as the routes spell them."""
        self._start = _Place()
        self._secret_roots = set(ROOTS_WITH_SECRET_QUERY)
        for template in templates:
            place, segments = self._start, template.split("/")[1:]
            for segment in segments:
                place = place.add(segment)
            if any(OPENS[parameter] for parameter in map(parameter_of, segments) if parameter):
                self._secret_roots.add(segments[0])

    def __call__(self, path: str) -> str:
        """Name a path: the words of our routes stay, whatever else stands there is cut."""
        place, shown = self._start, ""
        for segment in path.split("/")[1:]:
            word = place.words.get(segment)
            following = word or place.any
            shown += f"/{segment if word else CUT}"
            if following is None:
                break
            place = following
        return shown or f"/{CUT}"

    def may_hold_secret(self, path: str) -> bool:
        """Tell whether a path begins like one with a secret in it, however it goes on."""
        return path.lstrip("/").partition("/")[0] in self._secret_roots
