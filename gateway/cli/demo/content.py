"""Filling the demonstration from the files of `deploy/`, with passwords and keys; it can be repeated."""

import asyncio
import csv
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, KeySet

from gateway.actions.administration.organisations import add_organisation
from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.authentication.sessions import login_index, open_session
from gateway.actions.guardians.proposals import confirm_question, list_questions
from gateway.actions.logouts import log_out
from gateway.actions.oauth.keys import rotate_signing_keys
from gateway.actions.partners.client_secrets import new_client_secret
from gateway.actions.partners.go_live import approve_partner
from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.actions.partners.overview import see_partner
from gateway.actions.partners.submission import submit_manifest
from gateway.actions.services import Services, day_of
from gateway.cli.demo.folder import Folder, write_private
from gateway.cli.terminal import CommandFault
from gateway.consent.age_policy import age_band
from gateway.kit.ids import random_key
from gateway.model.administration.waiting import Administrator
from gateway.model.people import Whereabouts
from gateway.store.accounts.logins import find_people
from gateway.store.accounts.passwords import NewPassword, keep_passwords
from partners import AuthMethod, Client, Manifest, PartnerState, parse_manifest, referenced_files
from scopes import SCOPES

ROOT = Path(__file__).resolve().parents[3]
PARTNER_APP = "http://localhost:8100"
"""Where the manifests of `deploy/partners.d` say that the sample partner runs."""
ACTOR = "demo"
COLOURS = {"quizco": "#6d28d9", "campuspress": "#f4b942", "tutorloop": "#0f766e"}
BATCH = 25
COURSE = timedelta(days=120)
"""How long the demonstration's course lasts from its beginning."""
_WORDS = (
    "amber apple arrow aspen badge basil beach birch bison bloom brook cabin cedar chalk cloud clover comet coral "
    "crane daisy delta ember fable falcon fern field flint forest garnet ginger grove harbor hazel heron honey "
    "indigo island ivory jasmine juniper kettle lagoon lantern lemon lilac linen lotus maple marble meadow mango "
    "nectar ocean olive orchid otter paper pebble pepper pine plum prairie quartz raven reed river"
)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A row of the list, as far as `demo.json` tells it."""

    login: str
    role: str
    age_band: str


def list_people(at: int) -> Iterator[DemoPerson]:
    """Read the people on the list, with the age that each has at a second."""
    places = {row["organisation"]: Whereabouts(row["country"], row["timezone"]) for row in _organisations()}
    with (deploy_folder() / "demo" / "people.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            born = date.fromisoformat(row["birthdate"]) if row["birthdate"] else None
            yield DemoPerson(row["email"], row["role"], age_band(places[row["organisation"]], born, at))


def _organisations() -> list[dict[str, str]]:
    with (deploy_folder() / "demo" / "organisations.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def deploy_folder() -> Path:
    """Find the samples, which an installed package does not have.

    Raises:
        Fault: this is no checkout.
    """
    folder = ROOT / "deploy"
    if not (folder / "demo" / "people.csv").is_file():
        raise CommandFault(f"the demonstration needs the folder deploy/ of a checkout; {ROOT} has none.")
    return folder


def new_password() -> str:
    """Make a password that can be read out: three words and a number, 31 bits, behind the log-in's throttle."""
    key, known = random_key(), _WORDS.split()
    words = [known[int.from_bytes(key[2 * place : 2 * place + 2]) % len(known)] for place in range(3)]
    return "-".join([*words, f"{int.from_bytes(key[8:10]) % 10000:04}"])


async def fill(
    services: Services,
    folder: Folder,
    known: dict[str, Any],
    partner_app: str,
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Fill the demonstration, or bring what is there up to date.

    Args:
        known: what `demo.json` says; the passwords and secrets in it are kept.
    """
    if not any(key.retired_at is None for key in services.registry.signing_keys):
        await rotate_signing_keys(services, ACTOR)
    if not known.get("filled"):
        await _fill_people(services, {each["login"]: each["password"] for each in known["people"]}, progress)
    secrets = {each["client_id"]: each.get("client_secret") for each in known["clients"]}
    clients, ends_on = [], course_end(known.get("course_ends_on", ""), day_of(services.clock()))
    for name, text in sample_manifests():
        placed = at_present(text, partner_app, ends_on)
        sample = await _publish(services, folder, name, placed)
        clients += [
            await _client(services, folder, sample, client, secrets.get(client.client_id))
            for client in sample.manifest.clients
        ]
    return {**known, "clients": clients, "course_ends_on": ends_on, "filled": True}


def course_end(known: str, today: date) -> str:
    """Keep the day on which the course ends, because consents name it; replace it once it is past."""
    return known if known > str(today) else str(today + COURSE)


def at_present(text: str, partner_app: str, ends_on: str) -> str:
    """Fit a sample manifest's addresses and dates to this demonstration."""
    dated = re.sub(r"(?m)^course_ends_on = .*$", f"course_ends_on = {ends_on}", text)
    placed = dated.replace(PARTNER_APP, partner_app)
    return _HEARING.sub(_HEARS, placed)


# The sample partner receives log-outs and deletion requests at addresses beside its redirect URI.
_HEARING = re.compile(r'(?ms)^(attested_on = [^\n]*\n)(.*?)^(redirect_uris = \["([^"]*)/callback"\]\n)')
_HEARS = r'\1deletion_uri = "\4/deletions"\n\2\3backchannel_logout_uri = "\4/logout"\n'


async def _fill_people(
    services: Services, passwords: dict[str, str], progress: Callable[[int, int], None]
) -> None:
    samples = deploy_folder() / "demo"
    for row in _organisations():
        await add_organisation(services, row["organisation"], row["name"], row["country"], row["timezone"])
    report = await import_people(services, (samples / "people.csv").read_bytes(), Importer(ACTOR), send=False)
    if report.faults:
        listed = "\n".join(f"  line {each.line}, {each.column}: {each.message}" for each in report.faults)
        raise CommandFault(f"{samples / 'people.csv'} has faults:\n{listed}")
    logins = list(passwords)
    ids = await services.store.run_all(find_people, [login_index(services, each) for each in logins])
    people = list(zip(ids, logins, strict=True))
    for start in range(0, len(people), BATCH):
        batch = people[start : start + BATCH]
        hashes = await _hashed(services, [passwords[login] for _, login in batch])
        now = services.clock()
        kept = [
            NewPassword(person_id, hashed, now)
            for (person_id, _), hashed in zip(batch, hashes, strict=True)
            if person_id is not None
        ]
        await services.store.run_all(keep_passwords, kept)
        progress(start + len(batch), len(people))
    for guardian in [each.guardian for each in report.asked if each.guardian]:
        await _confirm(services, guardian.email)


async def _confirm(services: Services, guardian: str) -> None:
    """Confirm as a guardian of the list, in a session for this only, because only the guardian can do it."""
    person_id = await services.store.read(find_people, login_index(services, guardian))
    logged_in = await open_session(services, person_id or "", None)
    for question in await list_questions(services, logged_in.session):
        await confirm_question(services, logged_in.session, question.proposal_id)
    await log_out(services, logged_in.session)


async def _hashed(services: Services, passwords: list[str]) -> list[str]:
    """Hash passwords on every core at once."""
    return list(await asyncio.gather(*(services.passwords.hash(each) for each in passwords)))


def sample_manifests() -> list[tuple[str, str]]:
    """Read the sample manifests, as (file name, text)."""
    files = sorted((deploy_folder() / "partners.d").glob("*.toml"))
    return [(file.name, file.read_text(encoding="utf-8")) for file in files]


async def _publish(services: Services, folder: Folder, name: str, text: str) -> "Sample":
    """Take a sample manifest live, as an administrator would; an ended or paused partner stays so."""
    files = {each: _public_keys(folder, each) for each in referenced_files(text)}
    sample = Sample(parse_manifest(text, file=name, files=files, allow_loopback=True), _key_files(text))
    partner_id = sample.manifest.partner.partner_id
    known = services.registry.partners.get(partner_id)
    if known is not None and known.state in (PartnerState.ENDED, PartnerState.PAUSED):
        return sample
    await submit_manifest(services, text, name, files, ACTOR)
    seen = await see_partner(services, partner_id)
    if seen.state is PartnerState.DRAFT:
        await move_partner(services, ACTOR, partner_id, PartnerMove.REVIEW, None)
    if seen.review is not None:
        read = seen.review.all_read
        await approve_partner(services, Administrator(ACTOR), partner_id, seen.review.version, read=read)
    return sample


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample manifest, and the key file that each client names in it."""

    manifest: Manifest
    key_files: Mapping[str, str]


def _key_files(text: str) -> dict[str, str]:
    return {
        each["client_id"]: each["jwks_file"] for each in tomllib.loads(text)["client"] if "jwks_file" in each
    }


def key_file(folder: Folder, name: str) -> Path:
    """Name the private half of a file of public keys, which belongs to the partner, never to the gateway."""
    return folder / name.replace(".jwks.json", ".private.jwks.json")


def _public_keys(folder: Folder, name: str) -> str:
    """Give a partner's public keys; the pair is made at the first time."""
    path = key_file(folder, name)
    if not path.exists():
        kid = name.partition(".")[0] + "-1"
        key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}, private=True)
        write_private(path, {"keys": [key.as_dict(private=True)]})
    keys = KeySet.import_key_set(json.loads(path.read_text(encoding="utf-8")))
    return json.dumps(keys.as_dict(private=False))


async def _client(
    services: Services, folder: Folder, sample: Sample, client: Client, secret: str | None
) -> dict[str, Any]:
    """Describe a client for `demo.json`; one that authenticates with a secret gets it at the first time."""
    described: dict[str, Any] = {
        "client_id": client.client_id,
        "auth_method": str(client.auth_method),
        "redirect_uris": list(client.redirect_uris),
        "scope": scope_of(sample.manifest, client),
        "name": client.partner_id,
        "brand": sample.manifest.partner.brand,
    }
    if client.auth_method is AuthMethod.PRIVATE_KEY_JWT:
        return described | {"jwks_file": str(key_file(folder, sample.key_files[client.client_id]))}
    return described | {"client_secret": secret or await new_client_secret(services, ACTOR, client.client_id)}


def scope_of(manifest: Manifest, client: Client) -> str:
    """Name the scope values that reach everything a client's service may ask for."""
    offer = next(each for each in manifest.offers if each.offer_id == client.offer_id)
    wanted = {each.field for each in offer.items}
    reaching = [name for name, fields in SCOPES.items() if wanted & set(fields)]
    return " ".join(["openid", *reaching, "offline_access"])


def partner_config(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write the sample partner's configuration."""
    own = ("name", "brand", "client_id", "auth_method", "client_secret", "jwks_file", "scope")
    clients = [
        {name: each[name] for name in own if name in each} | {"colour": COLOURS[each["name"]]}
        for each in facts["clients"]
    ]
    return {"issuer": facts["issuer"], "base_url": facts["partner_app"], "clients": clients}
