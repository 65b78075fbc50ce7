"""`serve`'s certificate and key: whatever is wrong with them is said in plain words before anything listens."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from gateway.cli.terminal import CommandFault
from gateway.cli.tls_files import check_tls
from gateway.kit.clock import DAY
from tests.certificates import issue
from tests.gateway.cli.conftest import Cli
from tests.world import NOW


def clock() -> int:
    return NOW


def pair(folder: Path, begins_at: int = NOW, name: str = "own", password: str = "") -> tuple[Path, Path]:
    return issue("CN=localhost", begins_at).write(folder, name, password=password)


def test_a_good_pair_is_taken_and_none_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_tls(None, None, clock)
    certificate, key = pair(tmp_path)
    check_tls(certificate, key, clock)
    joined = tmp_path / "both.pem"
    joined.write_bytes(certificate.read_bytes() + key.read_bytes())
    check_tls(joined, None, clock)
    assert capsys.readouterr().err == ""


def missing_certificate(folder: Path) -> tuple[Path | None, Path | None]:
    return folder / "none.pem", None


def missing_key(folder: Path) -> tuple[Path | None, Path | None]:
    return pair(folder)[0], folder / "none.key"


def key_alone(folder: Path) -> tuple[Path | None, Path | None]:
    return None, pair(folder)[1]


def certificate_alone(folder: Path) -> tuple[Path | None, Path | None]:
    return pair(folder)[0], None


def a_folder(folder: Path) -> tuple[Path | None, Path | None]:
    return folder, None


def another_key(folder: Path) -> tuple[Path | None, Path | None]:
    return pair(folder)[0], pair(folder, name="other")[1]


def no_pem(folder: Path) -> tuple[Path | None, Path | None]:
    (folder / "text.pem").write_text("no certificate")
    return folder / "text.pem", pair(folder)[1]


def under_a_password(folder: Path) -> tuple[Path | None, Path | None]:
    return pair(folder, password="word")


def over(folder: Path) -> tuple[Path | None, Path | None]:
    return pair(folder, NOW - 400 * DAY)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (missing_certificate, "--tls-certificate: there is no file"),
        (missing_key, "--tls-key: there is no file"),
        (key_alone, "has no --tls-certificate beside it"),
        (certificate_alone, "name its file with --tls-key"),
        (a_folder, "cannot be read"),
        (another_key, "is not the key of the certificate"),
        (no_pem, "are not a certificate and its key in PEM"),
        (under_a_password, "write it without one"),
        (over, "ended on"),
    ],
)
def test_whatever_is_wrong_is_said_with_what_to_do(
    tmp_path: Path, make: Callable[[Path], tuple[Path | None, Path | None]], words: str
) -> None:
    with pytest.raises(CommandFault, match=words):
        check_tls(*make(tmp_path), clock)


def test_a_certificate_that_ends_soon_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    certificate, key = pair(tmp_path)
    end = issue_end(certificate)
    check_tls(certificate, key, lambda: end - 13 * DAY - 10)
    assert "ends in 13 days" in capsys.readouterr().err.replace("\n", " ")


def issue_end(certificate: Path) -> int:
    return int(x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc.timestamp())


def test_serve_says_it(cli: Cli, tmp_path: Path) -> None:
    cli("serve", "--tls-certificate", str(pair(tmp_path)[0]), "--tls-key", "/nowhere/own.key", status=1)
    assert "there is no file /nowhere/own.key" in cli.said
