"""Views of the Merkle log: an entry's evidence, checked step by step."""

from dataclasses import dataclass

from gateway.web.pages.views.frame import View


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

    compare_url: str = "/log"
    back_url: str
    download_url: str
    origin: str
    checked: CheckedEntry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogView(View):
    """The log as anybody sees it: the newest checkpoint, its keys, and a kept checkpoint compared with it.

    `behind_since` is the time of an entry that has waited too long for its place or its signature.
    `finding` is empty before anything was compared, else one of ``continues``, ``unknown``, ``shorter``, ``rewritten``.
    """

    action: str
    note: str
    keys: tuple[str, ...]
    behind_since: int | None = None
    finding: str = ""
    kept: str = ""
    kept_size: int = 0
    kept_root: str = ""
    size: int = 0
    root: str = ""
    proof: tuple[str, ...] = ()
    steps: tuple[HashStep, ...] = ()
