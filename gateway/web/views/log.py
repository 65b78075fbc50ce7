"""Views of the Merkle log: an entry's evidence, checked step by step."""

from dataclasses import dataclass

from gateway.web.views.frame import View


@dataclass(frozen=True, slots=True, kw_only=True)
class HashStep:
    """Two hashes and the hash of both, in hexadecimal."""

    left: str
    right: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedEntry:
    """An entry that was found in its place; hashes in hexadecimal, `entry` is JSON, `note` the signed checkpoint."""

    at: int
    signed_at: int
    index: int
    size: int
    entry: str
    leaf: str
    steps: tuple[HashStep, ...]
    root: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCheckView(View):
    """The check of one entry; `checked` is None while the entry waits for its place, a second at most."""

    back_url: str
    download_url: str
    origin: str
    checked: CheckedEntry | None
