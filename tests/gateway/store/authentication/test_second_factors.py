"""Passkeys' signatures count once: the challenge is spent, and a counter that somebody else moved stops a copy."""

from gateway.store.authentication.second_factors import PasskeyUse, use_passkeys
from tests.world import NOW, World


def test_a_challenge_counts_once_and_an_unknown_passkey_never(each_world: World) -> None:
    use = PasskeyUse(b"nobody's", b"c" * 32, NOW + 60, 0, 1, NOW)
    assert each_world.store(use_passkeys, use) is False
    assert each_world.store(use_passkeys, use) is False
