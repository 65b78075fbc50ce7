"""Trace context (W3C Trace Context, level 1): which lines of several programs' logs belong together."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_TRACEPARENT = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
)
_EXACT = 55
"""Bytes of a ``traceparent`` of version 00; a later version may go on after a dash (§3.2.2)."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One request's place in a trace.

    Attributes:
        trace_id: 32 hexadecimal digits, of the caller where it sent a valid header.
        span_id: 16 of our own, for this request.
        parent_id: the caller's; empty where the trace begins here.
    """

    trace_id: str
    span_id: str
    parent_id: str = ""


def trace_of(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> Trace:
    """Take the caller's trace over, or begin one; two headers, or one that is not valid, count as none (§3.2.2.3).

    What begins here follows from the request's id, which nobody can guess.
    """
    made = hashlib.sha256(request_id.encode()).hexdigest()
    found = [value for name, value in headers if name == b"traceparent"]
    match = _TRACEPARENT.fullmatch(found[0]) if len(found) == 1 else None
    if match is None or (found[0].startswith(b"00-") and len(found[0]) != _EXACT):
        return Trace(made[:32], made[32:48])
    return Trace(match[1].decode(), made[32:48], match[2].decode())
