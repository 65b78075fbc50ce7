"""The controls that promise P3 stands on, each with what it found and what to do about it."""

import stat
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm

from gateway.accounts.passwords import Passwords
from gateway.actions.services import Services
from gateway.app import build_services, opened
from gateway.kit.clock import system_clock
from gateway.kit.ids import random_key
from gateway.kit.key_ring import KeyRing, KeyRingError, read_key_ring
from gateway.kit.sealing import SealBroken, seal, unseal
from gateway.kit.settings import Settings
from gateway.oauth.signing import ALGORITHMS, NoSigningKey, current_key
from gateway.store.probes import Findings, count_person_keys, look_at
from gateway.store.revision import MIGRATE, DatabaseDown
from scopes import Form

EARLIEST = 1_780_000_000
"""2026-05-28: this program is younger, so a clock that shows an earlier time is wrong."""
SLACK = 120
"""Seconds by which two clocks may differ."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control: what it is, whether it holds, what was found, and what to do where it does not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def _control(name: str, ok: bool, detail: str, remedy: str) -> Control:
    return Control(name, ok, detail, "" if ok else remedy)


async def check_controls(settings: Settings, clock: Callable[[], int] = system_clock) -> list[Control]:
    """Check every control; one that fails does not hide the others."""
    ring = _read_ring(settings)
    controls = [*_key_ring(settings, ring), *_surroundings(settings), _sealing(), await _password_hash()]
    try:
        findings = await look_at(settings.database)
    except DatabaseDown as error:
        return [*controls, Control("database", False, str(error), "Start it, or correct the address.")]
    controls += _database(findings, clock())
    if findings.is_current and isinstance(ring, KeyRing):
        controls += [control async for control in _keys(settings, ring)]
    return controls


def _read_ring(settings: Settings) -> KeyRing | KeyRingError:
    try:
        return read_key_ring(settings.key_ring_path)
    except KeyRingError as error:
        return error


def _key_ring(settings: Settings, ring: KeyRing | KeyRingError) -> Iterator[Control]:
    if isinstance(ring, KeyRingError):
        yield Control(
            "key ring", False, str(ring), "Restore it from your backup; a lost ring loses every value."
        )
        return
    yield Control("key ring", True, f"{len(ring.masters)} master key(s), {ring.current} is current")
    path = settings.key_ring_path
    mode = stat.S_IMODE(path.stat().st_mode)
    yield _control("key ring's mode", mode & 0o077 == 0, f"{mode:04o}", f"chmod 600 {path}")


def _surroundings(settings: Settings) -> Iterator[Control]:
    folder = settings.data_dir
    yield _control(
        "data folder", not _is_open(folder), f"{folder} {_mode_words(folder)}", f"chmod o-rwx {folder}"
    )
    is_https = settings.issuer.startswith("https://")
    yield _control(
        "issuer",
        is_https or not settings.is_production,
        settings.issuer,
        "Set CONSENT_GATEWAY_ISSUER to the public https address.",
    )
    yield _control(
        "mail",
        bool(settings.smtp_url) or not settings.is_production,
        "by SMTP" if settings.smtp_url else "kept as files in the data folder",
        "Set CONSENT_GATEWAY_SMTP_URL, or nobody gets an invitation.",
    )
    yield _control(
        "contact",
        not settings.is_production or not settings.contact.endswith(".example"),
        settings.contact,
        "Set CONSENT_GATEWAY_CONTACT to the address that people shall write to.",
    )
    yield Control("documentation", True, settings.documentation)


def _is_open(folder: Path) -> bool:
    return folder.exists() and bool(folder.stat().st_mode & 0o007)


def _mode_words(folder: Path) -> str:
    return f"{stat.S_IMODE(folder.stat().st_mode):04o}" if folder.exists() else "is not there yet"


def _sealing() -> Control:
    key, remedy = random_key(), "Install the package cryptography with OpenSSL 3.2 or newer."
    try:
        opened_again = unseal(key, seal(key, b"self test", "doctor"), "doctor")
    except UnsupportedAlgorithm as error:
        return Control("sealing at rest", False, str(error), remedy)
    return _control("sealing at rest", opened_again == b"self test", "AES-256-GCM-SIV (RFC 8452)", remedy)


async def _password_hash() -> Control:
    passwords = Passwords(workers=1, queue=4)
    hashed = await passwords.hash("a self test of the doctor")
    right = await passwords.is_right(hashed, "a self test of the doctor")
    wrong = await passwords.is_right(hashed, "another password")
    passwords.close()
    return _control(
        "password hash",
        hashed.startswith("$argon2id$") and right and not wrong,
        hashed.rpartition("$")[0].rpartition("$")[0],
        "Install the package argon2-cffi anew.",
    )


def _database(found: Findings, now: int) -> Iterator[Control]:
    yield Control("database", True, "answers")
    differences = "; ".join(found.differences)
    yield _control(
        "schema",
        found.is_current and not differences,
        f"{found.revision or 'empty'}, newest is {found.newest_revision}"
        + (f"; {differences}" * bool(differences)),
        MIGRATE if not found.is_current else "Somebody changed tables by hand: restore them.",
    )
    yield _control(
        "durable commits",
        not found.durability,
        "; ".join(found.durability) or "a commit survives a power cut",
        "Set the database's options back: a hand-off must be durable before its bytes leave.",
    )
    if found.is_current:
        yield _control(
            "append-only guards",
            not found.unguarded,
            f"missing on {', '.join(found.unguarded)}" if found.unguarded else "every log refuses changes",
            "Somebody dropped triggers. Restore the database from a backup, then look for who did it.",
        )
    yield _clocks(found, now)


def _clocks(found: Findings, now: int) -> Control:
    wrong = []
    if now < EARLIEST:
        wrong.append("it shows a time before this program was written")
    if found.newest_at is not None and found.newest_at > now + SLACK:
        wrong.append("the database holds rows from the future")
    if found.clock is not None and abs(found.clock - now) > SLACK:
        wrong.append(f"it differs from the database's by {abs(found.clock - now)} s")
    return _control("clock", not wrong, "; ".join(wrong) or "agrees", "Synchronise the clock (NTP).")


def _relay(services: Services) -> Control:
    domain = services.settings.relay_domain
    offering = sorted(
        each.offer.offer_id
        for each in services.registry.offers.values()
        if any(Form.RELAY in item.forms for item in each.offer.items)
    )
    return _control(
        "private addresses",
        bool(domain) or not offering,
        f"at {domain}" if domain else f"none; offered by {', '.join(offering) or 'nobody'}",
        "Set CONSENT_GATEWAY_RELAY_DOMAIN and run 'consent-gateway relay'.",
    )


def _signing(ring: KeyRing, services: Services) -> Control:
    faults, kids = [], []
    for alg in ALGORITHMS:
        try:
            kids.append(current_key(ring.signing, services.registry.signing_keys, alg).kid)
        except NoSigningKey:
            faults.append(f"there is none for {alg}")
        except SealBroken:
            faults.append(f"the key ring does not open the one for {alg}")
    words = ", ".join(faults or map(str, kids))
    return _control("signing keys", not faults, words, "Run 'consent-gateway keys rotate --signing'.")


async def _keys(settings: Settings, ring: KeyRing) -> AsyncIterator[Control]:
    async with opened(build_services(settings, ring=ring)) as services:
        yield _signing(ring, services)
        yield _relay(services)
        foreign = sorted(set(await services.store.read(count_person_keys, None)) - set(ring.masters))
        yield _control(
            "master keys",
            not foreign,
            f"the ring lacks {', '.join(foreign)}" if foreign else "the ring has every key that is in use",
            "Restore the key ring that belongs to this database.",
        )
