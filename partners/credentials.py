"""Rules about how a client proves itself: keys, certificates, and what goes with which method."""

import ipaddress
import re
from collections.abc import Iterator, Mapping

from partners.distinguished_names import read_name
from partners.faults import FoundFault, RawTable, join, shown
from partners.keys import jwks_faults, parse_jwks
from partners.records import AuthMethod, Profile
from partners.texts import email_fault

CERTIFICATE_NAMES = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)
"""The members of RFC 8705 §2.1.2, of which `tls_client_auth` needs exactly one."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\.json")

KEYS = ("jwks", "jwks_file", "jwks_uri")
_WITH_KEYS = (AuthMethod.PRIVATE_KEY_JWT, AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH)
_STRONG = (*_WITH_KEYS, AuthMethod.TLS_CLIENT_AUTH)


def is_file_name(name: object) -> bool:
    """Answer whether a name stands for a JSON file beside the manifest, and for nothing elsewhere."""
    return isinstance(name, str) and _FILE_NAME.fullmatch(name) is not None


def credential_faults(path: str, client: RawTable, files: Mapping[str, str]) -> Iterator[FoundFault]:
    """Find what is wrong with a client's method, keys and certificate."""
    method = client.get("auth_method")
    is_known = method in list(AuthMethod)
    if client.get("profile") == Profile.FAPI2 and is_known and method not in _STRONG:
        yield (
            join(path, "auth_method"),
            "the fapi2 profile takes private_key_jwt only, or a certificate: tls_client_auth, "
            "self_signed_tls_client_auth (FAPI 2.0 §5.3.2.1)",
        )
    if client.get("message_signing") is True and client.get("profile") != Profile.FAPI2:
        yield (
            join(path, "message_signing"),
            "it belongs to the fapi2 profile: leave it out, or change profile",
        )
    yield from _key_faults(path, client, files)
    yield from _certificate_faults(path, client)


def _key_faults(path: str, client: RawTable, files: Mapping[str, str]) -> Iterator[FoundFault]:
    method = client.get("auth_method")
    given = [name for name in KEYS if name in client]
    signs = client.get("message_signing") is True and client.get("profile") == Profile.FAPI2
    if (method in _WITH_KEYS or (signs and method in list(AuthMethod))) and not given:
        yield (
            join(path, "jwks_file"),
            f"{method if method in _WITH_KEYS else 'message_signing'} needs the public keys: "
            "name their file, write jwks, or give their jwks_uri",
        )
    if method not in _WITH_KEYS and method in list(AuthMethod) and not signs:
        for name in given:
            yield (
                join(path, name),
                "keys are for private_key_jwt only, or self_signed_tls_client_auth: "
                "leave them out or change auth_method",
            )
    if len(given) > 1:
        yield join(path, given[1]), f"there is {given[0]} as well: keep one of the two"
    needs_certificate = method == AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH
    if "jwks" in client:
        yield from _below(join(path, "jwks"), client["jwks"], needs_certificate)
    if "jwks_file" in client:
        yield from _file_faults(join(path, "jwks_file"), client["jwks_file"], files, needs_certificate)


def _below(path: str, jwks: object, needs_certificate: bool) -> Iterator[FoundFault]:
    faults = list(jwks_faults(jwks))
    for name, message in faults:
        yield join(path, name) if name else path, message
    keys = jwks["keys"] if isinstance(jwks, dict) and not faults else None
    if needs_certificate and keys is not None and not any("x5c" in key for key in keys):
        yield path, "no key has an x5c: put the certificate there (RFC 8705 §2.2.2)"


def _file_faults(
    key: str, name: object, files: Mapping[str, str], needs_certificate: bool
) -> Iterator[FoundFault]:
    if not is_file_name(name):
        yield key, f"{shown(name)} is no plain file name: put a .json file beside the manifest"
        return
    text = files.get(str(name))
    if text is None:
        yield key, f"the file {shown(name)} is missing beside the manifest"
        return
    try:
        jwks = parse_jwks(text)
    except ValueError as error:
        yield key, f"the file {shown(name)} is no JSON: {error}"
        return
    yield from _below(key, jwks, needs_certificate)


def _certificate_faults(path: str, client: RawTable) -> Iterator[FoundFault]:
    given = [name for name in CERTIFICATE_NAMES if name in client]
    if client.get("auth_method") != AuthMethod.TLS_CLIENT_AUTH:
        for name in given:
            yield join(path, name), "it is for tls_client_auth only: leave it out or change auth_method"
        return
    if len(given) != 1:
        yield (
            join(path, "auth_method"),
            f"tls_client_auth needs exactly one of {', '.join(CERTIFICATE_NAMES)} (RFC 8705 §2.1.2)",
        )
    for name in given:
        fault = _name_fault(name, client[name])
        if fault:
            yield join(path, name), f"{shown(client[name])} {fault}"


def _name_fault(name: str, value: object) -> str | None:
    """Say what is wrong with a name that a certificate has to carry; its type is told elsewhere."""
    if not isinstance(value, str):
        return None
    try:
        if name == "tls_client_auth_subject_dn":
            return None if read_name(value) else "is empty"
        if name == "tls_client_auth_san_ip":
            ipaddress.ip_address(value)
    except ValueError:
        return "is no distinguished name (RFC 4514)" if name.endswith("dn") else "is no IP address"
    if name == "tls_client_auth_san_email" and email_fault(value):
        return "is no e-mail address"
    return None if value.isprintable() and value else "is empty, or holds a control character"
