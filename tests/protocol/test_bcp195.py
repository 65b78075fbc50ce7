"""BCP 195 (RFC 9325), FAPI 2.0 §5.2: what `serve` hands to OpenSSL, by the names of the suite's checks of an endpoint.

The modules `happy-flow` and `ensure-holder-of-key-required` run them. The key is RSA, for which OpenSSL knows the most
ways to be weak; what nginx and Caddy do in front of the gateway is tested in `tests/deploy`.
"""

import datetime
import ssl
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.cli import serve as served
from gateway.kit.secrets.key_ring import write_key_ring
from gateway.kit.settings import PREFIX
from tests.ports import free_port
from tests.world import copy_sqlite, fixed_ring

NAME = x509.Name.from_rfc4514_string("CN=localhost")
TLS = ssl.TLSVersion
ANY_SECURITY = ":@SECLEVEL=0"
"""The client would take anything: what is refused is refused by the server."""


def write_rsa_pair(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for an RSA key, and the key."""
    key, now = rsa.generate_private_key(65537, 2048), datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    kind, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "server.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, no_password))
    return folder / "server.pem", folder / "server.key"


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """The TLS of `serve --tls-certificate`, as uvicorn makes it from what it is given."""
    folder = tmp_path_factory.mktemp("bcp195")
    write_key_ring(folder / "key-ring.json", fixed_ring())
    certificate, key = write_rsa_pair(folder)
    handed: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PREFIX + "DATABASE_URL", copy_sqlite(sqlite_template, folder))
        patch.setenv(PREFIX + "DATA_DIR", str(folder))
        patch.setattr(uvicorn, "run", lambda _, **settings: handed.update(settings))
        patch.setattr(served, "_end_on_sigterm", lambda: None)
        served.serve("127.0.0.1", free_port(), 1, certificate, key)
    given = {name: value for name, value in handed.items() if name.startswith("ssl_")}
    config = uvicorn.Config("gateway.app:make_app", **given)
    config.load()
    assert config.ssl is not None
    return config.ssl


def shaken(server: ssl.SSLContext, ciphers: str, *versions: ssl.TLSVersion) -> tuple[str, str]:
    """Let a client connect, in memory; give the version and the cipher that both agreed to."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        # Python warns of the versions that nobody should speak, which is why they are tried here.
        warnings.simplefilter("ignore", DeprecationWarning)
        client.minimum_version, client.maximum_version = min(versions), max(versions)
    client.set_ciphers(ciphers + ANY_SECURITY)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = client.wrap_bio(to_client, to_server, server_side=False)
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for end in (theirs, ours):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    agreed = theirs.cipher()
    assert agreed is not None
    return str(theirs.version()), agreed[0]


RECOMMENDED = ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384")
"""RFC 9325 §4.2, of those for a key like ours."""


@pytest.mark.parametrize("cipher", RECOMMENDED)
def test_ensure_tls12_require_bcp195_ciphers(server: ssl.SSLContext, cipher: str) -> None:
    assert shaken(server, cipher, TLS.TLSv1_2) == ("TLSv1.2", cipher)


@pytest.mark.parametrize("version", [TLS.TLSv1, TLS.TLSv1_1])
def test_disallow_tls10_and_disallow_tls11(server: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    with pytest.raises(ssl.SSLError, match=r"ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL"):
        shaken(server, "ALL", version)


def test_ensure_tls13_or_later_and_ensure_tls13_preferred_over_tls12(server: ssl.SSLContext) -> None:
    assert shaken(server, "ALL", TLS.TLSv1_3)[0] == "TLSv1.3"
    assert shaken(server, "ALL", TLS.TLSv1_2, TLS.TLSv1_3)[0] == "TLSv1.3"


def test_require_only_bcp195_recommended_ciphers_for_tls12(server: ssl.SSLContext) -> None:
    """Everything else that OpenSSL knows, at once; ChaCha20-Poly1305 is on IANA's list, which the check takes, too."""
    kept = "".join(f":!{cipher}" for cipher in (*RECOMMENDED, "ECDHE-RSA-CHACHA20-POLY1305"))
    with pytest.raises(ssl.SSLError, match=r"NO_SHARED_CIPHER|HANDSHAKE_FAILURE"):
        shaken(server, "ALL:COMPLEMENTOFALL" + kept, TLS.TLSv1_2)


def test_check_for_bcp195_insecure_fapi_ciphers(server: ssl.SSLContext) -> None:
    """DHE, even with an AEAD (RFC 9325 §4.1, Appendix A)."""
    with pytest.raises(ssl.SSLError, match=r"NO_SHARED_CIPHER|HANDSHAKE_FAILURE"):
        shaken(server, "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384", TLS.TLSv1_2)
