"""Where the forms of a page may lead: here, and from a few pages on to a partner and beyond it (CSP 3 §6.4.1).

Chromium holds ``form-action`` against every redirect that follows a form. A partner's address may send the browser
on to its other sites, which nobody registers with us; so the pages of `LEADING_AWAY` name schemes and no origin.
"""

LEADING_AWAY = frozenset(
    {
        "login",
        "second_factor",
        "passkey",
        "reauthenticate",
        "consent",
        "consent_amend",
        "consent_blocked",
        "consent_sign_in",
        "end_session",
        "form_post",
    }
)
"""Pages with a form that can end at a partner; every other page's forms stay here."""

_LOOPBACK = "http://localhost:* http://127.0.0.1:*"
"""Where partners live while somebody develops; nobody registers such an address in production."""


def beyond(*, is_production: bool) -> str:
    """Spell where a form may end that leads to a partner."""
    return "https:" if is_production else f"https: {_LOOPBACK}"


def form_action(name: str, form_to: str) -> str:
    """Spell ``form-action`` for a page.

    Raises:
        ValueError: a page that is not on the list would lead away.
    """
    if form_to and name not in LEADING_AWAY:
        raise ValueError(f"the forms of {name} stay here")
    return f"'self' {form_to}" if form_to else "'self'"
