"""The files that pages are made of besides HTML, each under a name that holds a hash of its content.

A name that changes with the content may be cached for ever (RFC 8246).
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

STATIC_PATH = "/static/"

_TYPES = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
)
_REFERENCE = re.compile(rb'url\("([^"]+)"\)')


def _load(folder: Path) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    """Read a folder; style sheets come last, because they refer to the other files by their plain names."""
    names: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for path in sorted(folder.iterdir(), key=lambda p: (p.suffix == ".css", p.name)):
        content = _REFERENCE.sub(
            lambda found: b'url("%b")' % names[found[1].decode()].encode(), path.read_bytes()
        )
        hashed = f"{path.stem}.{sha256(content).hexdigest()[:16]}{path.suffix}"
        names[path.name] = hashed
        files[hashed] = _TYPES[path.suffix], content
    return names, files


_NAMES, _FILES = _load(Path(__file__).parents[1] / "static")


def static_url(name: str) -> str:
    """Return the address of a static file by its plain name.

    Raises:
        KeyError: there is no such file.
    """
    return STATIC_PATH + _NAMES[name]


def static_files() -> Mapping[str, tuple[str, bytes]]:
    """Return every static file by its hashed name: media type and content."""
    return MappingProxyType(_FILES)
