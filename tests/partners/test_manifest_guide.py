"""The guide's example is read as it stands, and the guide names every key that a manifest can have."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from partners import ManifestError, parse_manifest
from partners.records import Client, Manifest, Offer, OfferItem, Partner
from partners.tables import ClientTable, ItemTable, OfferTable, PartnerTable
from tests.partners.samples import JWKS

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "manifest.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"(?s)```toml\n(.*?)```", GUIDE)

NOT_IN_THE_EXAMPLE = {"legal_basis", "jwks_uri", "id_token_signed_response_alg"}
"""What no partner says, and what stands in comments of the example, because it goes with nothing else there."""


def example() -> Manifest:
    """Read the guide's example."""
    files = {"notebridge.jwks.json": json.dumps(JWKS)}
    return parse_manifest(EXAMPLE, file="notebridge.toml", files=files)


def test_the_example_is_read():
    manifest = example()
    assert manifest.clients[0].sector == "notebridge.example.org"
    assert [item.retention_days for item in manifest.offers[0].items] == [30, 30, 7]


@pytest.mark.parametrize("table", [PartnerTable, ClientTable, OfferTable, ItemTable])
def test_every_key_stands_in_the_example(table):
    named = set(re.findall(r"(?m)(?:^|; or )\[*(?:offer\.)?([a-z_]+)\b(?: =|\]\])", EXAMPLE))
    assert table.model_fields.keys() <= named


def test_whatever_the_example_says_reaches_its_record():
    """A key that is checked and then forgotten in partners/manifest.py would be lost without a word."""
    manifest = example()
    items = [item for offer in manifest.offers for item in offer.items]
    found = [
        (Partner, [manifest.partner]),
        (Client, manifest.clients),
        (Offer, manifest.offers),
        (OfferItem, items),
    ]
    for record, read in found:
        for member in dataclasses.fields(record):
            if member.name in NOT_IN_THE_EXAMPLE or member.default is dataclasses.MISSING:
                continue
            assert any(getattr(each, member.name) != member.default for each in read), (
                f"partners/manifest.py does not take {record.__name__}.{member.name} out of the example of "
                "docs/guides/manifest.md"
            )


def test_the_faults_shown_are_what_is_printed():
    shown = re.findall(r"(?s)```text\n(.*?)```", GUIDE)[0].splitlines()
    text = EXAMPLE.replace("https://notebridge.example.org/oauth/callback", "http://quizco.example.org/cb")
    text = text.replace("appointment_reminders", "direct_marketing")
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text, file="quizco.toml", files={"notebridge.jwks.json": json.dumps(JWKS)})
    assert set(shown) <= set(str(caught.value).splitlines())
