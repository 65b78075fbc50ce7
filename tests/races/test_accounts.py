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


def sessions(cluster: Cluster, *calls: Call[httpx2.Response]) -> int:
    """Ask many times at once; give how many sessions were opened, which their cookies tell."""
    answers = cluster.at_once([*calls] * (CROWD // len(calls)))
    found = (re.search("__Host-session=([^;]+)", each.headers.get("set-cookie", "")) for each in answers)
    return len({each[1] for each in found if each})


def after_the_password(world: World, code: str) -> Call[httpx2.Response]:
    fields = dict(give_password(world.browser()).form("/login/code").fields)
    return lambda client: client.post("/login/code", data={**fields, "code": code})


def test_rfc6238_5_2_one_of_many_uses_of_a_code_wins(cluster: Cluster) -> None:
    """Of two log-ins with one code, each sent many times, one opens its session (decision 71)."""
    for node in cluster.nodes:
        # The crowd is not here to be throttled.
        object.__setattr__(
            node.services, "settings", node.services.settings.model_copy(update={"login_attempts": 99})
        )
    world = cluster.one
    secret, recovery = switch_codes_on(world, world.signed_in())
    for node in cluster.nodes:
        node.clock.pass_by(STEP)
    for code in (code_at(secret, world.clock()), recovery[0]):
        assert sessions(cluster, *(after_the_password(world, code) for _ in range(2))) == 1


def test_webauthn_13_4_3_one_of_many_uses_of_a_signature_wins(cluster: Cluster) -> None:
    world, device = cluster.one, Authenticator(ISSUER, "gateway.example")
    add_passkey(world.signed_in(), device)
    page = world.browser().open("/login/passkey")
    found = re.search(r'data-options="([^"]+)"', page.response.text)
    assert found
    fields = dict(page.form("/login/passkey").fields)
    fields["credential"] = device.get(json.loads(html.unescape(found[1])))
    assert sessions(cluster, lambda client: client.post("/login/passkey", data=fields)) == 1
