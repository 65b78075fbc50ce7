"""Marks: how somebody is named in one entry of the log, so that two entries do not show that they mean the same."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from gateway.kit.secrets.digests import base64url
from gateway.model.administration.actions import ENTRY_VERSION
from gateway.model.people import PERSON_PREFIX

_NAMED = re.compile(rf"(?<![\w-]){PERSON_PREFIX}[\w-]+", re.ASCII)
# Ids have 22 letters after their prefix; a digest that begins like one has more, and is none.
_ID = re.compile(rf"(?<![\w-]){PERSON_PREFIX}[\w-]{{22}}(?![\w-])", re.ASCII)

UNMARKED = "it names a person by their id, where a mark must stand"
OLDER_VERSION = "it is of an older version of the format than an entry before it"


def mark(entry_id: str, name: str) -> str:
    """Name somebody in one entry: a person's id becomes a digest that fits this entry only.

    A person's id has 128 bits of chance, so nobody guesses it from the mark, and the marks of two entries
    cannot be told to be the same person's; who has the id can check the mark.
    """
    if not name.startswith(PERSON_PREFIX):
        return name
    return "mark:" + base64url(hashlib.sha256(f"consent-gateway/mark\n{entry_id}\n{name}".encode()).digest())


def mark_all(entry_id: str, content: Any) -> Any:
    """Mark every person that is named anywhere in a text, or in what lists and objects hold."""
    if isinstance(content, str):
        return _NAMED.sub(lambda found: mark(entry_id, found[0]), content)
    if isinstance(content, dict):
        return {mark_all(entry_id, name): mark_all(entry_id, each) for name, each in content.items()}
    if isinstance(content, list):
        return [mark_all(entry_id, each) for each in content]
    return content


def names_person(content: Any) -> bool:
    """Answer whether a person's id stands anywhere in an entry."""
    return any(_ID.search(each) for each in _texts(content))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for name, each in content.items():
            yield name
            yield from _texts(each)
    elif isinstance(content, list):
        for each in content:
            yield from _texts(each)


class MarksCheck:
    """Looks for ids of people, leaf by leaf.

    Acts of version 1 of the format could have them in their details. They cannot be changed any more, so they are
    told apart; but no act of version 1 comes after one of version 2.

    Attributes:
        unmarked: places of acts of version 1 that hold an id.
    """

    def __init__(self) -> None:
        """Begin before the first entry."""
        self.unmarked: list[int] = []
        self._newest = 1

    def faults(self, place: int, entry: dict[str, Any]) -> Iterator[str]:
        """Take the next entry; say what is wrong with how it names people."""
        is_act = entry["kind"] == "admin_action"
        version = entry.get("v", 1) if is_act else ENTRY_VERSION
        if is_act and version < self._newest:
            yield OLDER_VERSION
        elif is_act:
            self._newest = version
        if not names_person(entry):
            return
        if version < ENTRY_VERSION:
            self.unmarked.append(place)
        else:
            yield UNMARKED
