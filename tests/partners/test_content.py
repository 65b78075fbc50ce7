"""Stored content is canonical: what was agreed to comes back byte for byte (promise P16)."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners import (
    Client,
    Offer,
    OfferItem,
    Partner,
    client_content,
    client_from_content,
    content,
    offer_content,
    offer_digest,
    offer_from_content,
    partner_content,
    partner_from_content,
)
from scopes import FIELDS, PURPOSES, Form, Necessity
from tests.partners.samples import JWKS, read_campuspress, read_quizco

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ALWAYS_THERE = {"jwks", "sector_identifier", "frequency", "legal_basis", "why"}
"""Members with a default that contents had from the first version on."""

days = st.integers(0, 366)


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Draw what a member may be by its type; where a text is not given it is None, never empty."""
    if hint == (str | None):
        return st.none() | text.filter(bool)
    if hint == Mapping[str, str]:
        return st.dictionaries(st.sampled_from(["en", "hi"]), text)
    drawn = {str: text, int: days}
    return drawn[hint] if hint in drawn else st.from_type(hint)


def records(record: type, **members: st.SearchStrategy) -> st.SearchStrategy:
    """Draw a record with every member of it: in a way that is given here, or, like one that is new, by its type."""
    return st.builds(
        record, **{name: of_type(hint) for name, hint in get_type_hints(record).items()} | members
    )


offer_items = records(
    OfferItem,
    field=st.sampled_from(sorted(FIELDS)),
    purpose=st.sampled_from(sorted(PURPOSES)),
    forms=st.lists(st.sampled_from(Form), unique=True).map(tuple),
)
offers = records(
    Offer,
    items=st.lists(offer_items, max_size=4).map(tuple),
    reads=st.lists(st.integers(2, 9), max_size=2).map(tuple),
)
clients = records(Client, jwks=st.sampled_from([None, JWKS]))
partners = records(Partner)


@dataclasses.dataclass(frozen=True)
class Grown(Offer):
    """An offer of the future."""

    seats: int = 1


@given(st.data())
def test_a_member_that_is_new_is_drawn_without_a_word_in_the_tests(data):
    drawn = data.draw(records(Grown, items=st.just(())).filter(lambda offer: offer.seats != 1))
    assert drawn.seats != 1


@given(offers)
def test_an_offer_comes_back_as_it_was(offer):
    content = offer_content(offer)
    again = offer_from_content(content)
    assert (again, offer_content(again), hash(again)) == (offer, content, hash(offer))


@given(clients)
def test_a_client_comes_back_as_it_was(client):
    assert client_from_content(client_content(client)) == client


@given(partners)
def test_a_partner_comes_back_as_it_was(partner):
    assert partner_from_content(partner_content(partner)) == partner


@given(offers, offers)
def test_a_digest_names_one_content(offer, other):
    assert (offer_digest(offer) == offer_digest(other)) == (offer == other)
    assert len(offer_digest(offer)) == 32


def test_the_order_in_which_texts_were_written_does_not_matter():
    item = read_quizco().offers[0].items[0]
    one = dataclasses.replace(item, why={"en": "a", "hi": "b"})
    other = dataclasses.replace(item, why={"hi": "b", "en": "a"})
    offer = read_quizco().offers[0]
    assert offer_digest(dataclasses.replace(offer, items=(one,))) == offer_digest(
        dataclasses.replace(offer, items=(other,))
    )


def test_the_form_of_the_content_is_fixed():
    item = OfferItem(
        "email", "results_delivery", (Form.MASKED, Form.FULL), Necessity.OPTIONAL, 7, {"en": "Prüfung"}
    )
    offer = Offer("quiz", "quizco", "Quiz", "Fun", (item,), 30, 60, 14)
    assert offer_content(offer) == (
        '{"benefit":"Fun","duration_days":30,"frequency":"","items":[{"field":"email","forms":["masked","full"],'
        '"necessity":"optional","purpose":"results_delivery","retention_days":7,"why":{"en":"Prüfung"}}],'
        '"legal_basis":"consent","max_duration_days":60,"name":"Quiz","offer_id":"quiz","partner_id":"quizco",'
        '"retention_days":14}'
    )
    assert offer_digest(offer).hex() == "df4935cdebcb4a53f825a255c2f33500c5d97a8281371209c66d01ef6930729c"


@pytest.mark.parametrize("read", [partner_from_content, client_from_content, offer_from_content])
@pytest.mark.parametrize("content", ["", "{}", "[]", "null", "{", '{"offer_id": 1}'])
def test_other_content_is_refused(read, content):
    with pytest.raises(ValueError):
        read(content)


def test_content_that_was_touched_is_refused():
    content = offer_content(read_quizco().offers[0])
    members = json.loads(content)
    for touched in (
        json.dumps(members),
        content.replace('"retention_days":30', '"retention_days":"30"', 1),
        content[:-1] + ',"zeal":1}',
    ):
        with pytest.raises(ValueError):
            offer_from_content(touched)


def test_dates_and_keys_survive():
    manifest = read_campuspress()
    assert partner_from_content(partner_content(manifest.partner)).attested_on == date(2026, 10, 19)
    assert client_from_content(client_content(manifest.clients[0])).jwks == JWKS


def test_a_member_that_came_later_is_left_out_where_it_says_nothing():
    """Else the contents from before would change, and with them the digests of notices that people answered."""
    later = {
        member.name
        for record in (Partner, Client, Offer, OfferItem)
        for member in dataclasses.fields(record)
        if member.default is not dataclasses.MISSING or member.default_factory is not dataclasses.MISSING
    }
    assert later - ALWAYS_THERE == content._LATER, "partners/content.py, _LATER"


def test_a_member_of_an_item_cannot_come_later():
    """`_LATER` leaves out members of the outermost record alone: before an item gets one, it has to learn it."""
    assert not {member.name for member in dataclasses.fields(OfferItem)} & content._LATER
