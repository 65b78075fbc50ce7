"""A manifest is read whole or refused with every fault at once, with its place and what would be right."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners import (
    AuthMethod,
    ManifestError,
    ManifestFault,
    Profile,
    parse_manifest,
    referenced_files,
)
from partners.content import partner_content, partner_from_content
from scopes import DENIED, FIELDS, PURPOSES, Form, Necessity, PurposeState, check_purpose
from tests.partners.samples import CAMPUSPRESS, QUIZCO, edited, faults_of, read_campuspress, read_quizco

ITEM = '[[offer.item]]\nfield = "{}"\npurpose = "{}"\nforms = ["{}"]\nnecessity = "optional"\n'
RESULTS = 'purpose = "results_delivery"'


def test_quizco_is_read_as_written():
    manifest = read_quizco()
    assert manifest.partner.brand == "QuizCo"
    assert manifest.partner.attested_on == date(2026, 11, 2)
    (client,) = manifest.clients
    assert (client.auth_method, client.profile) == (AuthMethod.CLIENT_SECRET_BASIC, Profile.BASELINE)
    assert client.redirect_uris == ("http://localhost:8100/quizco/callback",)
    (offer,) = manifest.offers
    assert (offer.offer_id, offer.partner_id, offer.legal_basis) == ("practice-quizzes", "quizco", "consent")
    assert {item.field: item.necessity for item in offer.items} == {
        "name": Necessity.NEEDED,
        "course": Necessity.NEEDED,
        "email": Necessity.OPTIONAL,
        "phone_number": Necessity.OPTIONAL,
        "student_status": Necessity.OPTIONAL,
    }
    assert {item.field: item.retention_days for item in offer.items}["phone_number"] == 7
    assert {item.field: item.retention_days for item in offer.items}["name"] == offer.retention_days == 30


def test_campuspress_is_read_with_its_keys():
    (client,) = read_campuspress().clients
    assert (client.auth_method, client.profile) == (AuthMethod.PRIVATE_KEY_JWT, Profile.FAPI2)
    assert [key["kid"] for key in client.jwks["keys"]] == ["ec-1"]


def test_the_files_beside_a_manifest_are_known_before_it_is_read():
    assert referenced_files(CAMPUSPRESS) == ("campuspress.jwks.json",)
    assert referenced_files(QUIZCO) == ()
    assert referenced_files("client = [") == ()
    assert referenced_files(edited(CAMPUSPRESS, ('"campuspress.jwks', '"../other'))) == ()


def test_every_fault_is_reported_at_once():
    found = faults_of(
        read_quizco,
        ('partner_id = "quizco"', 'partner_id = "Quiz Co"'),
        ('country = "IE"', 'country = "Ireland"'),
        ("brand =", "brandt ="),
        ('"client_secret_basic"', '"client_secret_jwt"'),
        ("http://localhost", "http://quizco.example.org"),
        ("duration_days = 180", 'duration_days = "180"'),
        ('"learning_progress"', '"direct-marketing"'),
        ('field = "course"', 'field = "curse"'),
    )
    assert found.keys() == {
        "partner.partner_id",
        "partner.country",
        "partner.brand",
        "partner.brandt",
        "client[0].auth_method",
        "client[0].redirect_uris[0]",
        "offer[0].duration_days",
        "offer[0].item[0].purpose",
        "offer[0].item[1].field",
    }
    assert "did you mean “brand”?" in found["partner.brandt"]
    assert "did you mean “course”?" in found["offer[0].item[1].field"]
    assert "never allowed" in found["offer[0].item[0].purpose"]


SENDING = "sending_domains = {}\nattested_on"


def test_domains_that_mail_comes_from_are_read_and_a_manifest_without_them_stays_what_it_was():
    listed = '["quizco.example", "mail.quizco.example"]'
    manifest = read_quizco(("attested_on", SENDING.format(listed)))
    assert manifest.partner.sending_domains == ("quizco.example", "mail.quizco.example")
    assert partner_from_content(partner_content(manifest.partner)) == manifest.partner
    assert "sending_domains" not in partner_content(read_quizco().partner)


@pytest.mark.parametrize(
    "domain", ["QuizCo.example", "localhost", "a@b.example", "b..example", "10.0.0.1", ".b.example"]
)
def test_what_is_no_domain_is_told(domain):
    found = faults_of(read_quizco, ("attested_on", SENDING.format(f'["{domain}"]')))
    assert list(found) == ["partner.sending_domains[0]"]
    assert "is no domain" in found["partner.sending_domains[0]"]


def test_one_table_in_the_wrong_shape_hides_no_fault_of_the_others():
    redirect = 'redirect_uris = ["https://["]\nsector_identifier = "example.org"\n'
    text = edited(
        CAMPUSPRESS, ("redirect_uris", redirect + "other_uris"), ("retention_days = 7", "retention_days = 61")
    )
    [clients] = re.findall(r"(?s)\[\[client\]\].*?(?=\[\[offer\]\])", text)
    inline = "".join(f"{line}, " for line in clients.splitlines()[1:] if line)
    text = f"client = [7, {{ {inline.removesuffix(', ')} }}]\n" + text.replace(clients, "")
    found = faults_of(lambda: parse_manifest(text, file="x.toml", allow_loopback=True))
    assert found.keys() == {
        "client[0]",
        "client[1].jwks_file",
        "client[1].other_uris",
        "client[1].redirect_uris[0]",
        "offer[0].item[2].retention_days",
    }


def test_a_fault_names_its_file_and_place():
    with pytest.raises(
        ManifestError, match=r"^quizco\.toml: partner\.contact: “nobody” is no e-mail address"
    ):
        read_quizco(('"privacy@quizco.example.org"', '"nobody"'))
    assert str(ManifestFault("a.toml", "", "this is no TOML")) == "a.toml: this is no TOML"


def test_faults_come_in_the_order_of_the_items():
    more = (
        '[[offer.item]]\nfield = "name"\npurpose = "account_linking"\nforms = ["x"]\nnecessity = "optional"\n'
    )
    with pytest.raises(ManifestError) as caught:
        parse_manifest(QUIZCO + more * 8, file="quizco.toml", allow_loopback=True)
    keys = [fault.key for fault in caught.value.faults if fault.key.endswith(".forms[0]")]
    assert keys == [f"offer[0].item[{index}].forms[0]" for index in range(5, 13)]


@pytest.mark.parametrize(
    "text",
    [
        "partner = ",
        "x = " + "[" * 50_000,
        "x = 1" + "0" * 5000,
        "attested_on = 2026-13-45",
        "#" * 300_000,
        "\x00",
    ],
)
def test_what_is_no_toml_is_one_fault_of_the_file(text):
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text, file="x.toml")
    (fault,) = caught.value.faults
    assert (fault.file, fault.key) == ("x.toml", "")
    assert fault.message.startswith("this is no TOML: ")


# One change each: what changes, the key of the one fault, and a part of its message.
SHAPES = [
    ('brand = "QuizCo"', 'brand = ""', "partner.brand", "empty"),
    ('brand = "QuizCo"', 'brand = " QuizCo"', "partner.brand", "white space"),
    ('brand = "QuizCo"', f'brand = "{"Q" * 41}"', "partner.brand", "longer than 40"),
    ('brand = "QuizCo"', 'brand = "Quiz\\u0007Co"', "partner.brand", "U+0007"),
    ('brand = "QuizCo"', 'brand = "Quiz\\nCo"', "partner.brand", "U+000A"),
    ('brand = "QuizCo"', 'brand = "Quiz\\u202eoC"', "partner.brand", "U+202E"),
    ('brand = "QuizCo"', 'brand = "Quiz\\u2066Co"', "partner.brand", "U+2066"),
    ('brand = "QuizCo"', 'brand = "Quiz\\u200bCo"', "partner.brand", "U+200B"),
    ('brand = "QuizCo"', 'brand = "Quiz\\ue000Co"', "partner.brand", "U+E000"),
    ('brand = "QuizCo"', 'brand = "Quiz\\ufffeCo"', "partner.brand", "U+FFFE"),
    ('brand = "QuizCo"', f'brand = "Q{chr(0x300) * 5}"', "partner.brand", "combining"),
    ('brand = "QuizCo"', "brand = 7", "partner.brand", "text in quotes"),
    ('country = "IE"', 'country = "ie"', "partner.country", "ISO 3166-1"),
    ('country = "IE"', 'country = "XX"', "partner.country", "ISO 3166-1"),
    ('storage_countries = ["IE"]', "storage_countries = []", "partner.storage_countries", "at least 1"),
    ('storage_countries = ["IE"]', 'storage_countries = "IE"', "partner.storage_countries", "a list"),
    ('storage_countries = ["IE"]', 'storage_countries = ["IE", "IE"]', "partner.storage_countries", "twice"),
    ("complaints@", "complaints@@", "partner.grievance_contact", "no e-mail address"),
    ("https://quizco", "http://quizco", "partner.policy_url", "https://"),
    ("attested_on = 2026-11-02", 'attested_on = "2026-11-02"', "partner.attested_on", "date without quotes"),
    (
        "attested_on = 2026-11-02",
        "attested_on = 2026-11-02T10:00:00",
        "partner.attested_on",
        "date without quotes",
    ),
    ("attested_on = 2026-11-02", "", "partner.attested_on", "missing"),
    ('client_id = "quizco-web"', 'client_id = "quizco_web"', "client[0].client_id", "lower-case letters"),
    ('profile = "baseline"', 'profile = "base"', "client[0].profile", "did you mean “baseline”?"),
    (
        'profile = "baseline"',
        'profile = "baseline"\nmessage_signing = true',
        "client[0].message_signing",
        "the fapi2 profile",
    ),
    ('profile = "baseline"', 'profile = "fapi2"', "client[0].auth_method", "private_key_jwt only"),
    ("duration_days = 180", "duration_days = 0", "offer[0].duration_days", "1 or more"),
    ("max_duration_days = 366", "max_duration_days = 367", "offer[0].max_duration_days", "366 at most"),
    ("max_duration_days = 366", "max_duration_days = 179", "offer[0].max_duration_days", "180 or more"),
    ("retention_days = 30", "retention_days = 30.5", "offer[0].retention_days", "whole number"),
    ("retention_days = 30", "retention_days = true", "offer[0].retention_days", "whole number"),
    ('forms = ["full"]', 'forms = ["masked"]', "offer[0].item[0].forms", "has no form “masked”"),
    ('forms = ["full"]', 'forms = ["full", "full"]', "offer[0].item[0].forms", "twice"),
    ('forms = ["full"]', "forms = []", "offer[0].item[0].forms", "at least 1"),
    ('necessity = "needed"', 'necessity = "required"', "offer[0].item[0].necessity", "needed, optional"),
    ('field = "name"', 'field = "birthdate"', "offer[0].item[0].field", "age_over_16"),
    ('field = "name"', 'field = "address"', "offer[0].item[0].purpose", "does not justify “address”"),
    (
        '"learning_progress"',
        '"learning_progres"',
        "offer[0].item[0].purpose",
        "did you mean “learning_progress”?",
    ),
    ('"learning_progress"', '"dpv:Marketing"', "offer[0].item[0].purpose", "never allowed"),
    (
        "retention_days = 7",
        "retention_days = 31",
        "offer[0].item[3].retention_days",
        "longer than the offer's 30",
    ),
    ("why = { en =", "why = { de =", "offer[0].item[0].why", "add the sentence in en"),
    ("why = { en =", 'why = { en = "x", fr =', "offer[0].item[0].why.fr", "en, hi, kn"),
    ("why = { en =", 'why = { "\\u0007" = "x", en =', "offer[0].item[0].why.“\\u0007”", "en, hi, kn"),
    ("frequency =", 'legal_basis = "consent"\nfrequency =', "offer[0].legal_basis", "not known"),
]


@pytest.mark.parametrize(("old", "new", "key", "part"), SHAPES)
def test_one_wrong_value_is_one_fault_at_its_key(old, new, key, part):
    found = faults_of(read_quizco, (old, new))
    # A language that is not known cannot be the sentence in English either.
    assert part in found.pop(key)
    assert set(found) <= {"offer[0].item[0].why.de"}


def test_a_text_may_need_joiners_and_marks():
    assert read_quizco(('brand = "QuizCo"', 'brand = "ಕ್\u200dಷ क्षि"')).partner.brand == "ಕ್\u200dಷ क्षि"


@given(st.sampled_from(sorted(DENIED)), st.sampled_from(["{}", "dpv:{}", " {} ", "https://w3id.org/dpv#{}"]))
def test_p1_no_manifest_with_a_denied_purpose_is_read(code, shape):
    name = PURPOSES[code].dpv_iri.partition("#")[2] if shape.startswith(("dpv", "http")) else code
    found = faults_of(read_quizco, ('"learning_progress"', f'"{shape.format(name)}"'))
    assert "never allowed" in found["offer[0].item[0].purpose"]


@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(sorted(PURPOSES)), st.sampled_from(Form))
def test_an_item_is_read_exactly_when_the_catalogue_allows_it(field, purpose, form):
    ceilings = PURPOSES[purpose].ceilings
    item = ITEM.format(field, purpose, form)
    text = QUIZCO[: QUIZCO.index("[[offer.item]]")] + item
    allowed = (
        PURPOSES[purpose].state is not PurposeState.DENIED
        and field in ceilings.fields
        and form in FIELDS[field].forms
        and ceilings.max_duration_days >= 366
        and ceilings.max_retention_days >= 30
    )
    found = faults_of(lambda: parse_manifest(text, file="x.toml", allow_loopback=True))
    assert (not found) == allowed


def test_a_purpose_limits_duration_and_retention():
    found = faults_of(
        read_quizco,
        ('"learning_progress"', '"identity_verification"'),
        ("retention_days = 30", "retention_days = 40"),
    )
    assert "30 days at most, and the offer lasts up to 366" in found["offer[0].item[0].purpose"]
    assert "30 days at most, not 40" in found["offer[0].item[0].retention_days"]


def test_p8_the_recovery_address_is_never_needed():
    changes = ('field = "name"', 'field = "alternate_email"'), ('"learning_progress"', '"customer_support"')
    found = faults_of(read_quizco, *changes, ('forms = ["full"]', 'forms = ["masked"]'))
    assert found == {"offer[0].item[0].necessity": "“alternate_email” can never be needed: write optional"}


def test_the_most_private_form_comes_first_whatever_the_partner_wrote():
    manifest = read_quizco(('forms = ["masked", "full"]', 'forms = ["full", "relay", "masked"]'))
    assert manifest.offers[0].items[2].forms == (Form.RELAY, Form.MASKED, Form.FULL)


def test_the_same_field_for_the_same_purpose_is_asked_for_once():
    found = faults_of(
        read_quizco,
        (RESULTS, 'purpose = "learning_progress"'),
        ('field = "email"', 'field = "name"'),
        ('["masked", "full"]', '["full"]'),
    )
    assert found == {"offer[0].item[2]": "item[0] asks for “name” for the same purpose: write one item"}
    assert not faults_of(
        read_quizco, ('field = "email"', 'field = "name"'), ('["masked", "full"]', '["full"]')
    )


def test_forty_items_are_enough():
    item = ITEM.format("name", "learning_progress", "full")
    with pytest.raises(ManifestError) as caught:
        parse_manifest(QUIZCO + item * 40, file="x.toml", allow_loopback=True)
    assert ManifestFault("x.toml", "offer[0].item", "it holds more than 40") in caught.value.faults


def test_ids_are_given_once_and_fit_together():
    client = QUIZCO[QUIZCO.index("[[client]]") : QUIZCO.index("[[offer]]")]
    offer = QUIZCO[QUIZCO.index("[[offer]]") :]
    twice = edited(QUIZCO + client + offer, ("offer_id =", 'jwks_file = "x.json"\noffer_id ='))
    found = faults_of(lambda: parse_manifest(twice, file="x.toml", allow_loopback=True, files={}))
    assert found["client[1].client_id"] == "“quizco-web” is the id of client[0] too: give each its own"
    assert found["offer[1].offer_id"] == "“practice-quizzes” is the id of offer[0] too: give each its own"
    found = faults_of(read_quizco, ('offer_id = "practice-quizzes"', 'offer_id = "practise-quizzes"'))
    assert "did you mean “practice-quizzes”?" in found["client[0].offer_id"]
    assert "no client asks for this offer" in found["offer[0].offer_id"]


def test_the_shortest_manifest_takes_what_it_leaves_out_from_the_rest():
    text = edited(
        re.sub(r"(?ms)^names = .*?(?=^\[\[offer.item)", "", QUIZCO),
        ("max_duration_days = 366\n", ""),
        ('frequency = "Each time you open a quiz."\n', ""),
    )
    offer = parse_manifest(text, file="x.toml", allow_loopback=True).offers[0]
    assert (offer.max_duration_days, offer.frequency) == (180, "")


def test_a_purpose_under_review_is_read():
    assert check_purpose("fraud_prevention").state is PurposeState.REVIEW
    changes = (
        (RESULTS, 'purpose = "fraud_prevention"'),
        ("max_duration_days = 366", "max_duration_days = 180"),
    )
    assert read_quizco(*changes).offers[0].items[2].purpose == "fraud_prevention"


def toml(value):
    """Write a value as TOML has it inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'
    return str(value).lower()


WORDS = sorted(
    set(re.findall(r"[a-z0-9_]+", QUIZCO + CAMPUSPRESS))
    | {
        "jwks",
        "keys",
        "kty",
        "kid",
        "n",
        "e",
        "x",
        "y",
        "crv",
        "alg",
        "RSA",
        "EC",
        "AQAB",
        "sector_identifier",
    }
    | {"https://a.example.org/x", "x.json"}
)
texts = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.booleans() | st.integers() | st.dates() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(texts, values, max_size=5), st.sampled_from(["partner", "client", "offer", "item"]))
def test_nothing_but_a_manifest_error_comes_out_of_a_wrong_manifest(table, place):
    tables = {"partner": table, "client": [table], "offer": [table | {"item": [table]}], "item": table}
    text = "\n".join(
        f"{key} = {toml(value)}"
        for key, value in {**tables, "client": [table, table]}.items()
        if key != place
    )
    with pytest.raises(ManifestError):
        parse_manifest(text, file="x.toml", files={"x.json": "{"})


def test_a_number_too_long_to_print_is_a_fault_like_another():
    huge = "0x" + "f" * 5000
    found = faults_of(read_quizco, ("duration_days = 180", f"duration_days = {huge}"))
    assert found == {"offer[0].duration_days": "it must be 366 at most"}


def test_public_clients_are_refused_in_plain_words():
    [(key, message)] = faults_of(read_quizco, ('"client_secret_basic"', '"none"')).items()
    assert key == "client[0].auth_method"
    assert message.startswith("public clients are not served")


def test_message_signing_leaves_no_device_flow():
    """FAPI 2.0 Message Signing §5.3: a device's request has no signed form (RFC 8628 §3.1)."""
    device = 'grant_types = ["urn:ietf:params:oauth:grant-type:device_code"]\noffer_id = "course-readers"'
    signing = ('profile = "fapi2"', 'profile = "fapi2"\nmessage_signing = true')
    found = faults_of(read_campuspress, signing, ('offer_id = "course-readers"', device))
    assert "another client" in found["client[0].grant_types"]
