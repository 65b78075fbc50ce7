"""A release whose commit was not answered is run again: what leaves then is in the row that was committed (P13)."""

from collections.abc import Mapping

from gateway.actions.oauth.release import ReleaseGate
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind, random_ids
from gateway.kit.secrets.digests import digest
from gateway.store.oauth.release import ReleaseAsk
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import detail_of
from tests.gateway.web.consent.test_receipts import PHONE
from tests.world import World


def test_p13_a_release_run_again_hands_off_what_its_row_says_or_nothing(each_world: World) -> None:
    """Where the person decided anew in between, the row that is there would not tell what leaves."""
    token = each_world.tokens(PHONE)["access_token"]
    ask = ReleaseAsk(digest(token), "userinfo", random_ids(Kind.HANDOFF), each_world.clock())
    release = ReleaseGate(each_world.services)._operation
    first = each_world.store(release, ask)
    assert isinstance(first, Mapping)
    assert each_world.store(release, ask) == first
    browser = each_world.signed_in()
    browser.submit(detail_of(browser), "/off/phone_number/appointment_reminders")
    again = each_world.store(release, ask)
    assert isinstance(again, Refusal)
    assert again.code == "temporarily_unavailable"
    assert rows(each_world, "SELECT count(*) FROM handoff") == [(1,)]
    assert each_world.userinfo(token).json().keys() == first.keys() - {"phone_number_masked"}
