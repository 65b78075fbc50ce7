"""A client's metadata as a registration request has it: the rules of a manifest, the names of RFC 7591."""

import dataclasses

import pytest

from partners import ManifestError, metadata_of, read_metadata, with_client
from tests.partners.samples import JWKS, read_quizco

METADATA = {
    "client_name": "QuizCo mobile",
    "redirect_uris": ["https://quizco.example.org/cb"],
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": JWKS,
}


def test_what_is_read_is_what_comes_back():
    client = read_metadata(METADATA, client_id="quizco-1", manifest=read_quizco())
    again = read_metadata(metadata_of(client), client_id="quizco-1", manifest=read_quizco())
    assert again == client
    assert client.partner_id == "quizco"


def test_where_there_are_several_offers_the_client_names_its_own():
    manifest = read_quizco()
    (offer,) = manifest.offers
    second = dataclasses.replace(offer, offer_id="more-quizzes")
    manifest = dataclasses.replace(manifest, offers=(offer, second))
    with pytest.raises(ManifestError) as caught:
        read_metadata(METADATA, client_id="quizco-1", manifest=manifest)
    assert [fault.key for fault in caught.value.faults] == ["offer_id"]
    named = {**METADATA, "offer_id": "more-quizzes"}
    assert read_metadata(named, client_id="quizco-1", manifest=manifest).offer_id == "more-quizzes"


def test_a_client_takes_the_place_of_itself():
    manifest = read_quizco()
    client = read_metadata(METADATA, client_id="quizco-1", manifest=manifest)
    twice = with_client(with_client(manifest, client), dataclasses.replace(client, name="Other"))
    assert [each.name for each in twice.clients] == ["QuizCo website", "Other"]
