"""A world for tests: people, two partners, a clock that obeys, and browsers and partners that talk HTTP to it."""

import asyncio
import base64
import dataclasses
import functools
import hashlib
import json
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import Connection, delete
from starlette.testclient import TestClient, _TestClientTransport

from gateway.actions.administration.organisations import add_organisation
from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.authentication.sessions import LoggedIn, login_index, open_session
from gateway.actions.guardians.proposals import confirm_question, list_questions
from gateway.actions.operation.postman import Postman
from gateway.actions.services import Services
from gateway.app import build_services, make_app
from gateway.cli.browser import Browser, Page
from gateway.consent.notices import make_notice
from gateway.kit.ids import Kind, random_ids
from gateway.kit.mail import Letter
from gateway.kit.secrets.digests import base64url, digest
from gateway.kit.secrets.key_ring import KeyRing
from gateway.kit.settings import Settings
from gateway.model.people import Acr, Session
from gateway.oauth.signing import ALGORITHMS, new_signing_key
from gateway.store.accounts.logins import find_people, load_logins
from gateway.store.accounts.passwords import NewPassword, keep_passwords
from gateway.store.admin_actions import AdminAction
from gateway.store.engine.backend import Operation, open_backend
from gateway.store.engine.schema import migrate
from gateway.store.oauth.keys import add_signing_keys
from gateway.store.partners.partners import (
    LiveClient,
    NewSecret,
    OfferRow,
    Publication,
    StateChange,
    Submission,
    keep_secrets,
    publish_manifests,
    submit_manifests,
)
from gateway.store.tables import letter
from gateway.web.pages.visit import COOKIE
from partners import client_content, manifest_content, offer_content, parse_manifest, partner_content
from scopes import LANGUAGES
from tests.patience import PATIENCE

T = TypeVar("T")
ISSUER = "https://gateway.example"
NOW = 1_795_000_000  # 2026-11-18
PASSWORD = "a lantern in the library"
QUIZCO_SECRET = "cg_cs_" + "q" * 43
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
# Fixed, not generated: every worker's world reads the same template database.
CAMPUSPRESS_KEY = ECKey.import_key(
    ec.derive_private_key(int.from_bytes(hashlib.sha256(b"campuspress").digest()) >> 1, ec.SECP256R1()),
    {"kid": "campuspress-1", "alg": "ES256", "use": "sig"},
)
CAMPUSPRESS_DPOP = ECKey.import_key(
    ec.derive_private_key(int.from_bytes(hashlib.sha256(b"campuspress dpop").digest()) >> 1, ec.SECP256R1())
)
PARTNERS = Path(__file__).parent.parent / "deploy" / "partners.d"
PARTNER_APP = "http://localhost:8100"
QUIZCO_REDIRECT = f"{PARTNER_APP}/quizco/callback"
CAMPUSPRESS_REDIRECT = f"{PARTNER_APP}/campuspress/callback"

ADDRESS = (
    '"{""street_address"":""7 Lake View Road"",""locality"":""Srirangapatna"",'
    '""region"":""Karnataka"",""postal_code"":""571438"",""country"":""India""}"'
)
ASHAS = "asha@home.example,+919000000101"
HEADING = (
    "organisation,role,email,name,birthdate,alternate_email,phone_number,address,course,locale,"
    "student_status,guardian_email,guardian_method,guardian_evidence"
)
PEOPLE = f"""\
{HEADING}
lakeside,student,asha@lakeside.example,Asha Rao,2005-03-14,{ASHAS},{ADDRESS},CS-101,en-IN,full-time,,,
lakeside,professor,ben@lakeside.example,Ben Okafor,,,,,,,,,,
lakeside,guardian,lakshmi@lakeside.example,Lakshmi Iyer,,,,,,,,,,
lakeside,student,meera@lakeside.example,Meera Iyer,2014-05-02,,,,,,,lakshmi@lakeside.example,digital_locker,DL-1
lakeside,student,deepa@lakeside.example,Deepa Kini,,,,,,,,,,
northfield,student,aoife@northfield.example,Aoife Ní Bhriain,2007-01-09,,+353851234567,,BIO-2,en-IE,part-time,,,
lakeside,school_admin,school@lakeside.example,Sunil Hegde,,,,,,,,,,
platform,platform_admin,admin@platform.example,Priya Platform,,,,,,,,,,
platform,privacy_officer,officer@platform.example,Olu Officer,,,,,,,,,,
platform,support,support@platform.example,Sam Support,,,,,,,,,,
platform,auditor,auditor@platform.example,Ana Auditor,,,,,,,,,,
platform,partner_manager,manager@platform.example,Max Manager,,,,,,,,,,
"""
ADMINISTRATORS = ("school", "admin", "officer", "support", "auditor", "manager")
"""Beginnings of the log-ins whose role has powers."""
PERSONAL_VALUES = (
    "Asha Rao", "asha@lakeside", "asha@home", "+919000000101", "90000 00101", "Lake View", "Srirangapatna",
    "2005-03-14", "Ben Okafor", "Lakshmi Iyer", "Meera Iyer", "2014-05-02", "Deepa Kini", "Aoife Ní Bhriain",
    "85 123 4567", "Sunil Hegde", PASSWORD,
)  # fmt: skip
"""What must stand neither in the database nor in the logs in the clear."""


def fixed_ring() -> KeyRing:
    """Make the same key ring in every worker, so that they can share a template database."""
    key = functools.partial(lambda name: hashlib.sha256(f"test key {name}".encode()).digest())
    return KeyRing(
        "m1",
        {"m1": key("m1")},
        *(key(name) for name in ("index", "pairwise", "transient", "successor", "signing")),
    )


class FakeClock:
    """A clock that goes on when told to."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def pass_by(self, seconds: int) -> None:
        self.now += seconds


class Letterbox:
    """A mailer that keeps letters in hand."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self.forwarded: list[tuple[str, bytes]] = []
        self.deliver: Callable[[], Any] = list

    async def send(self, letter: Letter) -> None:
        self.sent.append(letter)

    async def forward(self, to: str, mail: bytes) -> None:
        self.forwarded.append((to, mail))

    @property
    def letters(self) -> list[Letter]:
        """Every letter so far, after the outbox was emptied."""
        self.deliver()
        return self.sent


def settings_for(url: str, folder: Path, **changes: Any) -> Settings:
    """Make a world's settings. The log's sequencer runs only where a test asks for it."""
    own = {
        "sequencer_interval": 0,
        "upkeep_interval": 0,
        "mail_interval": 0,
        "delivery_interval": 0,
        "key_ring_interval": 0,
        "metrics_address": "",
        "body_timeout": min(PATIENCE, 600),
        **changes,
    }
    return Settings(issuer=ISSUER, database_url=url, data_dir=folder, **own)


def campuspress_jwks() -> str:
    """Spell CampusPress's public keys."""
    return json.dumps({"keys": [CAMPUSPRESS_KEY.as_dict(private=False)]})


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: the caller may stand in a running loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def fill(url: str, partner_app: str = PARTNER_APP) -> None:
    """Fill an empty database: schema, signing key, organisations, people with passwords, two live partners.

    Args:
        partner_app: where the partners' application is; their redirect URIs are registered there.
    """
    apart(_fill(url, partner_app))


async def _fill(url: str, partner_app: str) -> None:
    backend = open_backend(url)
    await migrate(backend)
    await backend.close()
    clock = FakeClock()
    services = build_services(settings_for(url, Path()), ring=fixed_ring(), clock=clock)
    await services.store.open()
    # A key of a fixed kid and value is not needed: whoever reads the template reads the same row.
    ring = services.seal.ring.signing
    keys = [new_signing_key(ring, now=NOW, ids=random_ids, alg=alg) for alg in ALGORITHMS]
    await services.store.run_all(add_signing_keys, keys)
    for organisation, name, country in (
        ("lakeside", "Lakeside College", "IN"),
        ("northfield", "Northfield School", "IE"),
        ("platform", "Lecturelight", "GB"),
    ):
        await add_organisation(services, organisation, name, country)
    report = await import_people(services, PEOPLE.encode(), Importer("cli"), send=False)
    assert not report.faults, report.faults
    # Hundreds of tests log in; what a hash really costs is for those of the passwords themselves.
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    ids = await services.store.run_all(
        find_people, [login_index(services, each.email) for each in report.created]
    )
    await services.store.run_all(
        keep_passwords, [NewPassword(person_id or "", hashed, NOW) for person_id in ids]
    )
    await confirm_guardians(services, [each.guardian.email for each in report.asked if each.guardian])
    await services.store.run(forget_letters, None)
    for name in ("quizco", "campuspress"):
        await publish(services, (PARTNERS / f"{name}.toml").read_text().replace(PARTNER_APP, partner_app))
    action = AdminAction(random_ids_action(), "cli", "new_secret", "client", "quizco-web", NOW)
    await services.store.run(keep_secrets, NewSecret(quizco_client(services), digest(QUIZCO_SECRET), action))
    await services.store.close()
    services.passwords.close()


async def confirm_guardians(services: Services, emails: Sequence[str]) -> None:
    """Let guardians say yes to everything that they were named for, as their page does."""
    for email in emails:
        login = await services.store.read(load_logins, login_index(services, email))
        assert login is not None
        now = services.clock()
        session = Session(b"", login.person, created_at=now, auth_time=now, last_seen_at=now)
        for question in await list_questions(services, session):
            assert await confirm_question(services, session, question.proposal_id) is None


def forget_letters(connection: Connection, _: Sequence[None]) -> Sequence[None]:
    """Empty the outbox: what a filled database tells people is for no test."""
    connection.execute(delete(letter))
    return [None]


def quizco_client(services: Services) -> str:
    """Name QuizCo's client."""
    return next(
        each.client.client_id
        for each in services.registry.clients.values()
        if each.client.partner_id == "quizco"
    )


def random_ids_action() -> str:
    """Name an act."""
    return random_ids(Kind.ACTION)


async def publish(
    services: Services, text: str, *, version: int = 1, manifest_version: int = 1, material: bool = True
) -> None:
    """Take a manifest live, past every review: for tests that are about something else."""
    found = parse_manifest(
        text, file="test", files={"campuspress.jwks.json": campuspress_jwks()}, allow_loopback=True
    )
    partner_id, now = found.partner.partner_id, services.clock()
    await services.store.run(
        submit_manifests,
        Submission(partner_id, partner_content(found.partner), manifest_content(found), "cli", now),
    )
    before = (
        services.registry.partners[partner_id].state if partner_id in services.registry.partners else "draft"
    )
    action = AdminAction(random_ids_action(), "cli", "review_partner", "partner", partner_id, now)
    done = await services.store.run(
        publish_manifests,
        Publication(
            change=StateChange(partner_id, str(before), "live", now, action),
            manifest_version=manifest_version,
            partner_content=partner_content(found.partner),
            clients=tuple(LiveClient(each.client_id, client_content(each)) for each in found.clients),
            offers=tuple(
                OfferRow(
                    offer_id=each.offer_id,
                    version=version,
                    content=offer_content(each),
                    material=material and version > 1,
                    notices=tuple(
                        make_notice(
                            found.partner,
                            each,
                            version,
                            language,
                            material=material and version > 1,
                            now=now,
                            ids=services.ids,
                        )
                        for language in LANGUAGES
                    ),
                    diff="[]",
                )
                for each in found.offers
            ),
        ),
    )
    assert done


class World:
    """The gateway, served in process, and everybody around it."""

    def __init__(self, services: Services, client: TestClient, clock: FakeClock, letters: Letterbox) -> None:
        self.services = services
        self.http = client
        self.clock = clock
        self.letters = letters

    def run(self, work: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Run a coroutine function in the served application's own loop."""
        assert self.http.portal is not None
        return self.http.portal.call(work, *arguments)

    def store(self, operation: Operation[Any, T], item: Any) -> T:
        """Run a store operation over one item."""
        return self.run(self.services.store.run, operation, item)

    def browser(self) -> Browser:
        """Open a browser with cookies of its own."""
        return Browser(self.client())

    @property
    def asgi(self) -> _TestClientTransport:
        """What carries every request to the application; its ``client`` is the address that they come from."""
        transport = self.http._transport
        assert isinstance(transport, _TestClientTransport)
        return transport

    def client(self) -> httpx2.Client:
        """Open an HTTP client with cookies of its own."""
        return httpx2.Client(transport=self.asgi, base_url=ISSUER, follow_redirects=False)

    def signed_in(self, email: str = "asha@lakeside.example") -> Browser:
        """Open a browser and sign in; whose role has powers, with a second factor."""
        browser = self.browser()
        if email.partition("@")[0] in ADMINISTRATORS:
            opened = self.run(self._with_factor, self.person_id(email))
            browser._client.cookies.set(COOKIE, opened.secret)
            return browser
        known = {"email": email, "password": PASSWORD}
        page = browser.submit(browser.open("/login"), "/login", known, stop_at=ISSUER)
        assert page.response.is_redirect, page.text
        return browser

    async def _with_factor(self, person_id: str) -> LoggedIn:
        """Open a session as a second factor does; that there is none does not show in it."""
        return await open_session(self.services, person_id, None, Acr.MFA, "Chrome, Linux")

    def person_id(self, email: str = "asha@lakeside.example") -> str:
        """Find a person's id."""
        found = self.store(find_people, login_index(self.services, email))
        assert found is not None
        return found

    # QuizCo: client_secret_basic, profile baseline -------------------------------------------------------------

    @property
    def quizco(self) -> str:
        """QuizCo's client_id."""
        return quizco_client(self.services)

    def authorization(self, **changes: str | None) -> dict[str, str]:
        """Make QuizCo's authorization request; None leaves a parameter out."""
        parameters = {
            "response_type": "code",
            "client_id": self.quizco,
            "redirect_uri": QUIZCO_REDIRECT,
            "scope": "openid profile email education phone",
            "state": "st-1",
            "nonce": "no-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in parameters.items() if value is not None}

    def ask(self, browser: Browser, **changes: str | None) -> Page:
        """Send a browser to the gateway as QuizCo does; stop where it would come back."""
        return browser.open(f"/authorize?{urlencode(self.authorization(**changes))}", stop_at=QUIZCO_REDIRECT)

    def share(self, browser: Browser, page: Page, *ticked: str) -> dict[str, str]:
        """Say yes on the consent screen; give the parameters that come back to QuizCo."""
        back = browser.submit(page, "/consent", {"item": ticked}, button="share", stop_at=QUIZCO_REDIRECT)
        return answer_of(back)

    def approve(self, *ticked: str, email: str = "asha@lakeside.example", **changes: str | None) -> str:
        """Opt in, with the given items besides the needed ones; give the code."""
        browser = self.signed_in(email)
        return self.share(browser, self.ask(browser, **changes), *ticked)["code"]

    def post(self, path: str, data: dict[str, str], *, secret: str = QUIZCO_SECRET) -> httpx2.Response:
        """Post to a back-channel endpoint as QuizCo."""
        return self.client().post(path, data=data, auth=(self.quizco, secret))

    def exchange(self, code: str, **changes: str) -> httpx2.Response:
        """Exchange a code."""
        return self.post(
            "/token",
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": QUIZCO_REDIRECT,
                "code_verifier": VERIFIER,
                **changes,
            },
        )

    def tokens(
        self, *ticked: str, email: str = "asha@lakeside.example", **changes: str | None
    ) -> dict[str, Any]:
        """Opt in and exchange."""
        answer = self.exchange(self.approve(*ticked, email=email, **changes))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def refresh(self, token: str, **changes: str) -> httpx2.Response:
        """Refresh."""
        return self.post("/token", {"grant_type": "refresh_token", "refresh_token": token, **changes})

    def userinfo(self, token: str) -> httpx2.Response:
        """Read what the person shares."""
        return self.client().get("/userinfo", headers={"Authorization": f"Bearer {token}"})

    # CampusPress: private_key_jwt, profile fapi2 ---------------------------------------------------------------

    def assertion(self, **changes: Any) -> str:
        """Sign a client assertion as CampusPress."""
        now = self.clock()
        claims = {
            "iss": "campuspress-shop",
            "sub": "campuspress-shop",
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": random_ids_action(),
            **changes,
        }
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": "campuspress-1"}, given, CAMPUSPRESS_KEY)

    def proof(
        self, path: str, method: str = "POST", *, key: Any = CAMPUSPRESS_DPOP, token: str = "", **changes: Any
    ) -> str:
        """Make a DPoP proof; None leaves a claim out, and ``header`` changes the header."""
        public = key.as_dict(private=False)
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public, **changes.pop("header", {})}
        claims = {
            "htm": method,
            "htu": ISSUER + path,
            "iat": self.clock(),
            "jti": random_ids_action(),
            "ath": base64url(hashlib.sha256(token.encode()).digest()) if token else None,
            **changes,
        }
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, given, key, algorithms=[header["alg"]])

    def read_signed(
        self, token: str, path: str = "/userinfo", *, scheme: str = "DPoP", **changes: Any
    ) -> httpx2.Response:
        """Read what the person shares with CampusPress, with a proof of its key."""
        proof = self.proof(path, "GET", token=token, **changes)
        return self.client().get(path, headers={"Authorization": f"{scheme} {token}", "DPoP": proof})

    def post_signed(
        self, path: str, data: dict[str, str], *, proof: str | None = None, **changes: Any
    ) -> httpx2.Response:
        """Post to a back-channel endpoint as CampusPress, with a proof where tokens are issued; "" sends none."""
        signed = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.assertion(**changes),
        }
        if proof is None and path == "/token":
            proof = self.proof(path)
        return self.client().post(path, data={**data, **signed}, headers={"DPoP": proof} if proof else {})


def answer_of(page: Page) -> dict[str, str]:
    """Read the parameters of the redirect that a page is."""
    return dict(parse_qsl(urlsplit(page.text).query, keep_blank_values=True))


def boxes(page: Page) -> set[str]:
    """Read which items a consent screen lets somebody tick."""
    return {value for name, value in page.form("/consent").choices if name == "item"}


@contextmanager
def serve(url: str, folder: Path, **changes: Any) -> Iterator[World]:
    """Serve the gateway in process over a filled database."""
    clock, letters = FakeClock(), Letterbox()
    services = build_services(settings_for(url, folder, **changes), ring=fixed_ring(), clock=clock)
    services = dataclasses.replace(services, mailer=letters)
    with TestClient(make_app(services), base_url=ISSUER) as client:
        world = World(services, client, clock, letters)
        letters.deliver = functools.partial(world.run, Postman(services).turn)
        yield world


def copy_sqlite(template: Path, folder: Path) -> str:
    """Copy a filled SQLite database."""
    target = folder / "gateway.db"
    shutil.copyfile(template, target)
    return f"sqlite:///{target}"
