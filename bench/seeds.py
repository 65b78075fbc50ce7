"""Filling a database: schema, a partner with eight items, people with grants, and tokens by the thousand."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.bulk import Database
from gateway.actions.services import Services
from gateway.app import build_services
from gateway.kit.clock import DAY, system_clock
from gateway.kit.ids import Kind, random_ids
from gateway.kit.secrets.digests import digest
from gateway.kit.secrets.sealing import seal
from gateway.kit.settings import Settings
from gateway.model.profiles import place_of
from gateway.model.tokens import AccessToken, AuthorizationCode, RefreshToken
from gateway.store.admin_actions import AdminAction
from gateway.store.oauth.tokens import access_row, refresh_row
from gateway.store.partners.partners import NewSecret, keep_secrets
from gateway.store.tables import (
    access_token,
    authorization_code,
    consent_event,
    consent_grant,
    credential,
    grant_item,
    handoff,
    person,
    person_field,
    person_key,
    refresh_token,
    reminder,
)
from tests.world import CHALLENGE, PASSWORD, fill, fixed_ring, publish

CLIENT, SECRET = "bench-web", "cg_cs_" + "b" * 43
REDIRECT = "http://localhost:8100/bench/callback"
SCOPE = "openid profile email phone address education alternate_email"
MANIFEST = (Path(__file__).parent / "partner.toml").read_text()
YEAR = 366 * DAY
CHUNK = 5000
GROWING = (
    person,
    person_key,
    person_field,
    credential,
    consent_grant,
    grant_item,
    consent_event,
    reminder,
    access_token,
    handoff,
)
HANDOFFS_EACH = 10
BUSY, BUSY_HANDOFFS = 5, 5_000
"""One person about whom a partner asks all day."""
OFFICER = -1
"""The administrator: nobody of those who are counted."""
SPREAD = 7919
"""Prime, so that neighbours in time are not neighbours among people."""
Progress = Callable[[int, int], None]


class Seeds:
    """A filled database, and fresh codes and tokens whenever a cell needs them."""

    def __init__(self, url: str, folder: Path, people: int) -> None:
        self._settings = Settings(database_url=url, data_dir=folder)
        self._database = Database(url)
        self._people = people
        self._minted = self._handed_off = 0

    @property
    def people(self) -> int:
        """How many there are."""
        return self._people

    def fill(self, progress: Progress) -> None:
        """Fill an empty database."""
        fill(self._database.url)
        asyncio.run(self._fill(progress))

    def grow(self, people: int, progress: Progress) -> None:
        """Add people up to a number, each with a token, and ten hand-offs for each there is."""
        first, self._people = self._people, people
        with self._database.bare(GROWING):
            asyncio.run(self._grow(first, progress))
            for start in range(first, people, CHUNK):
                self.mint("at", min(CHUNK, people - start))
            self._hand_off(HANDOFFS_EACH * people, progress)
        self._database.settle()

    def _hand_off(self, count: int, progress: Progress) -> None:
        """Add hand-offs up to a number, spread over everybody and a year, as if the log had them already."""
        end = system_clock()
        for start in range(self._handed_off, count, CHUNK):
            numbers = range(start, min(start + CHUNK, count))
            self._database.load(
                handoff,
                [_handoff(n, n * SPREAD % self._people, end - YEAR + YEAR * n // count) for n in numbers],
            )
            progress(numbers.stop, count)
        if not self._handed_off:
            times = range(end - BUSY_HANDOFFS * 60, end, 60)
            busy = [_handoff(-number, BUSY, at) for number, at in enumerate(times, 1)]
            self._database.load(handoff, busy)
        self._handed_off = count

    async def _grow(self, first: int, progress: Progress) -> None:
        services = build_services(self._settings, ring=fixed_ring())
        await services.store.open()
        try:
            hashed = await services.passwords.hash(PASSWORD)
            await asyncio.to_thread(self._load_people, services, hashed, progress, first)
        finally:
            await services.store.close()
            services.passwords.close()

    async def _fill(self, progress: Progress) -> None:
        services = build_services(self._settings, ring=fixed_ring())
        await services.store.open()
        try:
            await publish(services, MANIFEST)
            action = AdminAction(
                random_ids(Kind.ACTION), "cli", "new_secret", "client", CLIENT, system_clock()
            )
            await services.store.run(keep_secrets, NewSecret(CLIENT, digest(SECRET), action))
            hashed = await services.passwords.hash(PASSWORD)
            # Bulk loading has a loop of its own.
            await asyncio.to_thread(self._load_officer, services, hashed)
            await asyncio.to_thread(self._load_people, services, hashed, progress)
        finally:
            await services.store.close()
            services.passwords.close()

    def _load_officer(self, services: Services, hashed: str) -> None:
        made = _person(services, OFFICER, hashed)
        made["person"][0]["role"] = "platform_admin"
        for table in (person, person_key, person_field, credential):
            self._database.load(table, made[table.name])

    def _load_people(self, services: Services, hashed: str, progress: Progress, first: int = 0) -> None:
        for start in range(first, self._people, CHUNK):
            numbers = range(start, min(start + CHUNK, self._people))
            made: dict[str, list[dict[str, object]]] = {}
            for number in numbers:
                for name, rows in _person(services, number, hashed).items():
                    made.setdefault(name, []).extend(rows)
            for table in GROWING:
                self._database.load(table, made.get(table.name, []))
            progress(numbers.stop, self._people)

    def mint(self, kind: str, count: int) -> list[str]:
        """Store fresh codes, refresh or access tokens; give the secrets."""
        secrets = [f"cg_{kind}_{number:0>43}" for number in range(self._minted, self._minted + count)]
        numbers = range(self._minted, self._minted + count)
        self._minted += count
        now = system_clock()
        if kind == "ac":
            self._database.load(
                authorization_code, [self._code(*each, now) for each in zip(numbers, secrets, strict=True)]
            )
        else:
            access = secrets if kind == "at" else [f"cg_at_{number:0>43}" for number in numbers]
            self._database.load(
                access_token, [self._access(*each, now) for each in zip(numbers, access, strict=True)]
            )
        if kind == "rt":
            self._database.load(
                refresh_token, [self._refresh(*each, now) for each in zip(numbers, secrets, strict=True)]
            )
        return secrets

    def _code(self, number: int, secret: str, now: int) -> dict[str, object]:
        return asdict(
            AuthorizationCode(
                code_digest=digest(secret),
                client_id=CLIENT,
                grant_id=f"gra_{number % self._people}",
                person_id=f"per_{number % self._people}",
                redirect_uri=REDIRECT,
                scope=SCOPE,
                asked_scope=SCOPE,
                code_challenge=CHALLENGE,
                nonce="bench",
                auth_time=now,
                acr="pwd",
                family_id=f"fam_{number}",
                issued_at=now,
                expires_at=now + YEAR,
            )
        )

    def _access(self, number: int, secret: str, now: int) -> dict[str, object]:
        return access_row(
            AccessToken(
                token_digest=digest(secret),
                token_id=f"tok_a{number}",
                client_id=CLIENT,
                grant_id=f"gra_{number % self._people}",
                family_id=f"fam_{number}",
                scope=SCOPE,
                issued_at=now,
                expires_at=now + YEAR,
            )
        )

    def _refresh(self, number: int, secret: str, now: int) -> dict[str, object]:
        return refresh_row(
            RefreshToken(
                token_digest=digest(secret),
                token_id=f"tok_r{number}",
                client_id=CLIENT,
                grant_id=f"gra_{number % self._people}",
                family_id=f"fam_{number}",
                scope=SCOPE,
                asked_scope=SCOPE,
                auth_time=now,
                issued_at=now,
                expires_at=now + YEAR,
            )
        )


def _values(number: int) -> dict[str, str]:
    address = {
        "street_address": f"{number} Long Road",
        "locality": "Dublin",
        "postal_code": "D01",
        "country": "IE",
    }
    return {
        "name": f"Student Number {number}",
        "email": f"s{number}@school.example",
        "alternate_email": f"alt{number}@mail.example",
        "phone_number": f"+3538512{number % 100000:0>5}",
        "address": json.dumps(address),
        "course": "CS-101",
        "locale": "en-IE",
        "birthdate": "2001-04-05",
    }


def _person(services: Services, number: int, hashed: str) -> dict[str, list[dict[str, object]]]:
    """Make everything that one person has: account, sealed profile, a grant of eight items."""
    person_id, grant_id, now = f"per_{number}", f"gra_{number}", system_clock()
    wrapped = services.seal.new_person_key(person_id)
    key = services.seal.person_key(person_id, wrapped)
    offer = services.registry.offers["bench-offer"]
    items = [(each, each.forms[0]) for each in offer.offer.items]
    return {
        "person": [
            {
                "person_id": person_id,
                "organisation_id": "northfield",
                "role": "student",
                "state": "active",
                "language": "en",
                "login_index": services.seal.index("login", f"s{number}@school.example"),
                "created_at": now,
            }
        ],
        "person_key": [{"person_id": person_id, "master": wrapped.master, "wrapped": wrapped.wrapped}],
        "person_field": [
            {
                "person_id": person_id,
                "field": name,
                "sealed": seal(key, value.encode(), place_of(person_id, name)),
                "source": "school",
                "verified_at": None,
                "changed_at": now,
            }
            for name, value in _values(number).items()
        ],
        "credential": [
            {"person_id": person_id, "kind": "password", "secret_hash": hashed, "changed_at": now}
        ],
        "consent_grant": [_grant(person_id, grant_id, offer, now)],
        "grant_item": [
            {
                "grant_id": grant_id,
                "field": each.field,
                "purpose": each.purpose,
                "form": str(form),
                "needed": True,
                "retention_days": 30,
            }
            for each, form in items
        ],
        # Or the first sweep of each server would begin everybody's time until the first digest while we measure.
        "reminder": [{"person_id": person_id, "kind": "digest", "about": "", "letter_id": None, "at": now}],
        "consent_event": [
            {
                "event_id": f"evt_{number}",
                "grant_id": grant_id,
                "seq": 1,
                "type": "given",
                "dpv_status": "https://w3id.org/dpv#ConsentGiven",
                "actor_kind": "subject",
                "actor_id": person_id,
                "method": "screen",
                "items": json.dumps([[each.field, each.purpose, str(form)] for each, form in items]),
                "at": now,
                "valid_until": now + YEAR,
            }
        ],
    }


def _handoff(number: int, person: int, at: int) -> dict[str, object]:
    return {
        "handoff_id": f"hnd_grown_{number}",
        "grant_id": f"gra_{person}",
        "event_id": f"evt_{person}",
        "person_id": f"per_{person}",
        "partner_id": "bench",
        "client_id": CLIENT,
        "token_digest": digest(f"grown {person}"),
        "endpoint": "userinfo",
        "items": json.dumps([["name", "results_delivery", "full", "c" * 43]]),
        "at": at,
        "entry_digest": digest(f"entry {number}"),
    }


def _grant(person_id: str, grant_id: str, offer: Any, now: int) -> dict[str, object]:
    return {
        "grant_id": grant_id,
        "person_id": person_id,
        "partner_id": "bench",
        "offer_id": "bench-offer",
        "offer_version": 1,
        "notice_id": offer.notices["en"].notice_id,
        "state": "active",
        "legal_basis": "consent",
        "jurisdiction": "IE",
        "version": 1,
        "event_id": f"evt_{grant_id[4:]}",
        "created_at": now,
        "valid_from": now,
        "valid_until": now + YEAR,
        "last_user_activity_at": now,
        "decided_version": 1,
    }
