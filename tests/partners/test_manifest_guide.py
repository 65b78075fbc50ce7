"""The guide's example is read as it stands, and the guide names every key that a manifest can have."""

import json
import re
from pathlib import Path

import pytest

from partners import ManifestError, parse_manifest
from partners.tables import ClientTable, ItemTable, OfferTable, PartnerTable
from tests.partners.samples import JWKS

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "manifest.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"(?s)```toml\n(.*?)```", GUIDE)


def test_the_example_is_read():
    files = {"notebridge.jwks.json": json.dumps(JWKS)}
    manifest = parse_manifest(EXAMPLE, file="notebridge.toml", files=files)
    assert manifest.clients[0].sector == "notebridge.example.org"
    assert [item.retention_days for item in manifest.offers[0].items] == [30, 30, 7]


@pytest.mark.parametrize("table", [PartnerTable, ClientTable, OfferTable, ItemTable])
def test_every_key_stands_in_the_example(table):
    named = set(re.findall(r"(?m)(?:^|; or )\[*(?:offer\.)?([a-z_]+)\b(?: =|\]\])", EXAMPLE))
    assert table.model_fields.keys() <= named


def test_the_faults_shown_are_what_is_printed():
    shown = re.search(r"(?s)```text\n(.*?)```", GUIDE).group(1).splitlines()
    text = EXAMPLE.replace("https://notebridge.example.org/oauth/callback", "http://quizco.example.org/cb")
    text = text.replace("appointment_reminders", "direct_marketing")
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text, file="quizco.toml", files={"notebridge.jwks.json": json.dumps(JWKS)})
    assert set(shown) <= set(str(caught.value).splitlines())
