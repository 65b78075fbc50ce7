"""Known browsers: whoever signed in there before is not locked out by strangers who guess elsewhere.

The browser keeps a sealed list of who signed in, and we keep nothing. It opens nothing by itself: the password
is asked for as ever. It is looked at when somebody signs in, and at no other time.
"""

from gateway.actions.services import Services
from gateway.kit.clock import DAY
from gateway.kit.secrets.digests import base64url
from gateway.kit.secrets.sealing import SealBroken
from gateway.model.versions import Versions
from gateway.store.accounts.logins import load_logins_of

KNOWN_FOR = 180 * DAY
"""Seconds from the last log-in for which a browser is known."""
MOST = 5
"""People that one browser is known for: the last ones who signed in."""
_PLACE = "known browser"

_Entry = tuple[str, int, int]
"""A mark of the person, the person's device version then, and when it is over."""


def _entries(services: Services, cookie: str) -> list[_Entry]:
    if not cookie:
        return []
    try:
        kept = services.seal.open_ticket(_PLACE, cookie)["d"]
    except SealBroken:
        return []
    now = services.clock()
    return [(mark, version, ends_at) for mark, version, ends_at in kept if now < ends_at]


def _mark(services: Services, person_id: str) -> str:
    return base64url(services.seal.index("known browser", person_id)[:12])


def is_known(services: Services, cookie: str, person_id: str, versions: Versions) -> bool:
    """Tell whether this person signed in in this browser, and has changed nothing since that makes it unknown again."""
    mark = _mark(services, person_id)
    return any((kept, version) == (mark, versions.device) for kept, version, _ in _entries(services, cookie))


def remember(services: Services, cookie: str, person_id: str, versions: Versions) -> str:
    """Put a person into the browser's list; give what the browser is to keep."""
    mark = _mark(services, person_id)
    others = [each for each in _entries(services, cookie) if each[0] != mark]
    kept = [(mark, versions.device, services.clock() + KNOWN_FOR), *others][:MOST]
    return services.seal.ticket(_PLACE, {"d": kept})


async def remember_anew(services: Services, cookie: str, person_id: str) -> str:
    """Put a person into the browser's list, with the versions that their account has now."""
    login = await services.store.read(load_logins_of, person_id)
    return remember(services, cookie, person_id, login.versions)
