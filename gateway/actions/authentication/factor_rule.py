"""The rule that powers take a second factor (NIST SP 800-63B §2.2), at its one place: every page and act asks here."""

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.model.people import Acr, Person, Power, Session, powers_of


def grace_ends_at(services: Services, person: Person) -> int | None:
    """Tell until when somebody with powers may do without a second factor; None for whoever has no grace."""
    if person.factor_grace_from is None or not powers_of(person.role):
        return None
    return person.factor_grace_from + services.settings.factor_grace


def is_in_grace(services: Services, person: Person) -> bool:
    """Tell whether somebody with powers may still do without a second factor."""
    ends_at = grace_ends_at(services, person)
    return ends_at is not None and services.clock() < ends_at


def is_strong_enough(services: Services, session: Session) -> bool:
    """Tell whether a session was opened strongly enough for its person's role.

    It is not asked whether the person has a second factor, but whether this session was opened with it.
    """
    if not powers_of(session.person.role) or Acr(session.acr).reaches(Acr.MFA):
        return True
    return is_in_grace(services, session.person)


def check_factor(services: Services, session: Session) -> None:
    """Let nobody act for others who has not shown a second factor.

    Raises:
        Refusal: ``second_factor_needed``.
    """
    if not is_strong_enough(services, session):
        raise Refusal("second_factor_needed", detail=f"the session is {session.acr}")


def check_power(services: Services, session: Session, power: Power) -> Session:
    """Let only administrators with this power go on, and only those who have shown their second factor.

    Raises:
        Refusal: ``not_allowed``, ``second_factor_needed``.
    """
    if power not in powers_of(session.person.role):
        raise Refusal("not_allowed", detail=f"the role lacks {power}")
    check_factor(services, session)
    return session
