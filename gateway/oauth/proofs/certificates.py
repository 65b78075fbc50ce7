"""Client certificates (RFC 8705): authenticating with one, and binding tokens to it."""

import base64
import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.x509 import (
    Certificate,
    DNSName,
    ExtensionNotFound,
    IPAddress,
    RFC822Name,
    SubjectAlternativeName,
    UniformResourceIdentifier,
    load_der_x509_certificate,
    load_pem_x509_certificates,
)
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from gateway.kit.secrets.digests import base64url, is_same
from gateway.model.registry import Registry
from partners import name_of, read_name

_BOUND = "x5t#S256:"


def confirmation(certificate: bytes) -> str:
    """Name a certificate as a token's binding, in a form that a DPoP key's bare thumbprint never has."""
    return _BOUND + base64url(hashlib.sha256(certificate).digest())


def cnf(bound: str | None) -> Mapping[str, str]:
    """Spell a binding as a confirmation method (RFC 7800 §3.1, RFC 8705 §3.1, RFC 9449 §6.1); empty for none."""
    if bound is None:
        return {}
    if is_certificate_bound(bound):
        return {"x5t#S256": bound.removeprefix(_BOUND)}
    return {"jkt": bound}


def is_certificate_bound(bound: str | None) -> bool:
    """Whether a binding names a certificate."""
    return bound is not None and bound.startswith(_BOUND)


def is_confirmed(bound: str | None, jkt: str | None, certificate: bytes | None) -> bool:
    """Whether a request proves what its token is bound to.

    Args:
        jkt: the key that the request's DPoP proof shows; a proof belongs to DPoP tokens only (RFC 9449 §7.1).
        certificate: that the connection showed; it may have one for a token that is not bound to it.
    """
    if not is_certificate_bound(bound):
        return bound == jkt
    return jkt is None and certificate is not None and confirmation(certificate) == bound


def self_signed(registry: Registry) -> Iterator[bytes]:
    """Give the self-signed certificates that clients registered, DER (RFC 8705 §2.2)."""
    for client in registry.clients.values():
        for key in client.keys:
            if isinstance(chain := key.get("x5c"), list):
                yield base64.b64decode(chain[0])


@dataclass(frozen=True, slots=True)
class Authorities:
    """The authorities that `tls_client_auth` trusts; we verify even where a proxy ended the TLS."""

    certificates: tuple[Certificate, ...] = ()

    @classmethod
    def from_pem(cls, pem: bytes) -> "Authorities":
        """Read a bundle.

        Raises:
            ValueError: it holds no certificate.
        """
        return cls(tuple(load_pem_x509_certificates(pem)))

    def vouch_for(self, certificate: bytes, now: int) -> bool:
        """Verify a client's certificate: chain, times, use (RFC 8705 §2.1, RFC 5280 §6)."""
        if not self.certificates:
            return False
        leaf = ExtensionPolicy.webpki_defaults_ee()
        # The certificate's name may stand in the subject alone (RFC 8705 §2.1.2).
        leaf = leaf.may_be_present(SubjectAlternativeName, Criticality.AGNOSTIC, None)
        policy = (
            PolicyBuilder()
            .store(Store(list(self.certificates)))
            .time(datetime.fromtimestamp(now, UTC))
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=leaf)
        )
        try:
            policy.build_client_verifier().verify(load_der_x509_certificate(certificate), [])
        except (VerificationError, ValueError):
            return False
        return True


NOBODY = Authorities()
"""No authority is trusted to issue client certificates."""


def carries_name(certificate: bytes, subject: tuple[str, str]) -> bool:
    """Whether a certificate carries the registered name (RFC 8705 §2.1.2)."""
    name, value = subject
    found = load_der_x509_certificate(certificate)
    if name == "tls_client_auth_subject_dn":
        return name_of(found.subject) == read_name(value)
    try:
        names = found.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return False
    if name == "tls_client_auth_san_ip":
        return ipaddress.ip_address(value) in names.get_values_for_type(IPAddress)
    return value in names.get_values_for_type(_KINDS[name])


_KINDS: Mapping[str, type[DNSName] | type[UniformResourceIdentifier] | type[RFC822Name]] = {
    "tls_client_auth_san_dns": DNSName,
    "tls_client_auth_san_uri": UniformResourceIdentifier,
    "tls_client_auth_san_email": RFC822Name,
}


def is_listed(certificate: bytes, keys: Iterable[Mapping[str, object]]) -> bool:
    """Whether a key set holds a certificate (RFC 7517 §4.7)."""
    known = [base64.b64decode(chain[0]) for key in keys if isinstance(chain := key.get("x5c"), list)]
    return any(is_same(certificate, each) for each in known)


def is_registered(certificate: bytes, keys: Iterable[Mapping[str, object]], now: int) -> bool:
    """Whether a self-signed certificate is one of the registered ones, and is valid now (RFC 8705 §2.2)."""
    if not is_listed(certificate, keys):
        return False
    found = load_der_x509_certificate(certificate)
    return found.not_valid_before_utc.timestamp() <= now < found.not_valid_after_utc.timestamp()
