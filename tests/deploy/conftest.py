"""A small authorization server whose answers a test can bend, and the sample partner running beside it."""

import base64
import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx2
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, import_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.patience import PATIENCE, until_answered
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-secret-that-nobody-may-print"


@dataclass
class FakeGateway:
    """What the authorization server answers next, and what it was asked."""

    issuer: str
    partner_jwks: Any
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"}))
    claims: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)  # parameters that replace those of the redirect
    id_token: dict[str, Any] = field(default_factory=dict)  # claims that replace those of the ID token
    scope: str = "openid"
    live: bool = True
    paused: bool = False
    refreshable: bool = True
    expires_in: int = 300
    userinfo_status: int = 200
    down: bool = False
    pushed: list[dict[str, str]] = field(default_factory=list)
    refreshed: list[dict[str, str]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    authenticated: list[str] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    access: set[str] = field(default_factory=set)
    refresh: set[str] = field(default_factory=set)
    jti: set[str] = field(default_factory=set)
    proved: list[str] = field(default_factory=list)

    def bend(self, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(self, name, value)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/jwks", self.jwks),
                Route("/par", self.par, methods=["POST"]),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/userinfo", self.userinfo),
                Route("/revoke", self.revoke, methods=["POST"]),
            ]
        )

    async def discovery(self, _request: Request) -> Response:
        endpoints = {
            "authorization_endpoint": "authorize",
            "pushed_authorization_request_endpoint": "par",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "revocation_endpoint": "revoke",
            "jwks_uri": "jwks",
        }
        return JSONResponse(
            {
                "issuer": self.issuer,
                "id_token_signing_alg_values_supported": ["ES256"],
                "authorization_response_iss_parameter_supported": True,
                "dpop_signing_alg_values_supported": ["ES256"],
                **{name: f"{self.issuer}/{path}" for name, path in endpoints.items()},
            }
        )

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def par(self, request: Request) -> Response:
        form = await self._form(request)
        if self.down:
            return JSONResponse({"error": "temporarily_unavailable"}, 503)
        self._prove(request)
        self.pushed.append(form)
        return JSONResponse({"request_uri": f"urn:req:{len(self.pushed) - 1}", "expires_in": 60}, 201)

    async def authorize(self, request: Request) -> Response:
        assert set(request.query_params) == {"client_id", "request_uri"}
        pushed = self.pushed[int(request.query_params["request_uri"].rpartition(":")[2])]
        assert pushed["client_id"] == request.query_params["client_id"]
        code = self._issue("code")
        self.codes[code] = pushed
        query = {"code": code, "state": pushed["state"], "iss": self.issuer} | self.answer
        shown = {name: value for name, value in query.items() if value}
        return RedirectResponse(f"{pushed['redirect_uri']}?{urlencode(shown)}", 303)

    async def token(self, request: Request) -> Response:
        form = await self._form(request)
        if form["grant_type"] == "refresh_token":
            self.refreshed.append(form)
            if form["refresh_token"] not in self.refresh or not self.live:
                return JSONResponse({"error": "invalid_grant"}, 400)
            self.refresh.remove(form["refresh_token"])
            return self._token_answer({}, request)
        pushed = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        assert pushed is not None
        assert pushed["code_challenge_method"] == "S256"
        assert pushed["code_challenge"] == challenge.rstrip(b"=").decode()
        assert pushed["redirect_uri"] == form["redirect_uri"]
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "pairwise-1",
            "aud": pushed["client_id"],
            "nonce": pushed["nonce"],
            "iat": now,
            "exp": now + 300,
        }
        return self._token_answer(
            {"id_token": jwt.encode({"alg": "ES256", "kid": "k1"}, claims | self.id_token, self.key)}, request
        )

    async def userinfo(self, request: Request) -> Response:
        scheme, _, token = request.headers["authorization"].partition(" ")
        assert (scheme == "DPoP") == (self._prove(request, token) is not None)
        if token not in self.access or not self.live:
            return Response(status_code=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if self.paused:
            return Response(status_code=403, headers={"WWW-Authenticate": 'Bearer error="consent_paused"'})
        return JSONResponse({"sub": "pairwise-1"} | self.claims, self.userinfo_status)

    async def revoke(self, request: Request) -> Response:
        self.revoked.append((await self._form(request))["token"])
        return JSONResponse({})

    def _prove(self, request: Request, token: str = "") -> str | None:
        """Check the request's proof (RFC 9449 §4.3); give its key's thumbprint."""
        if "dpop" not in request.headers:
            return None
        found = jwt.decode(
            request.headers["dpop"], lambda proof: import_key(proof.headers()["jwk"]), algorithms=["ES256"]
        )
        digest = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        assert found.header["typ"] == "dpop+jwt"
        assert found.claims["htm"] == request.method
        assert found.claims["htu"] == f"{self.issuer}{request.url.path}"
        assert found.claims.get("ath", "") == (digest if token else "")
        assert found.claims["jti"] not in self.jti
        self.jti.add(found.claims["jti"])
        self.proved.append(request.url.path)
        return str(import_key(found.header["jwk"]).thumbprint())

    def _token_answer(self, more: dict[str, Any], request: Request) -> Response:
        access, refresh = self._issue("at"), self._issue("rt")
        self.access.add(access)
        token = {
            "access_token": access,
            "token_type": "DPoP" if self._prove(request) else "Bearer",
            "expires_in": self.expires_in,
            "scope": self.scope,
        }
        if self.refreshable:
            self.refresh.add(refresh)
            token["refresh_token"] = refresh
        return JSONResponse(token | more)

    def _issue(self, kind: str) -> str:
        value = f"cg_{kind}_{hashlib.sha256(f'{kind}{len(self.issued)}{id(self)}'.encode()).hexdigest()}"
        self.issued.append(value)
        return value

    async def _form(self, request: Request) -> dict[str, str]:
        """Read the form and authenticate the client, each by the method it was registered with."""
        parsed = parse_qs((await request.body()).decode(), strict_parsing=True)
        form = {name: value for name, [value] in parsed.items()}
        if "client_assertion" in form:
            claims = jwt.decode(
                form["client_assertion"], KeySet.import_key_set(self.partner_jwks), algorithms=["ES256"]
            ).claims
            assert claims["aud"] == self.issuer
            assert claims["iss"] == claims["sub"] == "press-client"
            assert claims["exp"] - claims["iat"] <= 60
            assert claims["jti"] not in self.jti
            self.jti.add(claims["jti"])
            self.authenticated.append("private_key_jwt")
        else:
            kind, _, value = request.headers["authorization"].partition(" ")
            assert kind == "Basic"
            assert base64.b64decode(value).decode() == f"quiz-client:{SECRET}"
            self.authenticated.append("client_secret_basic")
        return form


@dataclass
class Partner:
    """The sample partner in its own process."""

    base_url: str
    log: Path

    def browser(self, **options: Any) -> httpx2.Client:
        """A fresh browser: it keeps cookies, follows redirects, and asks for JSON instead of pages."""
        headers = {"Accept": "application/json"} | options.pop("headers", {})
        return httpx2.Client(
            base_url=self.base_url,
            headers=headers,
            follow_redirects=True,
            trust_env=False,
            timeout=PATIENCE,
            **options,
        )


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeGateway, Partner]]:
    folder = tmp_path_factory.mktemp("partner")
    key = ECKey.generate_key("P-256", {"kid": "press-1", "use": "sig"})
    (folder / "press.jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    gateway = FakeGateway(
        f"http://127.0.0.1:{listening.getsockname()[1]}", {"keys": [key.as_dict(private=False)]}
    )
    server = uvicorn.Server(uvicorn.Config(gateway.app(), log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    partner = Partner(f"http://127.0.0.1:{free_port()}", folder / "partner.log")
    (folder / "partner.json").write_text(json.dumps(partner_config(gateway.issuer, partner.base_url)))
    command = [
        sys.executable,
        "-W",
        "error",
        "deploy/sample_partner",
        "--config",
        str(folder / "partner.json"),
    ]
    with (
        partner.log.open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process,
    ):
        try:
            wait_until_ready(partner, process)
            yield gateway, partner
        finally:
            process.terminate()
            server.should_exit = True
            thread.join()
            listening.close()


def partner_config(issuer: str, base_url: str) -> dict[str, Any]:
    quiz = {
        "name": "quizco",
        "brand": "QuizCo",
        "client_id": "quiz-client",
        "client_secret": SECRET,
        "auth_method": "client_secret_basic",
        "scope": "openid profile email offline_access",
        "colour": "#6d28d9",
    }
    press = {
        "name": "campuspress",
        "brand": "CampusPress",
        "client_id": "press-client",
        "jwks_file": "press.jwks.json",
        "auth_method": "private_key_jwt",
        "scope": "openid address offline_access",
        "colour": "#f4b942",
    }
    return {"issuer": issuer, "base_url": base_url, "clients": [quiz, press]}


def wait_until_ready(partner: Partner, process: subprocess.Popen[bytes]) -> None:
    with partner.browser() as browser:
        until_answered(browser, "/healthz", process, partner.log).raise_for_status()


@pytest.fixture
def gateway(servers: tuple[FakeGateway, Partner]) -> FakeGateway:
    """The authorization server, honest again whatever the test before made of it."""
    fresh = FakeGateway(servers[0].issuer, servers[0].partner_jwks, servers[0].key)
    issued = servers[0].issued
    vars(servers[0]).update(vars(fresh) | {"issued": issued})
    servers[0].claims = {"name": "Asha Rao", "course": "CS-101"}
    return servers[0]


@pytest.fixture
def partner(servers: tuple[FakeGateway, Partner]) -> Partner:
    return servers[1]
