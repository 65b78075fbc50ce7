"""The gateway's metadata (OpenID Connect Discovery §4, RFC 8414) and keys, fetched when first needed."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2

from .errors import GatewayUnavailableError

MAX_AGE_SECONDS = 600
TIMEOUT_SECONDS = 10.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

WANTED = (
    "authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "revocation_endpoint",
    "jwks_uri",
)


class Discovery:
    """What one issuer says about itself, kept for ten minutes; after a failure it is asked again."""

    def __init__(self, issuer: str, clock: Callable[[], float] = time.time) -> None:
        self.issuer = issuer
        # A proxy from the environment is right for a partner on the internet and wrong on the same machine.
        self.trust_env = urlsplit(issuer).hostname not in LOOPBACK
        self._clock = clock
        self._metadata: dict[str, Any] = {}
        self._jwks: dict[str, Any] = {}
        self._metadata_at = self._jwks_at = float("-inf")

    async def metadata(self) -> dict[str, Any]:
        """The metadata document; its `issuer` is the one we were configured with (RFC 8414 §3.3)."""
        if self._clock() - self._metadata_at > MAX_AGE_SECONDS:
            found = await self._fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            missing = [name for name in WANTED if not isinstance(found.get(name), str)]
            if found.get("issuer") != self.issuer or missing:
                raise GatewayUnavailableError(
                    "metadata of another issuer, or incomplete: " + ", ".join(missing)
                )
            self._metadata, self._metadata_at = found, self._clock()
        return self._metadata

    async def jwks(self, *, again: bool = False) -> dict[str, Any]:
        """The issuer's public keys; `again` fetches them anew, because an unknown key may be a new one."""
        if again or self._clock() - self._jwks_at > MAX_AGE_SECONDS:
            self._jwks = await self._fetch((await self.metadata())["jwks_uri"])
            self._jwks_at = self._clock()
        return self._jwks

    async def _fetch(self, url: str) -> dict[str, Any]:
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=self.trust_env) as client:
                answer = await client.get(url, headers={"Accept": "application/json"})
                answer.raise_for_status()
                found = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise GatewayUnavailableError(f"{urlsplit(url).path}: {type(error).__name__}") from error
        if not isinstance(found, dict):
            raise GatewayUnavailableError(f"{urlsplit(url).path}: not a JSON object")
        return found
