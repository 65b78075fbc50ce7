"""Recovery codes: ten that are shown once, each of which stands in once for a lost second factor."""

from gateway.accounts.one_time_passwords import RECOVERY_CODES, plain_code, recovery_code
from gateway.actions.admin_record import act_of
from gateway.actions.authentication.recovery import CODE_USED, CODES_NEW, tell
from gateway.actions.authentication.sessions import check_fresh
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import random_key
from gateway.kit.secrets.digests import keyed_digest
from gateway.model.people import Acr, Session, powers_of
from gateway.store.accounts.logins import load_logins_of
from gateway.store.admin_actions import on_record
from gateway.store.authentication.recovery_codes import (
    CodeUse,
    replace_recovery_codes,
    use_recovery_codes,
    were_used_so,
)

_USE_ON_RECORD = on_record(use_recovery_codes)


def make_codes(services: Services, person_id: str) -> tuple[list[str], tuple[bytes, ...]]:
    """Make codes, and the digests that are kept of them."""
    codes = [recovery_code(random_key()) for _ in range(RECOVERY_CODES)]
    return codes, tuple(_digest(services, person_id, each) for each in codes)


def _digest(services: Services, person_id: str, code: str) -> bytes:
    return keyed_digest(services.seal.ring.index, "recovery code", person_id, plain_code(code))


async def renew_codes(services: Services, session: Session) -> list[str]:
    """Make new codes; the old ones stop working, and the person is told.

    Raises:
        Refusal: ``second_factor_needed`` unless a second factor was shown recently: codes are worth one.
    """
    check_fresh(services, session)
    if not Acr(session.acr).reaches(Acr.MFA):
        raise Refusal("second_factor_needed", detail="new codes after a password alone")
    person_id = session.person.person_id
    codes, digests = make_codes(services, person_id)
    if not await services.store.run(replace_recovery_codes, (person_id, digests)):
        raise Refusal("stale_form", detail="no factor that codes could stand for")
    await tell(services, person_id, CODES_NEW)
    return codes


async def first_codes(services: Services, person_id: str) -> list[str]:
    """Make the codes that come with a first passkey of somebody with powers."""
    codes, digests = make_codes(services, person_id)
    await services.store.run(replace_recovery_codes, (person_id, digests))
    return codes


async def use_recovery_code(services: Services, person_id: str, code: str, opened: bytes) -> bool:
    """Use a code up, once however many try at the same time. The person is told; for powers it is on record.

    Args:
        opened: digest of the session that it is used for; whoever opens the same one again has used it already.
    """
    use = CodeUse(person_id, _digest(services, person_id, code), opened, services.clock())
    person = (await services.store.read(load_logins_of, person_id)).person
    if powers_of(person.role):
        act = act_of(services, person_id, "use_recovery_code", "person", person_id)
        did = await services.store.run(_USE_ON_RECORD, (use, act))
    else:
        did = await services.store.run(use_recovery_codes, use)
    if did:
        await tell(services, person_id, CODE_USED)
    return did or await services.store.read(were_used_so, use)
