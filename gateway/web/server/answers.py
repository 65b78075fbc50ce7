"""One refusal in the voice of its reader: a page for people, JSON or a challenge for partners."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import PlainTextResponse, Response

from gateway.kit.errors import ERRORS, Refusal
from gateway.kit.logs import log
from gateway.kit.telemetry.metrics import seen
from gateway.oauth.jwts import ALGORITHMS

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def json_answer(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer a partner; nothing of this may be cached (RFC 6749 §5.1)."""
    content = orjson.dumps(dict(body))
    return Response(content, status, {**NO_STORE, **(headers or {})}, media_type="application/json")


def token_refusal(refusal: Refusal, *, documentation: str, tried_header: bool = False) -> Response:
    """Refuse at a back-channel endpoint (RFC 6749 §5.2).

    Args:
        tried_header: whether the client tried to authenticate by its Authorization header. Only then is a challenge
            of that scheme an answer; elsewhere it would hide the error from clients that read challenges first.
    """
    note(refusal)
    return refusal_answer(refusal, documentation=documentation, tried_header=tried_header)


def refusal_answer(refusal: Refusal, *, documentation: str, tried_header: bool = False) -> Response:
    """Make the answer of `token_refusal`, which nobody may ever get."""
    headers = retry_headers(refusal)
    if refusal.code == "invalid_client" and tried_header:
        headers["WWW-Authenticate"] = 'Basic realm="consent gateway", charset="UTF-8"'
    # A device that is told no gets it as any other error of the token endpoint (RFC 8628 §3.5).
    status = 400 if refusal.code == "access_denied" else refusal.kind.status
    return json_answer(_body(refusal, documentation), status, headers)


def resource_refusal(refusal: Refusal, *, documentation: str, is_dpop: bool = False) -> Response:
    """Refuse at a protected resource, with the challenge of RFC 6750 §3 or of RFC 9449 §7.1."""
    note(refusal)
    headers = retry_headers(refusal)
    # At a resource a bad proof is a failed authentication (RFC 9449 §7.1, §9); at the token endpoint it is not.
    status = 401 if refusal.code in ("invalid_dpop_proof", "use_dpop_nonce") else refusal.kind.status
    if refusal.detail == NO_TOKEN:
        # A request without any token is only told how to send one (RFC 6750 §3.1).
        headers["WWW-Authenticate"] = f"{_BEARER}, {_DPOP}"
    elif status in (400, 401, 403):
        said = f'error="{refusal.code}", error_description="{refusal.description}"'
        if refusal.max_age is not None:
            said += f', max_age="{refusal.max_age}"'
        if refusal.acr_values:
            said += f', acr_values="{refusal.acr_values}"'
        headers["WWW-Authenticate"] = f"{_DPOP if is_dpop else _BEARER}, {said}"
    return json_answer(_body(refusal, documentation), status, headers)


_BEARER = 'Bearer realm="consent gateway"'
_DPOP = f'DPoP realm="consent gateway", algs="{" ".join(ALGORITHMS)}"'


NO_TOKEN = "no access token"  # noqa: S105 - a reason, not a secret


def _body(refusal: Refusal, documentation: str) -> dict[str, str]:
    return {
        "error": refusal.code,
        "error_description": refusal.description,
        "error_uri": f"{documentation}/{refusal.code}",
    }


def retry_headers(refusal: Refusal) -> dict[str, str]:
    """Tell when trying again makes sense (RFC 9110 §10.2.3)."""
    return {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}


def note(refusal: Refusal) -> None:
    """Keep the detail in our log, and the code for the count."""
    seen().refused = refusal.code
    log().info("refused", code=refusal.code, detail=refusal.detail)


def plain_failure(request_id: str) -> Response:
    """Answer when nothing else can be said any more."""
    text = f"{ERRORS['server_error'].public} Request {request_id}\n"
    return PlainTextResponse(text, 500, NO_STORE)
