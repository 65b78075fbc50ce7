"""Passwords: what may be one, and a limiter that keeps log-ins from starving everything else."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from gateway.accounts import passwords as module
from gateway.accounts.passwords import LONGEST, SHORTEST, Passwords, password_faults
from gateway.kit.errors import Refusal
from tests.patience import PATIENCE


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    found = Passwords(workers=1, queue=1)
    yield found
    found.close()


@pytest.mark.parametrize("password", ["correct horse", "पासवर्ड लंबा है", "          x1y", "a" * 197 + "bcd"])
def test_nist_800_63b_length_is_what_counts(password: str) -> None:
    assert password_faults(password, ("asha@lakeside.example",)) == []


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", f"at least {SHORTEST}"),
        ("short", f"at least {SHORTEST}"),
        ("a" * 12, "more different"),
        ("abcd" * 51, f"at most {LONGEST}"),
        ("Asha@Lakeside.example", "e-mail address or name"),
        ("asha.the.great", "e-mail address or name"),
    ],
)
def test_nist_800_63b_what_is_wrong_is_said_in_words(password: str, said: str) -> None:
    faults = password_faults(password, ("asha@lakeside.example", "asha.the.great@x.example"))
    assert any(said in fault for fault in faults)
    assert not password or not any(password in fault for fault in faults)


def test_every_fault_is_told() -> None:
    assert len(password_faults("aaa")) == 2


def test_rfc8265_two_keyboards_make_one_password(passwords: Passwords) -> None:
    async def story() -> None:
        kept = await passwords.hash("caf\u00e9 \u2460 lantern")
        assert kept.startswith("$argon2id$")
        assert await passwords.is_right(kept, "cafe\u0301 1 lantern")
        assert not await passwords.is_right(kept, "cafe 1 lantern")

    asyncio.run(story())


def test_a_password_is_never_right_without_a_hash_or_with_a_damaged_one(passwords: Passwords) -> None:
    async def story() -> None:
        assert not await passwords.is_right(None, "there is nobody of this name")
        assert not await passwords.is_right("damaged", "x")

    asyncio.run(story())


def test_who_has_no_account_waits_as_long_as_who_has_one(passwords: Passwords) -> None:
    """The decoy costs what a real hash costs: same algorithm, same parameters."""
    assert (
        module._DECOY.rpartition("$")[0].rpartition("$")[0]
        == asyncio.run(passwords.hash("a real one here")).rpartition("$")[0].rpartition("$")[0]
    )


def test_a_full_queue_refuses_at_once_and_recovers(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One place at work and one in the queue: the third caller is told to come again."""
    gate = threading.Event()

    def slow(password_hash: str, password: str) -> bool:
        gate.wait(PATIENCE)
        return True

    monkeypatch.setattr(module, "_verify", slow)

    async def story() -> None:
        waiting = [asyncio.create_task(passwords.is_right("h", "p")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal) as caught:
            await passwords.is_right("h", "p")
        assert (caught.value.code, caught.value.retry_after) == ("temporarily_unavailable", 2)
        assert not any(each.done() for each in waiting)
        gate.set()
        assert await asyncio.gather(*waiting) == [True, True]
        assert await passwords.is_right("h", "p")

    asyncio.run(story())
