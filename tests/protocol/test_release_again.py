"""A release whose commit was not answered is run again: what leaves then is in the row that was committed (P13)."""

from gateway.actions.release import Gate
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind, random_ids
from gateway.store.release import ReleaseAsk
from tests.gateway.store.samples import rows
from tests.gateway.web.test_connected import detail_of
from tests.gateway.web.test_receipts import PHONE
from tests.world import World


def test_p13_a_release_run_again_hands_off_what_its_row_says_or_nothing(both: World) -> None:
    """Where the person decided anew in between, the row that is there would not tell what leaves."""
    token = both.tokens(PHONE)["access_token"]
    ask = ReleaseAsk(digest(token), "userinfo", random_ids(Kind.HANDOFF), both.clock())
    release = Gate(both.services)._operation
    first = both.store(release, ask)
    assert both.store(release, ask) == first
    browser = both.signed_in()
    browser.submit(detail_of(browser), "/off/phone_number/appointment_reminders")
    again = both.store(release, ask)
    assert isinstance(again, Refusal)
    assert again.code == "temporarily_unavailable"
    assert rows(both, "SELECT count(*) FROM handoff") == [(1,)]
    assert both.userinfo(token).json().keys() == first.keys() - {"phone_number_masked"}
