"""A code, a recovery code and a passkey's challenge work once, on one node or on two."""

import html
import json
import re

import httpx2

from gateway.accounts.one_time_passwords import STEP, code_at
from tests.authenticator import Authenticator
from tests.gateway.web.authentication.test_security import add_passkey, give_password, switch_codes_on
from tests.races.crowd import CROWD, Call, Cluster
from tests.world import ISSUER, World


def winners(cluster: Cluster, call: Call[httpx2.Response]) -> int:
    """Ask many times at once; give how many were let in, which a cookie tells."""
    answers = cluster.at_once([call] * CROWD)
    return sum("__Host-session" in answer.headers.get("set-cookie", "") for answer in answers)


def after_the_password(world: World, code: str) -> Call[httpx2.Response]:
    fields = dict(give_password(world.browser()).form("/login/code").fields)
    return lambda client: client.post("/login/code", data={**fields, "code": code})


def test_rfc6238_5_2_one_of_many_uses_of_a_code_wins(cluster: Cluster) -> None:
    for node in cluster.nodes:
        # The crowd is not here to be throttled.
        object.__setattr__(
            node.services, "settings", node.services.settings.model_copy(update={"login_attempts": 99})
        )
    world = cluster.one
    secret, recovery = switch_codes_on(world, world.signed_in())
    for node in cluster.nodes:
        node.clock.pass_by(STEP)
    assert winners(cluster, after_the_password(world, code_at(secret, world.clock()))) == 1
    assert winners(cluster, after_the_password(world, recovery[0])) == 1


def test_webauthn_13_4_3_one_of_many_uses_of_a_signature_wins(cluster: Cluster) -> None:
    world, device = cluster.one, Authenticator(ISSUER, "gateway.example")
    add_passkey(world.signed_in(), device)
    page = world.browser().open("/login/passkey")
    found = re.search(r'data-options="([^"]+)"', page.response.text)
    assert found
    fields = dict(page.form("/login/passkey").fields)
    fields["credential"] = device.get(json.loads(html.unescape(found[1])))
    assert winners(cluster, lambda client: client.post("/login/passkey", data=fields)) == 1
