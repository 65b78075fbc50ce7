"""The ``claims`` parameter (OIDC Core §5.5): another spelling of items, and what an ID token must say.

It reaches no field that the screen did not show, and no value ever stands in an ID token.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.kit.errors import Refusal
from gateway.oauth.parameters import Parameters
from scopes import CLAIMS


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What a ``claims`` parameter asks for, as far as there is anything here to ask for.

    Attributes:
        fields: that its ``userinfo`` member reaches.
        subjects: values of ``sub``, one of which the person must have.
        essential_acrs: classes of authentication, one of which the person must have reached; None for any.
    """

    fields: frozenset[str] = frozenset()
    subjects: tuple[str, ...] = ()
    essential_acrs: frozenset[str] | None = None


def claims_of(parameters: Parameters) -> ClaimsRequest:
    """Read the parameter; claims that are unknown or not offered are passed over (§5.5, §5.5.1).

    Raises:
        Refusal: ``invalid_request`` for what is not shaped as §5.5 says.
    """
    if "claims" not in parameters:
        return ClaimsRequest()
    try:
        found = json.loads(parameters["claims"])
    except (ValueError, RecursionError):
        raise _refused() from None
    if not isinstance(found, dict):
        raise _refused()
    userinfo, id_token = (_member(found, name) for name in ("userinfo", "id_token"))
    return ClaimsRequest(
        fields=frozenset(CLAIMS[name] for name in userinfo if name in CLAIMS),
        subjects=tuple(text for member in (userinfo, id_token) for text in _values(member.get("sub"))),
        essential_acrs=_essential_acrs(id_token.get("acr")),
    )


def _member(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Read one member; every claim in it is null or an object."""
    member = found.get(name)
    if member is None:
        return {}
    if not isinstance(member, dict) or any(
        wish is not None and not isinstance(wish, dict) for wish in member.values()
    ):
        raise _refused()
    return member


def _values(wish: Mapping[str, Any] | None) -> list[str]:
    """Collect the values that a wish accepts; none means any."""
    if wish is None:
        return []
    several = wish.get("values", [])
    found = [*([wish["value"]] if "value" in wish else []), *(several if isinstance(several, list) else [0])]
    if not all(isinstance(each, str) for each in found):
        raise _refused()
    return found


def _essential_acrs(wish: Mapping[str, Any] | None) -> frozenset[str] | None:
    if wish is None or wish.get("essential") is not True or not _values(wish):
        return None
    return frozenset(_values(wish))


def _refused() -> Refusal:
    return Refusal(
        "invalid_request", detail="claims", hint="The parameter claims is not what OIDC Core 5.5 says."
    )
