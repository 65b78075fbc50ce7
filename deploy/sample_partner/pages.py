"""Pages for people, and the same facts as JSON for scripts that ask for it."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from .brands import wording
from .config import Client, Config
from .sentences import PROBLEMS, field_label, headline, problem_sentence
from .sharing import Sharing
from .theme import brand_rules

HERE = Path(__file__).resolve().parent
SHOWN_CHARACTERS = 8


class Pages:
    """Rendering for one configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"moment": moment, "shown": shown_value, "label": field_label}
        rules = "\n".join(brand_rules(client.name, client.colour) for client in config.clients)
        self._css = (HERE / "static" / "sample.css").read_text(encoding="utf-8") + rules
        # A form's target and the addresses it leads on to are both checked, so the gateway is named here.
        self._headers = {
            "Content-Security-Policy": (
                "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
                f"form-action 'self' {config.issuer_origin}"
            ),
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }

    async def stylesheet(self, _request: Request) -> Response:
        """The one stylesheet, with the colours of the configured brands at its end."""
        headers = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
        return Response(self._css, media_type="text/css", headers=headers)

    def index(self, request: Request, sharings: Mapping[str, Sharing]) -> Response:
        """Both services."""
        cards = [
            (client, wording(client.name, client.brand), sharings.get(client.name) or Sharing())
            for client in self._config.clients
        ]
        if _wants_json(request):
            states = {client.name: sharing.state for client, _, sharing in cards}
            return JSONResponse({"issuer": self._config.issuer, "services": states}, headers=self._headers)
        return self._html("index.html", cards=cards)

    def service(self, request: Request, client: Client, sharing: Sharing) -> Response:
        """One service, whatever the state of its sharing."""
        if _wants_json(request):
            return JSONResponse(as_facts(client, sharing), headers=self._headers)
        words = wording(client.name, client.brand)
        return self._html(
            "service.html",
            client=client,
            words=words,
            sharing=sharing,
            headline=headline(sharing, client.brand, words.headline),
            problem=problem_sentence(sharing, client.brand),
            token=token_facts(sharing.token),
            issuer=self._config.issuer,
        )

    def problem(self, request: Request, kind: str, status: int, client: Client | None) -> Response:
        """A request that we do not answer, in plain words."""
        if _wants_json(request):
            return JSONResponse({"error": kind, "message": PROBLEMS[kind]}, status, headers=self._headers)
        return self._html("problem.html", status, client=client, kind=kind, message=PROBLEMS[kind])

    def _html(self, template: str, status: int = 200, /, **facts: Any) -> Response:
        clients, client = self._config.clients, facts.pop("client", None)
        body = self._templates.get_template(template).render(clients=clients, client=client, **facts)
        return HTMLResponse(body, status, headers=self._headers)


def as_facts(client: Client, sharing: Sharing) -> dict[str, Any]:
    """Everything the page says, for a script; tokens by their first characters only."""
    return {
        "service": client.name,
        "state": sharing.state,
        "problem": sharing.problem,
        "message": problem_sentence(sharing, client.brand),
        "received": sharing.received,
        "changes": asdict(sharing.changes),
        "reads": sharing.reads,
        "read_at": sharing.read_at,
        "id_token": sharing.id_claims,
        "token": token_facts(sharing.token),
        "answers": [asdict(answer) for answer in sharing.answers],
        "heard": sharing.heard,
    }


def token_facts(token: Mapping[str, Any]) -> dict[str, Any] | None:
    """What may be said of a token: how it begins, its kind, its scope and how long it lives."""
    if not token:
        return None
    expires_at = token.get("expires_at")
    return {
        "starts_with": str(token["access_token"])[:SHOWN_CHARACTERS],
        "token_type": token.get("token_type", ""),
        "scope": token.get("scope", ""),
        "expires_at": expires_at,
        "expires_in": None if expires_at is None else max(0, int(expires_at - time.time())),
        "refreshable": "refresh_token" in token,
    }


def moment(seconds: float) -> str:
    """A time in UTC, as 24 Nov 2026, 10:15:00 UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


def shown_value(value: Any) -> str:
    """A claim as people read it: an address by its lines, yes and no for booleans, JSON for the rest."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and all(isinstance(part, str) for part in value.values()):
        return value.get("formatted") or "\n".join(value.values())
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted
