"""Faults of a manifest: where, what is wrong, what would be right."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

_SHOWN = 60

FoundFault = tuple[str, str]
"""Key and message."""

RawTable = Mapping[str, object]
"""A table as TOML gives it: nothing about its shape is known yet."""


@dataclass(frozen=True, slots=True, order=True)
class ManifestFault:
    """One fault; `key` is a path such as `offer[0].item[2].purpose`, empty for the file as a whole."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        """Write the fault on one line."""
        return f"{self.file}: {self.key + ': ' if self.key else ''}{self.message}"


class ManifestError(Exception):
    """A manifest that was refused, with every fault that was found."""

    def __init__(self, faults: Iterable[ManifestFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def shown(value: object) -> str:
    """Quote a text for a message, shortened, with nothing in it that steers a terminal; name another type."""
    if not isinstance(value, str):
        return "nothing" if value is None else f"a value that is no text ({type(value).__name__})"
    text = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return "“" + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text) + "”"


def did_you_mean(value: str, known: Iterable[str]) -> str:
    """Suggest the closest known word, or list the known ones."""
    known = list(known)
    close = get_close_matches(value, known, n=1)
    if close:
        return f"did you mean “{close[0]}”?"
    return "it is one of " + ", ".join(known) if known else "there is none"


def join(path: str, part: str | int) -> str:
    """Extend a path: `offer` + 0 is `offer[0]`, `offer[0]` + "name" is `offer[0].name`."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    return f"{path}.{part}" if path else part
