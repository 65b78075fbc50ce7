"""Passwords: argon2id behind a limiter, so that log-ins cannot starve everything else."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.kit.errors import Refusal
from gateway.kit.words import Words

T = TypeVar("T")
SHORTEST = 10
LONGEST = 200

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's first choice for argon2id: 19 MiB, two passes."""

_DECOY = (
    f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    f"${'A' * 22}${'A' * 43}"
)
"""Nobody's hash, which takes as long to check as anybody's; making one would cost each start as much again."""


def password_faults(password: str, personal: tuple[str, ...] = ()) -> list[str]:
    """Say in plain words what is wrong with a new password (NIST SP 800-63B §3.1.1.2); empty when nothing is.

    Args:
        personal: words that it must not consist of, such as the log-in.
    """
    normal = unicodedata.normalize("NFKC", password)
    faults: list[str] = []
    if len(normal) < SHORTEST:
        faults.append(Words("Use at least %(count)s characters.", count=SHORTEST))
    if len(normal) > LONGEST:
        faults.append(Words("Use at most %(count)s characters.", count=LONGEST))
    if normal and len(set(normal.casefold())) < 4:
        faults.append(Words("Use more different characters."))
    words = {word.casefold() for text in personal for word in (text, text.partition("@")[0])}
    if normal.casefold() in words:
        faults.append(Words("Do not use your e-mail address or name as the password."))
    return faults


class Passwords:
    """Hashes and checks passwords in a few threads, with a bounded queue before them."""

    def __init__(self, *, workers: int, queue: int) -> None:
        """Make the threads lazily; more than `queue` waiting callers are refused."""
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        self._places = workers + queue
        self._taken = 0

    async def hash(self, password: str) -> str:
        """Hash a new password: argon2id, about 30 ms of one core.

        Raises:
            Refusal: ``temporarily_unavailable`` when too many wait already.
        """
        return await self._in_thread(lambda: _HASHER.hash(_normal(password)))

    async def is_right(self, password_hash: str | None, password: str) -> bool:
        """Check a password; without a hash the same time is spent, so that nobody learns who has an account."""
        right = await self._in_thread(lambda: _verify(password_hash or _DECOY, password))
        return right and password_hash is not None

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._taken >= self._places:
            raise Refusal("temporarily_unavailable", detail="too many passwords wait", retry_after=2)
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._taken -= 1


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    """Make what two keyboards send for the same characters equal (RFC 8265 §4.2)."""
    return unicodedata.normalize("NFKC", password)[: LONGEST * 4]
