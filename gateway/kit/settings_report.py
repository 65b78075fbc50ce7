"""The settings as a table: what each means, what it is now, and where that comes from."""

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gateway.kit.settings import CONFIG_VARIABLE, PREFIX, Settings

_ADDRESSES = ("database_url", "smtp_url")
"""Settings whose addresses may hold a password."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        limits: the smallest and largest value, in words; empty where there are none.
        origin: "default", or the environment variable or file that it comes from.
    """

    name: str
    variable: str
    description: str
    default: str
    limits: str
    value: str
    origin: str


def report_settings(settings: Settings) -> list[Setting]:
    """Describe every setting; passwords in addresses are masked."""
    path = os.environ.get(CONFIG_VARIABLE)
    in_file = _names_in(path) if path else frozenset()
    return [
        Setting(
            name=name,
            variable=PREFIX + name.upper(),
            description=field.description or "",
            default=as_text(field.default),
            limits=_limits(field.metadata),
            value=_masked(name, as_text(getattr(settings, name))),
            origin=_origin(name, path, in_file),
        )
        for name, field in Settings.model_fields.items()
    ]


def _names_in(path: str) -> frozenset[str]:
    import tomllib

    with open(path, "rb") as file:
        return frozenset(tomllib.load(file))


def _origin(name: str, path: str | None, in_file: frozenset[str]) -> str:
    variable = PREFIX + name.upper()
    if any(each.upper() == variable for each in os.environ):
        return variable
    return str(path) if name in in_file else "default"


def as_text(value: Any) -> str:
    """Spell a value as the environment would."""
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _limits(metadata: list[Any]) -> str:
    words = []
    for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
        words += [f"{sign} {getattr(each, name)}" for each in metadata if hasattr(each, name)]
    return ", ".join(words)


def _masked(name: str, value: str) -> str:
    parts = urlsplit(value)
    if name not in _ADDRESSES or parts.password is None:
        return value
    return value.replace(f":{parts.password}@", ":…@", 1)
