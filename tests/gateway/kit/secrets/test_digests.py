"""Digests: the cheap ways give what the plain ones give, and no two lists of parts the same."""

from base64 import urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.secrets.digests import KeyedDigests, base64url, from_base64url, keyed_digest

KEY = b"k" * 32
PARTS = st.lists(st.text(max_size=8), max_size=4)


@given(beginning=PARTS, rest=PARTS, more=PARTS)
def test_a_digest_that_was_begun_is_the_digest_of_all_parts(
    beginning: list[str], rest: list[str], more: list[str]
) -> None:
    digests = KeyedDigests(KEY, *beginning)
    for each in (rest, more, rest):
        assert digests.of(*each) == keyed_digest(KEY, *beginning, *each)


@given(one=PARTS, other=PARTS)
def test_parts_that_are_cut_elsewhere_are_other_parts(one: list[str], other: list[str]) -> None:
    assert (keyed_digest(KEY, *one) == keyed_digest(KEY, *other)) is (one == other)


@given(st.binary(max_size=70))
def test_base64url_is_the_standards(data: bytes) -> None:
    text = base64url(data)
    assert text == urlsafe_b64encode(data).rstrip(b"=").decode()
    assert from_base64url(text) == data
