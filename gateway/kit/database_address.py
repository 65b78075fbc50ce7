"""The database's address: as PostgreSQL's own tools spell it, TLS included (libpq §34.1.2)."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_VERIFIED = ("verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey")
_PLACES = ("host", "port")
KNOWN = ("sslmode", *_FILES, *_PLACES)


class AddressFault(ValueError):
    """An address says something that is not understood, or names a file that cannot be read."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """An address without what it says about TLS, and that by itself.

    Attributes:
        mode: one of `MODES`, or empty: TLS where the server has it.
    """

    url: str
    mode: str
    files: Mapping[str, str]

    def tls(self) -> str | ssl.SSLContext | None:
        """Give what the driver takes: the mode's name, or a context where certificates matter.

        Raises:
            AddressFault: a file cannot be read.
        """
        if not self.files and self.mode not in _VERIFIED:
            return self.mode or None
        root = self.files.get("sslrootcert")
        try:
            context = ssl.create_default_context(cafile=root)
            if "sslcert" in self.files:
                context.load_cert_chain(self.files["sslcert"], self.files.get("sslkey"), _ask_nobody)
        except OSError as error:
            missing = [f"{name}={file}" for name, file in self.files.items() if not Path(file).is_file()]
            words = f"there is no file {', '.join(missing)}" if missing else str(error)
            raise AddressFault(f"the certificates of database_url cannot be read: {words}") from None
        context.check_hostname = self.mode == "verify-full"
        if self.mode not in _VERIFIED and root is None:
            context.verify_mode = ssl.CERT_NONE
        return context


def _ask_nobody() -> str:
    raise AddressFault("sslkey of database_url is encrypted; write it without a password")


def read_address(url: str) -> DatabaseAddress:
    """Take an address apart.

    Raises:
        AddressFault: it says something that is not understood.
    """
    parts = urlsplit(url)
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "ssl" in said:
        raise AddressFault("write sslmode=… in place of ssl=…, as PostgreSQL's own tools do")
    unknown = sorted(said.keys() - set(KNOWN))
    if unknown:
        raise AddressFault(
            f"{', '.join(unknown)}: not understood after the '?'; known are {', '.join(KNOWN)}"
        )
    mode = said.get("sslmode", "")
    if mode and mode not in MODES:
        raise AddressFault(f"sslmode={mode}: must be one of {', '.join(MODES)}")
    files = {name: said[name] for name in _FILES if name in said}
    if files and mode not in ("require", *_VERIFIED):
        raise AddressFault(f"{', '.join(files)}: only with sslmode=require, verify-ca or verify-full")
    if "sslkey" in files and "sslcert" not in files:
        raise AddressFault("sslkey: only with sslcert, the certificate that it belongs to")
    kept = urlencode({name: said[name] for name in _PLACES if name in said})
    return DatabaseAddress(urlunsplit(parts._replace(query=kept)), mode, files)
