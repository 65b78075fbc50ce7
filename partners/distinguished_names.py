"""Names of certificates' subjects: written as text, compared as names (RFC 8705 §2.1.2, RFC 4514, RFC 4518)."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from cryptography.x509 import Name, NameAttribute, NameOID, ObjectIdentifier

Comparable = tuple[frozenset[tuple[str, str]], ...]
"""Relative names from the root down, each a set of (type, prepared value): equal ones are the same name."""

_TYPES: Mapping[str, ObjectIdentifier] = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "ORGANIZATIONIDENTIFIER": NameOID.ORGANIZATION_IDENTIFIER,
    "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
}
_TEXT_TAGS = (0x0C, 0x13, 0x16)
"""UTF8String, PrintableString and IA5String (X.690 §8.23)."""
_IN_HEX = re.compile(r"(?<!\\)((?:^|[,+])[A-Za-z0-9.-]+=)#((?:[0-9A-Fa-f]{2})+)(?=[,+]|$)")
"""A type and its value's encoding (RFC 4514 §2.4)."""


class _AnyCase(dict[str, ObjectIdentifier]):
    """Short names of types know no case (RFC 4512 §1.4)."""

    def get(self, name: str, default: Any = None) -> Any:
        """Find a type in whatever case it is written."""
        return super().get(name.upper(), default)


def read_name(text: str) -> Comparable:
    """Read a name as RFC 4514 writes it, values in hexadecimal (§2.4) included.

    Raises:
        ValueError: it is none.
    """
    spelled = _IN_HEX.sub(_spelled_out, text)
    return name_of(Name.from_rfc4514_string(spelled, attr_name_overrides=_AnyCase(_TYPES)))


def name_of(subject: Name) -> Comparable:
    """Give a certificate's subject in the form that is compared."""
    return tuple(frozenset((_type(each), _prepared(_text(each))) for each in rdn) for rdn in subject.rdns)


def _type(attribute: NameAttribute[Any]) -> str:
    return attribute.oid.dotted_string


def _text(attribute: NameAttribute[Any]) -> str:
    return str(attribute.value)


def _spelled_out(found: re.Match[str]) -> str:
    """Spell a value that is given by its encoding byte by byte: the library would count tag and length as well.

    Raises:
        ValueError: it encodes no text.
    """
    encoded = bytes.fromhex(found[2])
    # From 128 bytes on, the length has a byte before it that says how long it is (X.690 §8.1.3).
    at = 3 if encoded[1:2] == b"\x81" else 2
    if len(encoded) <= at or encoded[0] not in _TEXT_TAGS or encoded[at - 1] != len(encoded) - at:
        raise ValueError("no text")
    return found[1] + "".join(f"\\{each:02x}" for each in encoded[at:])


def _prepared(value: str) -> str:
    """Prepare a value for comparison: neither case nor the number of spaces counts (RFC 4518 §2)."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
