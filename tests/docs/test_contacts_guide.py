"""docs/guides/contacts.md says what the code does."""

import re
from pathlib import Path

from gateway.actions.contacts.giving import OFFERED
from gateway.actions.contacts.wishes import REFILL, WISHES
from gateway.kit.clock import DAY
from gateway.kit.settings import Settings
from gateway.model.contacts import COOL_OFF, WAITS
from gateway.web.contacts.contacts import ROUTES
from scopes import field_label

GUIDE = " ".join(
    (Path(__file__).resolve().parents[2] / "docs/guides/contacts.md").read_text(encoding="utf-8").split()
)


def test_the_details_are_those_that_can_be_given() -> None:
    said = re.search(r"how to be reached: ([^.]+)\.", GUIDE)
    assert said is not None
    fields = dict.fromkeys(each.field for each in OFFERED)
    assert said[1].split(", ") == [field_label(name).lower() for name in fields]


def test_the_times_and_limits_are_the_codes() -> None:
    assert f"runs out after {WAITS // DAY} days" in GUIDE
    assert f"for {COOL_OFF // DAY} days, and sees no difference" in GUIDE
    assert f"within {COOL_OFF // DAY} days. Nobody else" in GUIDE
    hours, minutes = divmod(REFILL // 60, 60)
    assert f"ask {WISHES} people at once, and one more every {hours} hours and {minutes} minutes" in GUIDE
    assert f"in the last {Settings.model_fields['reauthentication_ttl'].default // 60} minutes" in GUIDE


def test_the_pages_are_there() -> None:
    paths = {route.path for route in ROUTES}
    for path in re.findall(r"`(/contacts[^`…]*)`", GUIDE):
        assert path in paths
