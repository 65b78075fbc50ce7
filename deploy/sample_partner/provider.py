"""Talking to the gateway as one client: push, exchange, read, refresh, revoke, all over Authlib's client."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign

from .config import Client, Config, key_algorithm
from .discovery import TIMEOUT_SECONDS, Discovery
from .dpop import Prover
from .errors import AnswerNotBelievedError, GatewayRefusedError, GatewayUnavailableError
from .id_token import IDTokenError, verify_id_token
from .sessions import Flow
from .sharing import Answer

ASSERTION_SECONDS = 60


class Provider:
    """The gateway, seen by one of our clients."""

    def __init__(self, config: Config, client: Client, discovery: Discovery) -> None:
        self._config = config
        self._client = client
        self._discovery = discovery
        self._prover = Prover()

    async def push(self, now: float, answers: list[Answer]) -> tuple[str, str, Flow]:
        """Push an authorization request (RFC 9126 §2); return next address, state and flow."""
        metadata = await self._discovery.metadata()
        code_verifier, nonce = generate_token(64), generate_token(32)
        async with self._session(answers) as session:
            url, state = session.create_authorization_url(
                metadata["authorization_endpoint"], code_verifier=code_verifier, nonce=nonce
            )
            pushed = await session.post(
                metadata["pushed_authorization_request_endpoint"],
                data=dict(parse_qsl(urlsplit(url).query)),
                auth=session.client_auth(self._client.auth_method),
            )
            found = _json_object(pushed)
        if "request_uri" not in found:
            raise GatewayRefusedError(str(found.get("error", "no_request_uri")))
        query = urlencode({"client_id": self._client.client_id, "request_uri": found["request_uri"]})
        flow = Flow(
            client=self._client.name,
            nonce=nonce,
            code_verifier=code_verifier,
            iss_expected=metadata.get("authorization_response_iss_parameter_supported") is True,
            started_at=now,
        )
        return f"{metadata['authorization_endpoint']}?{query}", state, flow

    async def exchange(
        self, code: str, flow: Flow, answers: list[Answer]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Exchange a code (RFC 6749 §4.1.3); return the token and the claims of the verified ID token."""
        metadata = await self._discovery.metadata()
        async with self._session(answers) as session:
            token = dict(
                await session.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=flow.code_verifier,
                )
            )
        return _usable(token), await self._verify(token, flow.nonce)

    async def read(self, token: dict[str, Any], sub: str, answers: list[Answer]) -> dict[str, Any]:
        """Read userinfo (OpenID Connect Core §5.3); a person other than `sub` is not believed (§5.3.4)."""
        metadata = await self._discovery.metadata()
        async with self._session(answers, token) as session:
            answer = await session.get(metadata["userinfo_endpoint"], auth=session.token_auth)
            if answer.status_code in (401, 403):
                raise GatewayRefusedError(_challenge_error(answer))
            claims = _json_object(answer)
        if answer.status_code != httpx2.codes.OK:
            raise GatewayRefusedError(str(claims.get("error", "unknown_error")))
        if claims.get("sub") != sub:
            raise AnswerNotBelievedError("userinfo is about another sub than the ID token")
        return claims

    async def refresh(self, token: dict[str, Any], answers: list[Answer]) -> dict[str, Any]:
        """Refresh (RFC 6749 §6), without a scope, which means: what is still granted."""
        metadata = await self._discovery.metadata()
        async with self._session(answers, token) as session:
            # Left alone, Authlib asks for the first scope again; some servers refuse that after a narrowing.
            session.scope = None
            return _usable(dict(await session.refresh_token(metadata["token_endpoint"])))

    async def revoke(self, token: dict[str, Any], answers: list[Answer]) -> None:
        """Revoke the refresh token, or the access token where there is none (RFC 7009 §2.1)."""
        metadata = await self._discovery.metadata()
        kind = "refresh_token" if "refresh_token" in token else "access_token"
        async with self._session(answers, token) as session:
            answer = await session.revoke_token(
                metadata["revocation_endpoint"], token=token[kind], token_type_hint=kind
            )
            if answer.status_code != httpx2.codes.OK:
                raise GatewayRefusedError(str(_json_object(answer).get("error", "unknown_error")))

    async def _verify(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        metadata = await self._discovery.metadata()
        allowed = list(metadata.get("id_token_signing_alg_values_supported", []))
        # A signature that does not fit may be by a key newer than our copy of the set: look once more, once.
        for again in (False, True):
            try:
                return verify_id_token(
                    str(token.get("id_token", "")),
                    await self._discovery.jwks(again=again),
                    issuer=self._config.issuer,
                    client_id=self._client.client_id,
                    nonce=nonce,
                    access_token=token["access_token"],
                    allowed=allowed,
                )
            except IDTokenError as error:
                failure = error
        raise AnswerNotBelievedError(f"ID token: {failure}")

    @asynccontextmanager
    async def _session(
        self, answers: list[Answer], token: dict[str, Any] | None = None
    ) -> AsyncIterator[Any]:
        async def record(answer: httpx2.Response) -> None:
            answers.append(Answer(answer.request.method, answer.request.url.path, answer.status_code))

        hooks: dict[str, list[Any]] = {"request": [], "response": [record]}
        metadata = await self._discovery.metadata()
        if self._is_bound(metadata):
            prove, remember = self._prover.hooks(metadata)
            hooks["request"].append(prove)
            hooks["response"].append(remember)
        key = self._config.keys.get(self._client.name)
        secret = self._client.client_secret
        session = AsyncOAuth2Client(
            client_id=self._client.client_id,
            client_secret=secret.get_secret_value() if secret else None,
            token_endpoint_auth_method=self._client.auth_method,
            revocation_endpoint_auth_method=self._client.auth_method,
            scope=self._client.scope,
            redirect_uri=self._config.redirect_uri(self._client),
            code_challenge_method="S256",
            # Authlib knows bearer tokens only; the prover turns its header into a bound token's.
            token={**token, "token_type": "Bearer"} if token else None,
            timeout=TIMEOUT_SECONDS,
            trust_env=self._discovery.trust_env,
            event_hooks=hooks,
        )
        if key:
            session.register_client_auth_method((PrivateKeyJWT.name, self._assertion(key)))
        try:
            async with session:
                yield session
        except OAuthError as error:
            raise GatewayRefusedError(str(error.error)) from error
        except (httpx2.HTTPError, ValueError) as error:
            raise GatewayUnavailableError(type(error).__name__) from error

    def _is_bound(self, metadata: dict[str, Any]) -> bool:
        """Whether our tokens are bound to a key: where the gateway can, and we have a key to sign with anyway."""
        return (
            self._client.auth_method == "private_key_jwt" and "dpop_signing_alg_values_supported" in metadata
        )

    def _assertion(self, key: Any) -> Callable[..., Any]:
        """Sign assertions that live a minute and whose `aud` is the issuer, as a string (FAPI 2.0 §5.3.3.1).

        Authlib's own method would name the endpoint, and live an hour.
        """
        method = PrivateKeyJWT(self._config.issuer, alg=key_algorithm(key))

        def sign(auth: Any, _endpoint: str) -> str:
            return str(
                private_key_jwt_sign(
                    key,
                    client_id=auth.client_id,
                    token_endpoint=self._config.issuer,
                    alg=key_algorithm(key),
                    header={"kid": key.kid} if key.kid else {},
                    expires_in=ASSERTION_SECONDS,
                )
            )

        method.sign = sign
        return method  # type: ignore[no-any-return]  # Authlib has no types


def _usable(token: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(token.get("access_token"), str) or str(token.get("token_type")).lower() not in (
        "bearer",
        "dpop",
    ):
        raise AnswerNotBelievedError("no usable token in the token answer")
    return token


def _json_object(answer: httpx2.Response) -> dict[str, Any]:
    if answer.status_code >= 500 or answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        raise GatewayUnavailableError(f"{answer.request.url.path}: {answer.status_code}")
    found = answer.json()
    if not isinstance(found, dict):
        raise GatewayUnavailableError(f"{answer.request.url.path}: not a JSON object")
    return found


def _challenge_error(answer: httpx2.Response) -> str:
    """The `error` of a Bearer challenge (RFC 6750 §3); a challenge without one gives its usual meaning."""
    challenge = answer.headers.get("www-authenticate", "")
    _, found, rest = challenge.partition('error="')
    return rest.partition('"')[0] if found else "invalid_token"
