"""How strongly somebody authenticated, held against what a partner asks for (OIDC Core §3.1.2.1, §5.5.1.1)."""

from collections.abc import Iterable
from enum import Enum, auto

from gateway.actions.services import Services
from gateway.model.people import Acr, Session
from gateway.oauth.parameters import Parameters
from gateway.oauth.requests.claims_request import claims_of
from gateway.store.authentication.second_factors import list_passkeys, load_authenticators


class Strength(Enum):
    """How a log-in stands to what was asked for."""

    ENOUGH = auto()
    MORE = auto()
    """The person can do better, and is to be asked."""
    OUT_OF_REACH = auto()
    """The person has no means for what is essential."""


async def strength_of(
    services: Services, parameters: Parameters, session: Session, *, was_asked: bool
) -> Strength:
    """Weigh a log-in.

    An essential ``acr`` has to be reached. Of ``acr_values``, a wish in order of preference, the first that this
    person can reach is asked for, once: whoever goes on without it is not kept, and the ID token says what it was.

    Args:
        was_asked: the person was asked for more already.
    """
    present = Acr(session.acr)
    essential = _known(claims_of(parameters).essential_acrs or ())
    if essential and not any(map(present.reaches, essential)):
        strongest = await _strongest(services, session)
        return Strength.MORE if any(map(strongest.reaches, essential)) else Strength.OUT_OF_REACH
    wished = _known(parameters.get("acr_values", "").split())
    if was_asked or not wished or present.reaches(wished[0]):
        return Strength.ENOUGH
    strongest = await _strongest(services, session)
    target = next(filter(strongest.reaches, wished), present)
    return Strength.ENOUGH if present.reaches(target) else Strength.MORE


def _known(names: Iterable[str]) -> list[Acr]:
    return [Acr(name) for name in names if name in tuple(Acr)]


async def _strongest(services: Services, session: Session) -> Acr:
    """Name the strongest class that the person has means for."""
    person_id = session.person.person_id
    if await services.store.read(list_passkeys, person_id):
        return Acr.PHR
    has_code = await services.store.read(load_authenticators, person_id) is not None
    return max(Acr(session.acr), Acr.MFA if has_code else Acr.PWD, key=list(Acr).index)
