"""Limits on attempts: by strangers at an account, by its known browsers, and by networks (NIST SP 800-63B §3.2.2).

Strangers cannot lock anybody out of a browser that is known, and what is right counts against nobody.
"""

import asyncio
from collections.abc import Iterable

from gateway.actions.services import Services
from gateway.kit.addresses import counted_networks
from gateway.kit.secrets.digests import keyed_digest
from gateway.store.engine.lanes import Lane
from gateway.store.throttles import Take, look_at_tokens, refill_buckets, take_tokens

HOUR = 3600


def bucket_of(services: Services, *parts: str) -> bytes:
    """Name a bucket; nobody can tell from the name whose it is."""
    return keyed_digest(services.seal.ring.index, *parts)


def strangers_take(services: Services, account: str) -> Take:
    """Name the throttle of an account in browsers where nobody signed in to it.

    Args:
        account: blind index of what was typed as the address, whether or not somebody has it.
    """
    return _password_take(services, "login", account)


def known_take(services: Services, person_id: str) -> Take:
    """Name the throttle of a person in browsers where they signed in before, and where they are signed in."""
    return _password_take(services, "login known", person_id)


def _password_take(services: Services, *parts: str) -> Take:
    settings = services.settings
    return Take(
        bucket_of(services, *parts),
        settings.login_attempts,
        settings.login_refill,
        services.clock(),
        settings.login_failures,
        what=parts[0],
    )


def code_take(services: Services, person_id: str) -> Take:
    """Name the throttle of a person's codes: six digits are guessed sooner than a password, so it fills slowly."""
    settings = services.settings
    return Take(
        bucket_of(services, "code", person_id),
        settings.login_attempts,
        10 * settings.login_refill,
        services.clock(),
        settings.login_failures,
        what="code",
    )


def network_takes(services: Services, what: str, address: str) -> list[Take]:
    """Name the throttles of the networks that an address is in: so many attempts at once, and again in an hour."""
    most, now = services.settings.address_attempts, services.clock()
    return [
        Take(bucket_of(services, what, network), times * most, max(1, HOUR // (times * most)), now, what=what)
        for network, times in counted_networks(address)
    ]


async def throttled(services: Services, takes: Iterable[Take]) -> int:
    """Take one attempt; seconds to wait when there is none left.

    Attempts that come at the same time share a transaction: all of a school come from one address, whose row
    each of them would have to wait for.
    """
    return await _longest(services, takes, services.store.lane(take_tokens))


async def held_back(services: Services, networks: Iterable[Take]) -> int:
    """Tell how long a network where too much went wrong has to wait; nothing is counted by asking."""
    return await _longest(services, networks, services.store.lane(look_at_tokens, reads=True))


async def _longest(services: Services, takes: Iterable[Take], lane: Lane[Take, int]) -> int:
    asked = list(takes)
    waits = await asyncio.gather(*map(lane.submit, asked))
    for take, wait in zip(asked, waits, strict=True):
        if wait:
            services.metrics.count("gateway_throttled", take.what)
    return max(waits)


async def forget_attempts(services: Services, person_id: str, account: str) -> None:
    """Begin to count anew, because there is a new password."""
    takes = (
        strangers_take(services, account),
        known_take(services, person_id),
        code_take(services, person_id),
    )
    await services.store.run_all(refill_buckets, [each.bucket for each in takes])
