"""Parameter hygiene, once, before anything else looks at a request (RFC 6749 §3.1, §3.2, appendix A)."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl

from gateway.kit.errors import Refusal

Parameters = Mapping[str, str]

MAX_BYTES = 65_536
MAX_PARAMETERS = 64
MAX_VALUE = 8_192
MAX_REQUEST = 32_768
"""Characters of a request object, which holds a whole request."""

_VSCHAR = re.compile(r"[\x20-\x7e]+")
_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_NQCHARS = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"[A-Za-z0-9_:/.+-]{1,100}")
_NUMBER = re.compile(r"[0-9]{1,9}")

REPEATABLE = frozenset({"resource"})
"""May come several times (RFC 8707 §2); kept as one text with spaces between, which no URI holds."""

# Authlib raises ValueError, an unauthenticated 500, on some characters (trap 1): so every parameter that it
# or we read has its character class here.
SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "client_id": _VSCHAR,
        "client_secret": _VSCHAR,
        "client_assertion": _VSCHAR,
        "client_assertion_type": _NAME,
        "response_type": _NQCHARS,
        "response_mode": _NAME,
        "redirect_uri": _URI,
        "scope": _NQCHARS,
        "state": _VSCHAR,
        "nonce": _VSCHAR,
        "prompt": _NQCHARS,
        "max_age": _NUMBER,
        "request_uri": _VSCHAR,
        "request": _VSCHAR,
        "code_challenge": _UNRESERVED,
        "code_challenge_method": _NAME,
        "grant_type": _NAME,
        "code": _VSCHAR,
        "code_verifier": _UNRESERVED,
        "refresh_token": _VSCHAR,
        "token": _VSCHAR,
        "dpop_jkt": _THUMBPRINT,
        "device_code": _VSCHAR,
        "id_token_hint": _VSCHAR,
        "post_logout_redirect_uri": _URI,
        "authorization_details": _TEXT,
        "claims": _TEXT,
        "resource": _VSCHAR,
        "acr_values": _NQCHARS,
        "grant_id": _NAME,
        "grant_management_action": _NAME,
    }
)


def read_parameters(encoded: bytes) -> Parameters:
    """Read ``application/x-www-form-urlencoded`` bytes, of a query or a body.

    A parameter without a value counts as left out (RFC 6749 §3.1). Unknown parameters are kept and ignored.

    Raises:
        Refusal: ``invalid_request`` for anything that is not plain, unrepeated UTF-8 text of the right shape.
    """
    if len(encoded) > MAX_BYTES:
        raise Refusal("too_large", detail=f"{len(encoded)} bytes of parameters")
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except UnicodeDecodeError:
        raise _invalid(
            "parameters are not percent-encoded UTF-8", "Parameters must be percent-encoded UTF-8."
        ) from None
    except ValueError:
        raise _invalid("too many parameters", "There are too many parameters.") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found and name not in REPEATABLE:
            raise _repeated(name)
        found[name] = f"{found[name]} {value}" if name in found else value
    return checked(found)


def checked(found: Mapping[str, str]) -> Parameters:
    """Hold parameters against their shapes; one without a value counts as left out.

    Raises:
        Refusal: ``invalid_request``.
    """
    given = {name: value for name, value in found.items() if value}
    for name, value in given.items():
        _check_shape(name, value)
    return MappingProxyType(given)


def _check_shape(name: str, value: str) -> None:
    shape = SHAPES.get(name)
    if len(value) > (MAX_REQUEST if name == "request" else MAX_VALUE):
        raise _invalid(
            f"{_known(name)} has {len(value)} characters", f"The parameter {_known(name)} is too long."
        )
    if shape is not None and not shape.fullmatch(value):
        raise _invalid(f"{name} is malformed", f"The parameter {name} has characters that it may not have.")


def _repeated(name: str) -> Refusal:
    return _invalid(f"{_known(name)} is repeated", f"The parameter {_known(name)} must not be repeated.")


def _known(name: str) -> str:
    """Name a parameter only if it is one of ours: a stranger's name could carry anything."""
    return name if name in SHAPES else "of another name"


def _invalid(detail: str, hint: str) -> Refusal:
    return Refusal("invalid_request", detail=detail, hint=hint)
