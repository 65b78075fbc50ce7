"""How long Hypothesis looks: the same examples in every run, or a long search by hand (`make explore`)."""

import os
from typing import Any

from hypothesis import HealthCheck, settings

EXPLORES = bool(os.environ.get("CONSENT_GATEWAY_TEST_EXPLORE"))
_EVERYWHERE: dict[str, Any] = {
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow],
}
"""A machine may be as slow as it likes."""


def load_profile() -> None:
    """Set what holds for every test.

    A gate asks whether the code still does what it did, so its examples are always the same: what fails, fails for
    everybody. New examples are looked for apart from it.
    """
    settings.register_profile("same", derandomize=True, **_EVERYWHERE)
    settings.register_profile("explore", max_examples=2000, **_EVERYWHERE)
    settings.load_profile("explore" if EXPLORES else "same")


def walks(count: int) -> int:
    """Say how many walks a state machine makes: that many in the gate, forty times as many by hand."""
    return count * 40 if EXPLORES else count
