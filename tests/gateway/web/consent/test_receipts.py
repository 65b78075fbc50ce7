"""Receipts: what a person keeps proves what they agreed to, without us; the stop link stops and shows nothing."""

import json

import pytest

from gateway.actions.consent import receipts
from gateway.actions.consent.receipt_proofs import check_logged
from gateway.actions.consent.receipts import BadReceipt, read_receipt, stop_path
from gateway.actions.ledger.proofs import log_key_words
from gateway.actions.oauth.keys import rotate_signing_keys
from gateway.cli.browser import Browser
from gateway.consent.receipts import folded
from gateway.kit.clock import DAY
from gateway.ledger.notes import parse_key
from gateway.store.consent.grants import load_details
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import detail_of, grant_id, new_version
from tests.gateway.web.guardians.test_requests import allow, wish
from tests.ledgers import leaves, sequence
from tests.world import PERSONAL_VALUES, World

PHONE = "phone_number.appointment_reminders"


def receipt_path(browser: Browser, number: int = 0) -> str:
    page = detail_of(browser)
    return [link for link in page.links if "/receipt/" in link][number]


def signed(browser: Browser, number: int = 0) -> str:
    return str(browser.open(f"{receipt_path(browser, number)}/receipt.jws").response.text)


def keys(world: World) -> dict[str, object]:
    found: dict[str, object] = world.client().get("/receipts/jwks.json").json()
    return found


def test_a_receipt_verifies_offline_with_the_published_keys_alone(each_world: World) -> None:
    """Also after the key was rotated and retired; it names fields and the notice's hash, and no value."""
    each_world.tokens(PHONE)
    browser = each_world.signed_in()
    text = signed(browser)
    each_world.run(rotate_signing_keys, each_world.services, "test")
    each_world.clock.pass_by(400 * DAY)
    content = read_receipt(text, keys(each_world))
    assert content["@type"] == "dpv:ConsentRecord"
    assert content["event"] == "given"
    assert content["dpv:hasConsentStatus"] == {"@id": "dpv:ConsentGiven"}
    fields = {each["dpv:hasPersonalData"]["field"] for each in content["dpv:hasProcess"]}
    assert fields == {"name", "course", "phone_number"}
    assert content["dpv:hasRecipient"]["identifier"] == "quizco"
    notice = rows(each_world, "SELECT sha256 FROM notice_version WHERE offer_id = 'practice-quizzes'")[0][0]
    assert content["dpv:hasNotice"]["sha256"] == bytes(notice).hex()
    assert content["dpv:hasLegalBasis"] == "consent"
    assert not [value for value in PERSONAL_VALUES if value in json.dumps(content)]
    assert each_world.person_id() not in json.dumps(content)


def proof_of(browser: Browser) -> str:
    """Follow "Check this" from the receipt."""
    page = browser.open(receipt_path(browser))
    (link,) = [link for link in page.links if "/check/" in link]
    checked = browser.open(link)
    assert "It stands in the log" in checked.text
    return str(browser.open(f"{link}/proof.json").response.text)


def test_a_receipts_decision_is_proven_to_stand_in_the_log(each_world: World) -> None:
    """From the receipt's own page; offline, with the two published keys; and the log must tell it the same way."""
    each_world.tokens(PHONE)
    browser = each_world.signed_in()
    sequence(each_world)
    proof, key = proof_of(browser), parse_key(log_key_words(each_world.services)[0])
    content = read_receipt(signed(browser), keys(each_world))
    assert check_logged(content, proof, key).size == len(leaves(each_world))
    url = f"/log/proof/inclusion?grant={content['record']}&entry={content['dcterms:identifier']}"
    assert browser.open(url).response.json()["entry"] == json.loads(proof)["entry"]

    for name, value in (
        ("sequence", 2),
        ("record", "gra_other"),
        ("event", "refused"),
        ("dpv:hasProcess", content["dpv:hasProcess"][:-1]),
        ("dcterms:issued", "2020-01-01T00:00:00Z"),
        ("valid_until", None),
    ):
        with pytest.raises(BadReceipt, match="the log says otherwise"):
            check_logged({**content, name: value}, proof, key)
    for forged in (proof.replace("gra_", "grb_"), "[]", "no JSON", "{}"):
        with pytest.raises(BadReceipt, match="does not hold"):
            check_logged(content, forged, key)


def test_the_own_record_leads_to_the_proof_of_each_line(each_world: World) -> None:
    tokens = each_world.tokens()
    assert each_world.userinfo(tokens["access_token"]).status_code == 200
    sequence(each_world)
    browser = each_world.signed_in()
    (consent,) = browser.open("/connected/my-record.json").response.json()["consents"]
    assert len(consent["handoffs"]) == 1
    for line in (*consent["events"], *consent["handoffs"]):
        record = browser.open(line["proof"].removeprefix(each_world.services.settings.issuer)).response.json()
        assert json.loads(record["entry"])["id"] == line["id"]


def test_a_receipt_is_signed_once_and_the_same_ever_after(each_world: World) -> None:
    each_world.tokens()
    browser = each_world.signed_in()
    first = signed(browser)
    each_world.clock.pass_by(60)
    each_world.run(rotate_signing_keys, each_world.services, "test")
    assert signed(each_world.signed_in()) == first
    assert rows(each_world, "SELECT count(*) FROM receipt") == [(1,)]


def test_each_receipt_tells_its_own_event_under_its_own_notice(each_world: World) -> None:
    """P16: after new terms were taken, the first receipt, asked for only now, still names the first notice."""
    each_world.tokens(PHONE)
    new_version(each_world)
    browser = each_world.signed_in()
    each_world.share(browser, each_world.ask(browser))
    browser.submit(detail_of(browser), "/off/phone_number/appointment_reminders")
    page = detail_of(browser)
    browser.submit(page, "/stop")
    contents = [read_receipt(signed(browser, number), keys(each_world)) for number in range(4)]
    contents.reverse()
    assert [each["event"] for each in contents] == ["given", "renewed", "narrowed", "withdrawn"]
    assert [each["dpv:hasNotice"]["version"] for each in contents] == [1, 2, 2, 2]
    detail = each_world.store(load_details, grant_id(each_world))
    assert detail is not None
    assert folded(detail.events) is detail.line.grant.state


def test_a_childs_receipts_name_the_guardians_word(each_world: World) -> None:
    child = wish(each_world)
    allow(each_world)
    contents = [read_receipt(signed(child, number), keys(each_world)) for number in (0, 1)]
    assert [each["decided_by"] for each in contents] == ["guardian", "subject"]
    assert {each["dpv:hasLegalBasis"] for each in contents} == {"guardian_consent"}


def test_a_refusal_has_a_receipt_too(world: World) -> None:
    browser = world.signed_in()
    browser.submit(world.ask(browser), "/consent", button="refuse", stop_at="http://localhost:8100")
    content = read_receipt(signed(browser), keys(world))
    assert (content["event"], content["dpv:hasProcess"]) == ("refused", [])


def test_the_page_shows_it_and_leads_to_the_files(world: World) -> None:
    world.tokens(PHONE)
    browser = world.signed_in()
    page = browser.open(receipt_path(browser))
    for words in ("Receipt", "Given", "Phone", "SHA-256", "stop link", "complaints"):
        assert words.lower() in page.text.lower(), words
    as_json = browser.open(f"{receipt_path(browser)}/receipt.json")
    assert json.loads(as_json.response.text)["dcterms:conformsTo"] == "ISO/IEC TS 27560:2023"


def test_somebody_elses_receipt_is_nobodys(world: World) -> None:
    world.tokens()
    path = receipt_path(world.signed_in())
    assert world.signed_in("ben@lakeside.example").open(path).status == 404
    assert world.signed_in().open(path.replace("evt_", "evt_x")).status == 404


@pytest.mark.parametrize("fault", ["signature", "payload", "key", "type", "words"])
def test_what_was_not_signed_here_is_no_receipt(world: World, fault: str) -> None:
    other = world.tokens()["id_token"]
    header, payload, signature = signed(world.signed_in()).strip().split(".")
    known = keys(world)
    text = {
        "signature": f"{header}.{payload}.{'A' * len(signature)}",
        "payload": f"{header}.{payload[:-4]}AAAA.{signature}",
        "key": f"{header}.{payload}.{signature}",
        "type": other,
        "words": "hello",
    }[fault]
    if fault == "key":
        known = {"keys": []}
    with pytest.raises(BadReceipt):
        read_receipt(text, known)


def test_the_stop_link_needs_no_log_in_shows_no_values_and_stops(each_world: World) -> None:
    """Looking stops nothing: mail programs look. Twice is once."""
    access = each_world.tokens(PHONE)["access_token"]
    browser = each_world.signed_in()
    path = browser.open(receipt_path(browser)).link("/stop/")
    stranger = each_world.browser()
    page = stranger.open(path)
    assert each_world.userinfo(access).status_code == 200
    assert not [value for value in PERSONAL_VALUES if value in page.response.text]
    stopped = stranger.submit(page, path)
    assert "has stopped" in stopped.text
    assert each_world.userinfo(access).status_code == 401
    assert "has stopped" in stranger.submit(page, path).text
    events = rows(each_world, "SELECT type, method FROM consent_event ORDER BY seq")
    assert events == [("given", "consent_screen"), ("withdrawn", "stop_link")]
    assert "/stop/" not in browser.open(receipt_path(browser)).response.text


def test_a_guessed_stop_link_leads_nowhere(world: World) -> None:
    world.tokens()
    assert world.browser().open(f"/stop/{grant_id(world)}/{'A' * 43}").status == 404
    browser = world.signed_in()
    proof = browser.open(receipt_path(browser)).link("/stop/").rpartition("/")[2]
    assert world.browser().open(f"/stop/gra_unknown/{proof}").status == 404


def test_a_stop_link_of_a_consent_that_is_not_there_is_no_page(world: World) -> None:
    """Well signed, as from before a database was put back."""
    assert world.client().get(stop_path(world.services, "gra_unknown")).status_code == 404


def test_a_grant_whose_notice_is_gone_has_no_receipt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is signed that nobody can read."""
    world.tokens(PHONE)
    browser = world.signed_in()
    path = receipt_path(browser)
    monkeypatch.setattr(receipts, "load_notices", lambda _, ids: [None for _ in ids])
    assert browser.open(path).status == 404
