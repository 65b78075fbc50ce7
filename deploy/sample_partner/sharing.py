"""What we hold for one person and one service, and what changed since the last read."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

# Claims of userinfo that are no personal field but plumbing (OpenID Connect Core §5.3.2).
PLUMBING = frozenset({"sub", "iss", "aud"})


class State(StrEnum):
    """Where a person stands with one of our services."""

    NONE = "none"
    CONNECTED = "connected"
    PAUSED = "paused"
    DECLINED = "declined"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True)
class Answer:
    """One answer of the gateway, for the page's list; the path has no query, so no code or token is in it."""

    method: str
    path: str
    status: int


@dataclass(frozen=True)
class Changes:
    """Names of claims: came, got another value, are no longer shared."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass
class Sharing:
    """What one service holds; `lock` keeps two presses of a button from using one refresh token twice.

    What we `heard` is about a person whom we know by `sub`: that number stays after the end, or we could not tell
    whose data we are asked to delete.
    """

    state: State = State.NONE
    problem: str = ""
    received: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    changes: Changes = Changes()
    id_claims: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    reads: int = 0
    read_at: int = 0
    answers: list[Answer] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    sub: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def connect(self, token: dict[str, Any], id_claims: dict[str, Any]) -> None:
        """A person said yes: begin anew, whatever was there before."""
        self._forget()
        self.state, self.problem, self.token, self.id_claims = State.CONNECTED, "", token, id_claims
        self.reads, self.heard, self.sub = 0, [], str(id_claims["sub"])

    def hear(self, what: str) -> None:
        """The gateway told us something: a log-out changes nothing here, a wish to delete is done at once."""
        self.heard.append(what)
        if what == "deletion":
            self.received, self.before, self.changes = {}, {}, Changes(removed=tuple(self.received))

    @property
    def stands(self) -> bool:
        """Whether we may keep what we hold: also while the gateway lets us read nothing."""
        return self.state in (State.CONNECTED, State.PAUSED)

    def take(self, claims: Mapping[str, Any], now: int) -> None:
        """Keep what this read released, and only that: what is no longer released is dropped at once."""
        self.state = State.CONNECTED
        released = {name: value for name, value in claims.items() if name not in PLUMBING}
        self.changes = Changes() if self.reads == 0 else compare(self.received, released)
        self.before = {name: self.received[name] for name in self.changes.changed}
        self.received, self.read_at, self.reads, self.problem = released, now, self.reads + 1, ""

    def end(self, state: State, problem: str = "") -> None:
        """The sharing is over, or never began: keep neither values nor tokens, only the names of fields."""
        dropped = tuple(self.received)
        self._forget()
        self.state, self.problem, self.changes = state, problem, Changes(removed=dropped)

    def _forget(self) -> None:
        self.received, self.before, self.id_claims, self.token = {}, {}, {}, {}
        self.changes = Changes()


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    """Say which claims came, changed or went between two reads."""
    return Changes(
        added=tuple(name for name in new if name not in old),
        changed=tuple(name for name in new if name in old and new[name] != old[name]),
        removed=tuple(name for name in old if name not in new),
    )
