"""Checks that the key ring is the one that sealed what this database holds, by opening a few values of each kind.

A ring of another installation looks like any other. Under it nobody can sign in, and whoever is added is lost to the
right one, so nothing at all is done with it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from gateway.actions.authentication.sessions import login_index
from gateway.actions.services import Services
from gateway.kit.secrets.key_ring import RESTORE
from gateway.kit.secrets.sealing import SealBroken, unseal
from gateway.ledger.log_keys import current_log_key
from gateway.model.profiles import place_of
from gateway.oauth.signing import current_key
from gateway.store.accounts.profile_edits import count_person_keys
from gateway.store.engine.registry import look_at_registry
from gateway.store.operation.seal_samples import SealedLogin, sample_seals

T = TypeVar("T")


class Sealed(StrEnum):
    """What is under seal, or derived from the ring."""

    PERSON_KEYS = "people's keys"
    LOGINS = "log-in index"
    LETTERS = "letters in the outbox"
    SIGNING_KEYS = "signing keys"
    LOG_KEY = "the log's key"


class ForeignRing(Exception):
    """The key ring does not open what the database holds; the text says what to do."""

    def __init__(self, broken: Iterable[Sealed]) -> None:
        """Say what does not open."""
        super().__init__(
            f"the key ring does not open what the database holds: {', '.join(broken)}. {RESTORE}"
        )


class RingBehind(Exception):
    """The key ring lacks a master key that is in use; the text says what to do."""


@dataclass(frozen=True, slots=True)
class SealFinding:
    """What was found about one kind.

    Attributes:
        opens: None where there is nothing to open.
    """

    what: Sealed
    opens: bool | None


async def look_at_seals(services: Services) -> list[SealFinding]:
    """Open samples of each kind. A kind does not open when none of its samples does."""
    await services.store.read(look_at_registry, None)
    samples = await services.store.read(sample_seals, None)
    seal, registry = services.seal, services.registry
    log_keys = [key for key in registry.log_keys if key.retired_at is None]
    algorithms = sorted({key.alg for key in registry.signing_keys if key.retired_at is None})
    looks: dict[Sealed, Iterator[bool]] = {
        Sealed.PERSON_KEYS: _each(samples.person_keys, lambda found: seal.person_key(*found)),
        Sealed.LOGINS: _each(samples.logins, lambda found: _check_index(services, found)),
        Sealed.LETTERS: _each(samples.letters, lambda found: seal.opened_letter(*found)),
        Sealed.SIGNING_KEYS: _each(
            algorithms, lambda alg: current_key(seal.ring.signing, registry.signing_keys, alg)
        ),
        Sealed.LOG_KEY: _each(log_keys, lambda key: current_log_key(seal.ring.signing, [key])),
    }
    return [SealFinding(what, _any_of(outcomes)) for what, outcomes in looks.items()]


def _each(samples: Iterable[T], open_one: Callable[[T], object]) -> Iterator[bool]:
    for each in samples:
        try:
            open_one(each)
        except SealBroken:
            yield False
        else:
            yield True


def _any_of(outcomes: Iterator[bool]) -> bool | None:
    found = list(outcomes)
    return any(found) if found else None


def _check_index(services: Services, login: SealedLogin) -> None:
    """Hold an account's index against the address that it was made of; the address goes nowhere."""
    key = services.seal.person_key(login.person_id, login.wrapped)
    email = unseal(key, login.email, place_of(login.person_id, "email")).decode()
    if login_index(services, email) != login.login_index:
        raise SealBroken("the log-in index is another ring's")


async def check_ring(services: Services) -> None:
    """Make sure that the key ring belongs to this database.

    Raises:
        ForeignRing: it does not.
    """
    broken = [found.what for found in await look_at_seals(services) if found.opens is False]
    if broken:
        raise ForeignRing(broken)


async def check_masters(services: Services) -> None:
    """Make sure that the ring has every master key that something is wrapped under: a copy may be an older one.

    Raises:
        RingBehind: it has not.
    """
    counts = await services.store.read(count_person_keys, None)
    lacking = sorted(set(counts) - services.seal.look_again().masters.keys())
    if lacking:
        raise RingBehind(
            f"the key ring lacks {', '.join(lacking)}, under which the database holds people's keys: it is an older "
            f"copy, or another's. Copy the ring from the machine where it was rotated. {RESTORE}"
        )
