"""Proof of possession (RFC 9449): each request shows that we hold the key that our tokens are bound to."""

import base64
import hashlib
import time
from typing import Any

import httpx2
from authlib.common.security import generate_token
from joserfc import jwt
from joserfc.jwk import ECKey

ENDPOINTS = ("pushed_authorization_request_endpoint", "token_endpoint", "userinfo_endpoint")


class Prover:
    """Signs a proof for every request that wants one, with a key of this process's own.

    The tokens are in memory as well, so neither outlives the other.
    """

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", private=True)
        self._nonce = ""

    def hooks(self, metadata: dict[str, Any]) -> tuple[Any, Any]:
        """What the HTTP client does before each request and after each answer."""
        addresses = {metadata[name] for name in ENDPOINTS}

        async def prove(request: httpx2.Request) -> None:
            address = str(request.url)
            if address not in addresses:
                return
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            bound = token if scheme == "Bearer" else ""
            if bound:
                request.headers["Authorization"] = f"DPoP {bound}"
            request.headers["DPoP"] = self._proof(request.method, address, bound)

        async def remember(answer: httpx2.Response) -> None:
            self._nonce = answer.headers.get("DPoP-Nonce", self._nonce)

        return prove, remember

    def _proof(self, method: str, address: str, token: str) -> str:
        claims: dict[str, Any] = {
            "htm": method,
            "htu": address,
            "iat": int(time.time()),
            "jti": generate_token(32),
        }
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self._nonce:
            claims["nonce"] = self._nonce
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._key.as_dict(private=False)}
        return jwt.encode(header, claims, self._key)
