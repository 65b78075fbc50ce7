"""What a partner says of its service, in the reader's language; where it did not, marked with the partner's own."""

from gateway.actions.consent.receipts import read_receipt, receipt_keys
from tests.gateway.actions.consent.test_receipt_letters import last
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import grant_id, new_version
from tests.gateway.web.consent.test_receipts import signed
from tests.world import World

HINDI, KANNADA = "अभ्यास प्रश्नोत्तरी", "ಅಭ್ಯಾಸ ರಸಪ್ರಶ್ನೆಗಳು"
NO_KANNADA = (f'names = {{ hi = "{HINDI}", kn = "{KANNADA}" }}', f'names = {{ hi = "{HINDI}" }}')
MARKED = '<bdi lang="en" dir="ltr">Practice quizzes</bdi>'


def test_a_service_speaks_the_readers_language(world: World) -> None:
    """On the screen, in the notice, the letter, the signed record and the list."""
    browser = world.signed_in()
    browser.submit(browser.open("/"), "/language", {"language": "hi"})
    page = world.ask(browser)
    assert "Practice quizzes" not in page.text
    assert page.text.count(HINDI) >= 1
    assert "जब भी आप कोई प्रश्नोत्तरी खोलते हैं।" in page.text
    assert "QuizCo आपके व्याख्यानों से" in page.text
    world.share(browser, page)
    assert HINDI in last(world).subject
    [(notice,)] = rows(
        world, "SELECT text FROM notice_version WHERE language = 'hi' AND offer_id = 'practice-quizzes'"
    )
    assert HINDI in notice
    assert HINDI in browser.open("/connected").text
    assert HINDI in browser.open(f"/connected/{grant_id(world)}").text
    content = read_receipt(signed(browser), receipt_keys(world.services))
    assert content["dpv:hasService"]["name"] == HINDI


def test_what_is_missing_says_in_which_language_it_is(world: World) -> None:
    new_version(world, *NO_KANNADA, material=False)
    browser = world.signed_in()
    browser.submit(browser.open("/"), "/language", {"language": "kn"})
    page = world.ask(browser)
    assert MARKED in page.response.text
    assert "ನೀವು ರಸಪ್ರಶ್ನೆಯನ್ನು ತೆರೆದಾಗಲೆಲ್ಲ." in page.text
    world.share(browser, page)
    assert MARKED in browser.open("/connected").response.text
    page = browser.submit(browser.open("/"), "/language", {"language": "en"})
    assert "<bdi>Practice quizzes</bdi>" in browser.open("/connected").response.text
