"""Sealing: what is sealed opens with its key, at its place, unchanged, and in no other way."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.ids import random_key
from gateway.kit.secrets.digests import base64url, from_base64url
from gateway.kit.secrets.key_ring import new_key_ring, read_key_ring, write_key_ring
from gateway.kit.secrets.ring_file import RingFile
from gateway.kit.secrets.sealing import Seal, SealBroken, WrappedKey, seal, unseal

KEY = random_key()
PLACE = "person_field:per_1:email"
places = st.text(max_size=60)


@given(value=st.binary(max_size=300), place=places)
def test_what_was_sealed_opens_at_its_place(value: bytes, place: str) -> None:
    sealed = seal(KEY, value, place)
    assert unseal(KEY, sealed, place) == value
    assert len(sealed) == len(value) + 29


@given(value=st.binary(min_size=8, max_size=60))
def test_the_same_value_never_looks_the_same_and_never_shows(value: bytes) -> None:
    first, second = seal(KEY, value, PLACE), seal(KEY, value, PLACE)
    assert first != second
    assert value not in first


@given(value=st.binary(max_size=60), place=places, other=places)
def test_a_sealed_value_that_was_moved_does_not_open(value: bytes, place: str, other: str) -> None:
    """Whoever can write to the database cannot put one person's e-mail into another's row."""
    sealed = seal(KEY, value, place)
    if other != place:
        with pytest.raises(SealBroken):
            unseal(KEY, sealed, other)


@given(value=st.binary(max_size=60), data=st.data())
def test_one_changed_bit_breaks_the_seal(value: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, value, PLACE))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        unseal(KEY, bytes(sealed), PLACE)


@given(junk=st.binary(max_size=60))
def test_junk_is_a_broken_seal_and_nothing_worse(junk: bytes) -> None:
    with pytest.raises(SealBroken):
        unseal(KEY, junk, PLACE)
    with pytest.raises(SealBroken):
        unseal(KEY, b"\x01" + junk, PLACE)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        unseal(random_key(), seal(KEY, b"value", PLACE), PLACE)


def test_a_persons_key_survives_the_rotation_of_the_master_and_dies_with_it() -> None:
    old = Seal(new_key_ring())
    wrapped = old.new_person_key("per_1")
    key = old.person_key("per_1", wrapped)
    ring = old.ring.with_next()
    new = Seal(ring.using(ring.newest))
    rewrapped = new.rewrap("per_1", wrapped)
    assert (wrapped.master, rewrapped.master) == (old.ring.current, ring.newest)
    assert new.person_key("per_1", wrapped) == new.person_key("per_1", rewrapped) == key
    without = Seal(new.ring.without(old.ring.current))
    assert without.person_key("per_1", rewrapped) == key
    with pytest.raises(SealBroken, match=old.ring.current):
        without.person_key("per_1", wrapped)


def test_a_persons_key_opens_for_that_person_only() -> None:
    vault = Seal(new_key_ring())
    wrapped = vault.new_person_key("per_1")
    with pytest.raises(SealBroken):
        vault.person_key("per_2", wrapped)
    with pytest.raises(SealBroken):
        vault.person_key("per_1", WrappedKey("m1", b""))


@given(
    content=st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers() | st.none(), max_size=5)
)
def test_a_ticket_brings_back_what_it_was_given(content: dict[str, object]) -> None:
    vault = Seal(new_key_ring())
    ticket = vault.ticket("screen:1", content)
    assert vault.open_ticket("screen:1", ticket) == content
    with pytest.raises(SealBroken):
        vault.open_ticket("screen:2", ticket)


@given(ticket=st.text(max_size=80))
def test_a_made_up_ticket_is_a_broken_seal_and_nothing_worse(ticket: str) -> None:
    with pytest.raises(SealBroken):
        Seal(new_key_ring()).open_ticket("screen:1", ticket)


@given(st.binary(max_size=80))
def test_rfc7515_2_base64url_round_trip_without_padding(data: bytes) -> None:
    text = base64url(data)
    assert "=" not in text
    assert from_base64url(text) == data


def test_the_derived_values_depend_on_everything_they_are_made_of() -> None:
    """Length-framed parts: ("ab", "c") and ("a", "bc") must not meet."""
    vault, other = Seal(new_key_ring()), Seal(new_key_ring())
    assert vault.signature("csrf", "ab", "c") != vault.signature("csrf", "a", "bc")
    assert vault.signature("csrf", "a") != vault.signature("else", "a")
    assert (
        vault.index("login", "a@x.edu") == vault.index("login", "a@x.edu") != vault.index("phone", "a@x.edu")
    )
    assert vault.index("login", "a@x.edu") != other.index("login", "a@x.edu")
    assert vault.pairwise("quizco", "per_1") != vault.pairwise("campuspress", "per_1")
    assert len(vault.pairwise("quizco", "per_1")) == 43
    assert vault.successor("token") == vault.successor("token") != vault.successor("another")


def test_a_vault_does_not_show_its_ring() -> None:
    assert repr(Seal(new_key_ring())).startswith("<")


def test_an_announced_master_key_opens_and_seals_nothing() -> None:
    """Gateways that do not know it yet must find nothing under it."""
    ring = new_key_ring()
    assert Seal(ring.with_next()).new_person_key("per_1").master == ring.current


def test_a_key_that_came_since_is_looked_for_in_the_file_and_new_keys_follow_the_file(tmp_path: Path) -> None:
    """A gateway that has not looked yet meets a key that another one has wrapped: it reads the ring at once."""
    path, ring = tmp_path / "ring.json", new_key_ring()
    write_key_ring(path, ring)
    file = RingFile(path)
    running = Seal(file.ring, file)
    newer = ring.with_next()
    write_key_ring(path, newer.using(newer.newest))
    elsewhere = Seal(read_key_ring(path))
    wrapped = elsewhere.new_person_key("per_1")
    assert wrapped.master not in running.ring.masters
    assert running.person_key("per_1", wrapped) == elsewhere.person_key("per_1", wrapped)
    newest = newer.with_next()
    write_key_ring(path, newest.using(newest.newest))
    assert running.new_person_key("per_2").master == newest.newest
