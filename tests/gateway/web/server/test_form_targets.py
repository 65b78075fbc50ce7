"""Which pages' forms may lead to a partner: a list, and every other page stays here (decision 71)."""

import pytest

from gateway.web.pages.views import PAGES
from gateway.web.server.form_targets import LEADING_AWAY, beyond, form_action


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_leads_away_only_if_it_is_on_the_list(name: str) -> None:
    """CSP 3 §6.4.1: in production to https addresses alone, and from all other pages nowhere."""
    away = beyond(is_production=True)
    assert form_action(name, "") == "'self'"
    if name in LEADING_AWAY:
        assert form_action(name, away) == "'self' https:"
        return
    with pytest.raises(ValueError, match="stay here"):
        form_action(name, away)


def test_the_list_holds_pages_and_loopback_is_for_development() -> None:
    assert not LEADING_AWAY - set(PAGES)
    assert beyond(is_production=False) == "https: http://localhost:* http://127.0.0.1:*"
