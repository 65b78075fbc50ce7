"""Checks of every parameter's form, once and before anything else (RFC 6749 §3.1, §3.2, appendix A)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qsl, quote_plus

from gateway.kit.errors import Refusal

Parameters = Mapping[str, str]

MAX_BYTES = 65_536
MAX_PARAMETERS = 64
MAX_VALUE = 8_192
MAX_REQUEST = 32_768
"""The longest request object in characters; it holds a whole request."""

MAX_STATE = 512
"""The longest percent-encoded ``state`` in characters; answers repeat it in an address (RFC 6749 §4.1.2)."""

_VSCHAR = re.compile(r"[\x20-\x7e]+")
_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_NQCHARS = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"[A-Za-z0-9_:/.+-]{1,100}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_NO_TEXT = re.compile(r"[\ud800-\udfff]")
"""What stands for bytes that are not UTF-8."""

REPEATABLE = frozenset({"resource"})
"""Parameters that may come several times (RFC 8707 §2), joined by spaces, which no URI holds."""

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


@dataclass(frozen=True, slots=True)
class Decoded:
    """Parameters as they came, before anybody has looked at their shapes."""

    values: Mapping[str, str]
    repeated: frozenset[str]

    def checked(self) -> Parameters:
        """Check every parameter against its allowed form.

        Raises:
            Refusal: ``invalid_request`` for anything that is repeated or malformed.
        """
        for name in sorted(self.repeated):
            raise _repeated(name)
        return checked(self.values)

    def sound(self) -> Parameters:
        """Keep only the valid parameters, to tell by them whether client and redirect URI are known."""
        return MappingProxyType(
            {
                name: value
                for name, value in self.values.items()
                if value and name not in self.repeated and _fault(name, value) is None
            }
        )


def decode_parameters(encoded: bytes) -> Decoded:
    """Decode ``application/x-www-form-urlencoded`` bytes, of a query or a body.

    What is not UTF-8 is kept as such and refused with its parameter, so that the others can say where the answer goes.

    Raises:
        Refusal: ``invalid_request`` for too much of it.
    """
    if len(encoded) > MAX_BYTES:
        raise Refusal("too_large", detail=f"{len(encoded)} bytes of parameters")
    try:
        pairs = parse_qsl(
            encoded.decode("ascii", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise _invalid("too many parameters", "There are too many parameters.") from None
    found: dict[str, str] = {}
    repeated: set[str] = set()
    for name, value in pairs:
        if name in found and name not in REPEATABLE:
            repeated.add(name)
        found[name] = f"{found[name]} {value}" if name in found else value
    return Decoded(found, frozenset(repeated))


def read_parameters(encoded: bytes) -> Parameters:
    """Read ``application/x-www-form-urlencoded`` bytes, of a query or a body.

    A parameter without a value counts as left out (RFC 6749 §3.1). Unknown parameters are kept and ignored.

    Raises:
        Refusal: ``invalid_request`` for anything that is not plain, unrepeated UTF-8 text of the right shape.
    """
    return decode_parameters(encoded).checked()


def checked(found: Mapping[str, str]) -> Parameters:
    """Check parameters against their allowed forms; one without a value counts as left out.

    Raises:
        Refusal: ``invalid_request``.
    """
    given = {name: value for name, value in found.items() if value}
    for name, value in given.items():
        fault = _fault(name, value)
        if fault is not None:
            raise fault
    return MappingProxyType(given)


def _fault(name: str, value: str) -> Refusal | None:
    shape = SHAPES.get(name)
    if len(value) > (MAX_REQUEST if name == "request" else MAX_VALUE) or (
        name == "state" and len(quote_plus(value, errors="replace")) > MAX_STATE
    ):
        return _invalid(
            f"{_known(name)} has {len(value)} characters", f"The parameter {_known(name)} is too long."
        )
    if shape is not None and not shape.fullmatch(value):
        hint = f"The parameter {name} has characters that it may not have."
        # RFC 6749 §4.1.2.1, §5.2: a malformed scope has a code of its own.
        return Refusal(
            "invalid_scope" if name == "scope" else "invalid_request",
            detail=f"{name} is malformed",
            hint=hint,
        )
    if _NO_TEXT.search(name + value):
        return _invalid(
            "parameters are not percent-encoded UTF-8", "Parameters must be percent-encoded UTF-8."
        )
    return None


def _repeated(name: str) -> Refusal:
    return _invalid(f"{_known(name)} is repeated", f"The parameter {_known(name)} must not be repeated.")


def _known(name: str) -> str:
    """Name a parameter only if it is one of ours, because an unknown name could carry anything."""
    return name if name in SHAPES else "of another name"


def _invalid(detail: str, hint: str) -> Refusal:
    return Refusal("invalid_request", detail=detail, hint=hint)
