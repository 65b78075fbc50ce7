"""Who may use which route: one table for all of them, which the server asks before it answers (promise P15).

A route that is not in it does not get served: `all_routes` refuses it by name, and so does a line without a route. What
a page does for its own person is decided further in; here stands what a role needs to come that far.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum, auto
from types import MappingProxyType

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.actions.administration.waiting_kinds import sees_any
from gateway.actions.two_people import administrator_of
from gateway.model.people import Person, Power, powers_of


class Entry(StrEnum):
    """What a route asks for where it asks for no single power."""

    OPEN = auto()
    """Nothing: whoever comes, or whoever holds the secret that the address or the form carries."""
    PARTNER = auto()
    """A partner's own secret, key or token; who is signed in at a browser means nothing there."""
    SIGNED_IN = auto()
    """A session; the page shows and changes what is its person's own."""
    ADMINISTRATOR = auto()
    """A session of somebody who has any power at all."""
    SECOND_PERSON = auto()
    """A session of a role that asks for, or agrees to, anything that takes two people."""


Need = Entry | Power

_LINES: Mapping[Need, tuple[str, ...]] = {
    Entry.PARTNER: (
        "POST /token",
        "POST /par",
        "POST /device_authorization",
        "POST /revoke",
        "POST /deletions",
        "POST /introspect",
        "GET POST /userinfo",
        "POST /release",
        "GET DELETE /grants/{grant_id}",
        "POST /register",
        "GET PUT DELETE /register/{client_id}",
    ),
    Entry.OPEN: (
        "GET /jwks.json",
        "GET /.well-known/oauth-authorization-server",
        "GET /.well-known/openid-configuration",
        "GET /.well-known/oauth-protected-resource",
        "GET /receipts/jwks.json",
        "GET /schemas/own-record-2.json",
        "GET /privacy",
        "GET /notices/{notice_id}",
        "GET /docs/errors",
        "GET /docs/errors/{code}",
        "GET /static/{name}",
        "GET /health",
        "GET /ready",
        "GET POST /log",
        "GET /log/checkpoint",
        "GET /log/keys",
        "GET /log/tile/{path:path}",
        "GET /log/proof/consistency",
        "POST /language",
        # Asks for the log-in itself, and takes its state from a ticket.
        "GET POST /authorize",
        "GET /authorize/continue",
        "GET POST /login",
        "POST /login/code",
        "GET POST /login/passkey",
        "GET /signed-out",
        "GET POST /session/end",
        "POST /session/end/confirmed",
        "GET POST /recover",
        "GET /inbox",
        "GET /device/done",
        "GET /device/ready",
        "GET /device/refused",
        # The secret in the address lets in.
        "GET POST /invitation/{secret}",
        "GET POST /recover/{secret}",
        "GET POST /verify/{secret}",
        "GET POST /stop/{grant_id}/{proof}",
        "GET POST /unsubscribe/{person_id}/{proof}",
    ),
    Entry.SIGNED_IN: (
        "GET /",
        "POST /consent",
        "POST /consent/ask-school",
        "GET POST /reauthenticate",
        "GET POST /reauthenticate/passkey",
        "POST /logout",
        "GET /security",
        "POST /security/sessions/end",
        "GET POST /security/code",
        "POST /security/code/remove",
        "POST /security/codes",
        "GET POST /security/passkey",
        "POST /security/passkey/name",
        "POST /security/passkey/remove",
        "GET POST /security/password",
        "GET /second-factor",
        "POST /second-factor/letter",
        "GET POST /second-factor/code",
        "GET POST /second-factor/passkey",
        "POST /profile/verify",
        # A stranger's code is kept over the log-in.
        "GET POST /device",
        "GET /connected",
        "GET /connected/my-record",
        "GET /connected/my-record.json",
        "GET /connected/{grant_id}",
        "POST /connected/{grant_id}/complain",
        "POST /connected/{grant_id}/pause",
        "POST /connected/{grant_id}/shorten",
        "POST /connected/{grant_id}/resume",
        "POST /connected/{grant_id}/off/{field}/{purpose}",
        "POST /connected/{grant_id}/stop",
        "GET /connected/{grant_id}/stopped",
        "POST /connected/{grant_id}/ask-again",
        "GET /connected/{grant_id}/notice",
        "GET /connected/{grant_id}/check/{source_id}",
        "GET /connected/{grant_id}/check/{source_id}/proof.json",
        "GET /connected/{grant_id}/receipt/{event_id}",
        "GET /connected/{grant_id}/receipt/{event_id}/receipt.json",
        "GET /connected/{grant_id}/receipt/{event_id}/receipt.jws",
        "POST /stop-everything",
        "GET /contacts",
        "GET POST /contacts/ask",
        "GET POST /contacts/{contact_id}",
        "POST /contacts/{contact_id}/change",
        "POST /contacts/{contact_id}/show",
        "POST /contacts/{contact_id}/end",
        "GET /contacts/{contact_id}/ended",
        "GET /contacts/{contact_id}/check/{source_id}",
        "GET /contacts/{contact_id}/check/{source_id}/proof.json",
        # A guardian is whoever has a link to the child; staff may have children too.
        "GET /guardian",
        "GET POST /guardian/{grant_id}",
        "GET POST /guardian/asked/{proposal_id}",
        "POST /guardian/{grant_id}/stop",
        "POST /guardian/{grant_id}/ask-again",
        # Holds the entry against its own person, or against the power to read the log.
        "GET /log/proof/inclusion",
        "GET /profile",
        "GET POST /profile/edit",
        "GET POST /preferences",
    ),
    Entry.ADMINISTRATOR: ("GET /admin",),
    Entry.SECOND_PERSON: (
        "GET /admin/waiting",
        "GET /admin/waiting/{act_id}",
        "POST /admin/waiting/{act_id}/approve",
        "POST /admin/waiting/{act_id}/refuse",
        "POST /admin/waiting/{act_id}/withdraw",
    ),
    Power.SEE_GRANTS: ("GET POST /admin/grants", "GET /admin/grants/{grant_id}"),
    Power.REVOKE_GRANT: ("POST /admin/grants/{grant_id}/revoke",),
    Power.SEE_PARTNERS: ("GET /admin/partners", "GET /admin/partners/{partner_id}"),
    Power.REVIEW_PARTNER: (
        "POST /admin/partners/{partner_id}/approve",
        "POST /admin/partners/{partner_id}/reject",
        "POST /admin/partners/{partner_id}/review",
        "POST /admin/partners/{partner_id}/return",
        "POST /admin/partners/{partner_id}/resume",
        "POST /admin/partners/{partner_id}/end",
        "POST /admin/partners/{partner_id}/call-off",
        "POST /admin/partners/{partner_id}/clients/{client_id}/secret",
        "POST /admin/partners/{partner_id}/clients/{client_id}/retire",
        "POST /admin/partners/{partner_id}/clients/{client_id}/nonce",
        "POST /admin/partners/{partner_id}/clients/{client_id}/neither",
        "POST /admin/partners/{partner_id}/clients/{client_id}/pkce",
    ),
    Power.BRAKE_PARTNER: ("POST /admin/partners/{partner_id}/pause",),
    Power.READ_LOG: (
        "GET POST /admin/log",
        "GET /admin/log/check/{source_id}",
        "GET /admin/log/check/{source_id}/proof.json",
        "GET /log/tile/entries/{path:path}",
    ),
    Power.SEE_COMPLAINTS: ("GET POST /admin/complaints",),
    Power.ANSWER_COMPLAINT: ("POST /admin/complaints/{complaint_id}",),
    Power.PROVISION_PEOPLE: (
        "GET POST /admin/people",
        "POST /admin/people/import",
        "GET /admin/people/{person_id}",
        "POST /admin/people/{person_id}/sign-out",
        "POST /admin/people/{person_id}/deactivate",
        "POST /admin/people/{person_id}/reactivate",
        "POST /admin/people/{person_id}/invite",
        "GET POST /admin/people/{person_id}/factor",
        "GET /admin/guardians",
        "POST /admin/guardians/link",
        "POST /admin/guardians/end",
    ),
    Power.GIVE_POWERS: ("GET POST /admin/people/{person_id}/role",),
    Power.GATE_PARTNERS: ("GET /admin/school", "POST /admin/school/{partner_id}"),
}


def _flat(lines: Mapping[Need, Iterable[str]]) -> dict[tuple[str, str], Need]:
    found: dict[tuple[str, str], Need] = {}
    for need, each in lines.items():
        for line in each:
            *methods, path = line.split()
            for method in methods:
                if (method, path) in found:
                    raise ValueError(f"{method} {path} stands in the table twice")
                found[method, path] = need
    return found


NEEDS: Mapping[tuple[str, str], Need] = MappingProxyType(_flat(_LINES))
"""(method, path) → what is needed; HEAD is asked as GET."""


def admits(need: Need, person: Person) -> bool:
    """Tell whether a role lets its person in."""
    if isinstance(need, Power):
        return need in powers_of(person.role)
    return {
        Entry.OPEN: True,
        # Nothing of who is signed in counts there: the partner proves itself.
        Entry.PARTNER: True,
        Entry.SIGNED_IN: True,
        Entry.ADMINISTRATOR: bool(powers_of(person.role)),
        Entry.SECOND_PERSON: sees_any(administrator_of(person)),
    }[need]


class Admission:
    """A route's application: it tells each request what its route needs, and `page_handler` checks it."""

    def __init__(self, app: ASGIApp, needs: Mapping[str, Need]) -> None:
        """Take the route's own application, and the need of each method."""
        self._app = app
        self._needs = needs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope.setdefault("state", {})["need"] = self._needs[scope["method"]]
        await self._app(scope, receive, send)


def admitted(routes: Iterable[Route]) -> list[Route]:
    """Put every route behind its line of the table.

    Raises:
        LookupError: a route has no line, or a line no route.
    """
    found, unused = list(routes), set(NEEDS)
    for route in found:
        needs = {}
        for method in route.methods or ():
            line = ("GET" if method == "HEAD" else method, route.path)
            if line not in NEEDS:
                raise LookupError(f"{method} {route.path} is not in gateway.web.access: say who is let in")
            needs[method] = NEEDS[line]
            unused.discard(line)
        if not isinstance(route.app, Admission):
            route.app = Admission(route.app, needs)
    if unused:
        raise LookupError(f"gateway.web.access names routes that there are not: {sorted(unused)}")
    return found
