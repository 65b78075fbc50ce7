"""W3C Trace Context: whose trace a request belongs to."""

import re

import pytest

from gateway.kit.telemetry.traces import trace_of

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def of(*values: str) -> tuple[str, str]:
    trace = trace_of([(b"host", b"h"), *((b"traceparent", value.encode()) for value in values)], "req_1")
    assert re.fullmatch("[0-9a-f]{16}", trace.span_id)
    assert re.fullmatch("[0-9a-f]{32}", trace.trace_id)
    return trace.trace_id, trace.parent_id


@pytest.mark.parametrize("value", [f"00-{TRACE}-{PARENT}-01", f"01-{TRACE}-{PARENT}-00-more"])
def test_a_valid_traceparent_is_taken_over(value: str) -> None:
    """§3.2.2.2, and a later version's, whose beginning is the same (§4.3)."""
    assert of(value) == (TRACE, PARENT)


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        (f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01"),
        (f"ff-{TRACE}-{PARENT}-01",),
        (f"00-{'0' * 32}-{PARENT}-01",),
        (f"00-{TRACE}-{'0' * 16}-01",),
        (f"00-{TRACE.upper()}-{PARENT}-01",),
        (f"00-{TRACE}-{PARENT}-01-more",),
        (f"00-{TRACE}-{PARENT}-01\n",),
    ],
)
def test_anything_else_begins_a_trace_of_its_own(values: tuple[str, ...]) -> None:
    """§3.2.2.3: a header that is not valid is as good as none."""
    trace, parent = of(*values)
    assert trace not in ("0" * 32, TRACE)
    assert parent == ""
    assert trace == of()[0], "it follows from the request's id"
