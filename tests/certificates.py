"""Certificates for tests, with what strict readers ask for (key usage, key identifiers)."""

import base64
import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from joserfc.jwk import ECKey

from gateway.kit.clock import DAY
from gateway.kit.secrets.digests import base64url

USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key with its certificate (RFC 7517 §4.7)."""
        public = ECKey.import_key(self.key, {"kid": base64url(self.der[-9:])}).as_dict(private=False)
        return {**public, "x5c": [base64.b64encode(self.der).decode()]}

    def write(self, folder: Path, name: str, *, password: str = "") -> tuple[Path, Path]:
        """Write certificate and key, as servers and clients want them."""
        how = serialization.BestAvailableEncryption(password.encode()) if password else None
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_text(self.pem)
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                how or serialization.NoEncryption(),
            )
        )
        return certificate, key


def issue(
    subject: str,
    now: float,
    by: Issued | None = None,
    *,
    is_authority: bool = False,
    names: tuple[x509.GeneralName, ...] = (),
    days: tuple[int, int] = (-1, 30),
) -> Issued:
    """Make a certificate: self-signed, or signed by an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string(subject)
    signer = by.key if by else key
    begins, ends = (datetime.datetime.fromtimestamp(now + day * DAY, datetime.UTC) for day in days)
    usage = dict.fromkeys(USES, False)
    usage |= {"key_cert_sign": True, "crl_sign": True} if is_authority else {"digital_signature": True}
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if not is_authority:
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        made = made.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return Issued(made.sign(signer, hashes.SHA256()), key)
