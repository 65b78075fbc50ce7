"""Which grants stand, in the very words of the partial indexes, because only then does a plan use one."""

from sqlalchemy import ColumnElement, literal_column

from gateway.model.grants import LIVE, GrantState, LegalBasis
from gateway.store.tables import consent_grant


def is_live() -> ColumnElement[bool]:
    """Ask for grants that are not over: the one meaning of `LIVE` in SQL."""
    return consent_grant.c.state.in_([spelled(each) for each in sorted(LIVE)])


def is_active() -> ColumnElement[bool]:
    """Ask for grants by which something may leave."""
    return consent_grant.c.state == spelled(GrantState.ACTIVE)


def is_guarded() -> ColumnElement[bool]:
    """Ask for grants that stand on a guardian's yes."""
    return consent_grant.c.legal_basis == spelled(LegalBasis.GUARDIAN_CONSENT)


def spelled(word: str) -> ColumnElement[str]:
    """Spell a word of ours out in the statement, because no plan chooses a partial index by a later value."""
    return literal_column(f"'{word}'")
