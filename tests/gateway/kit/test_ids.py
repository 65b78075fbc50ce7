"""Identifiers, digests and clocks."""

import time

import pytest

from gateway.kit.clock import stopwatch, system_clock
from gateway.kit.ids import IN_ORDER, SECRET_BYTES, Kind, random_ids
from gateway.kit.secrets.digests import digest, from_base64url, is_same


@pytest.mark.parametrize("kind", Kind)
def test_rfc6749_10_10_ids_are_unguessable_and_say_what_they_are(kind: Kind) -> None:
    """256 bits of chance where an id opens something by itself, 128 elsewhere, or 64 after a time."""
    first, second = random_ids(kind), random_ids(kind)
    assert first != second
    assert first.startswith(kind)
    rest = first.removeprefix(kind)
    if kind in IN_ORDER:
        assert len(bytes.fromhex(rest)) == 16
        assert first[-16:] != second[-16:]
    else:
        assert len(from_base64url(rest)) == (32 if kind in SECRET_BYTES else 16)


@pytest.mark.parametrize("kind", sorted(IN_ORDER))
def test_what_one_second_made_sorts_as_it_came(kind: Kind) -> None:
    """Hand-offs, events and acts have whole seconds; lists put the newest first by (at, id)."""
    made = []
    for _ in range(50):
        made.append(random_ids(kind))
        time.sleep(0.000_01)
    assert made == sorted(made)
    assert not IN_ORDER & SECRET_BYTES


def test_no_prefix_begins_another() -> None:
    """What leaked can be told apart by its beginning."""
    assert not [(one, two) for one in Kind for two in Kind if one != two and one.startswith(two)]


def test_digests_are_compared_whole() -> None:
    assert is_same(digest("a"), digest("a"))
    assert not is_same(digest("a"), digest("b"))
    assert len(digest("a")) == 32


def test_the_systems_clock_counts_whole_seconds_and_the_stopwatch_goes_on() -> None:
    assert int(time.time()) <= system_clock() <= int(time.time())
    assert isinstance(system_clock(), int)
    assert stopwatch() - stopwatch() <= 0


@pytest.mark.parametrize("text", ["a", "a b=", "ä", "ab\ncd"])
def test_what_is_not_base64url_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        from_base64url(text)
