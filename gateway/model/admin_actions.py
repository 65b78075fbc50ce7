"""Administrators' acts, reads of the log among them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AdminAction:
    """One act of an administrator; `detail` holds names and counts, never a value."""

    action_id: str
    actor_id: str
    action: str
    target_kind: str
    target_id: str
    at: int
    reason: str | None = None
    detail: dict[str, str | int] = field(default_factory=dict)
