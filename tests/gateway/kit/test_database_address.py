"""The database's address, TLS included, as PostgreSQL's own tools spell it."""

import ssl
from pathlib import Path

import pytest

from gateway.kit.database_address import MODES, AddressFault, read_address
from tests.certificates import issue
from tests.world import NOW

DB = "postgresql://gateway:word@db.example:5433/gateway"


def test_an_address_without_anything_about_tls_stays_as_it_is() -> None:
    found = read_address(DB)
    assert (found.url, found.mode, found.tls()) == (DB, "", None)
    assert read_address(f"{DB}?host=/run/postgresql").url == f"{DB}?host=%2Frun%2Fpostgresql"


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_modes_that_look_at_no_certificate_are_the_drivers(mode: str) -> None:
    found = read_address(f"{DB}?sslmode={mode}")
    assert (found.url, found.tls()) == (DB, mode)


@pytest.fixture
def files(tmp_path: Path) -> str:
    """An authority, and a certificate of ours with its key."""
    authority = issue("CN=Authority", NOW, is_authority=True)
    (tmp_path / "root.pem").write_text(authority.pem)
    certificate, key = issue("CN=gateway", NOW, authority).write(tmp_path, "own")
    return f"sslrootcert={tmp_path}/root.pem&sslcert={certificate}&sslkey={key}"


@pytest.mark.parametrize(
    ("mode", "host_name", "verified"),
    [
        ("verify-full", True, ssl.CERT_REQUIRED),
        ("verify-ca", False, ssl.CERT_REQUIRED),
        # With an authority named, libpq verifies here too.
        ("require", False, ssl.CERT_REQUIRED),
    ],
)
def test_certificates_are_looked_at_as_the_mode_says(
    files: str, mode: str, host_name: bool, verified: ssl.VerifyMode
) -> None:
    context = read_address(f"{DB}?sslmode={mode}&{files}").tls()
    assert isinstance(context, ssl.SSLContext)
    assert (context.check_hostname, context.verify_mode) == (host_name, verified)
    assert any("Authority" in str(each["subject"]) for each in context.get_ca_certs())


def test_without_an_authority_the_machines_own_ones_verify_or_nobody_does(files: str) -> None:
    full = read_address(f"{DB}?sslmode=verify-full").tls()
    assert isinstance(full, ssl.SSLContext)
    assert full.verify_mode is ssl.CERT_REQUIRED
    own = "&".join(each for each in files.split("&") if not each.startswith("sslrootcert"))
    shown = read_address(f"{DB}?sslmode=require&{own}").tls()
    assert isinstance(shown, ssl.SSLContext)
    assert shown.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("ssl=require", "write sslmode=… in place of ssl=…"),
        ("sslmode=yes", f"must be one of {', '.join(MODES)}"),
        ("colour=blue", "colour: not understood"),
        ("sslrootcert=/ca.pem", "only with sslmode=require, verify-ca or verify-full"),
        ("sslmode=prefer&sslrootcert=/ca.pem", "only with sslmode=require"),
        ("sslmode=require&sslkey=/own.key", "only with sslcert"),
    ],
)
def test_what_is_not_understood_is_told_with_what_to_write(query: str, why: str) -> None:
    with pytest.raises(AddressFault, match=why):
        read_address(f"{DB}?{query}")


def test_files_that_cannot_be_read_are_named(tmp_path: Path, files: str) -> None:
    with pytest.raises(AddressFault, match=f"there is no file sslrootcert={tmp_path}/none.pem"):
        read_address(f"{DB}?sslmode=verify-full&sslrootcert={tmp_path}/none.pem").tls()
    (tmp_path / "root.pem").write_text("no certificate")
    with pytest.raises(AddressFault, match="cannot be read"):
        read_address(f"{DB}?sslmode=verify-full&{files}").tls()


def test_nobody_is_asked_for_a_keys_password(tmp_path: Path) -> None:
    certificate, key = issue("CN=gateway", NOW).write(tmp_path, "own", password="word")
    address = read_address(f"{DB}?sslmode=require&sslcert={certificate}&sslkey={key}")
    with pytest.raises(AddressFault, match="write it without a password"):
        address.tls()
