"""The authorization endpoint's story: from a partner's request to the screen, and from there back (RFC 6749 §4.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.actions.par import find_request
from gateway.actions.services import Services
from gateway.actions.strength import Strength, strength_of
from gateway.kit.digests import base64url, from_base64url
from gateway.kit.errors import Refusal
from gateway.kit.sealing import SealBroken
from gateway.model.people import Session
from gateway.oauth.checks import BEFORE_REDIRECT, CHECKS, Asked, refused_back
from gateway.oauth.claims_request import claims_of
from gateway.oauth.parameters import Parameters
from gateway.oauth.response_modes import Back

_PLACE = "authorization"


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody had chosen on a screen that is shown again before it was answered.

    Attributes:
        person_id: whose choices they are: on anybody else's screen nothing is ticked beforehand.
        ticked: keys of the optional items.
        forms: chosen form by item key.
        duration: the chosen answer to "for how long".
    """

    person_id: str
    ticked: frozenset[str]
    forms: Mapping[str, str]
    duration: str


@dataclass(frozen=True, slots=True)
class Authorization:
    """An authorization request that passed every check, on its way through log-in and screen.

    Attributes:
        started_at: when it arrived; ``prompt=login`` wants a password given after that.
        choices: set when its screen is shown again.
        typed_by: who typed the code of the device that waits for the answer, so that nobody else can be sent to
            its screen (RFC 8628 §5.4); empty where no device does.
        wants_more: a stronger log-in than the present one was asked for.
    """

    parameters: Parameters
    request_digest: bytes | None
    started_at: int
    choices: Choices | None = None
    typed_by: str = ""
    wants_more: bool = False

    @property
    def is_device(self) -> bool:
        """Whether a device waits, and the request is ours (RFC 8628)."""
        return bool(self.typed_by)

    def asked(self, services: Services) -> Asked:
        """Look at it against the present registry."""
        return Asked(
            self.parameters,
            services.registry,
            is_pushed=self.is_device or self.request_digest is not None,
            issuer=services.settings.issuer,
            is_device=self.is_device,
        )

    @property
    def prompts(self) -> frozenset[str]:
        """The prompts asked for (OIDC Core §3.1.2.1)."""
        return frozenset(self.parameters.get("prompt", "").split())


@dataclass(frozen=True, slots=True)
class LogIn:
    """Ask for the password first; the ticket brings the browser back here."""

    ticket: str
    is_again: bool


def seal_authorization(services: Services, authorization: Authorization) -> str:
    """Put the request into a ticket that the browser carries through log-in."""
    digest_text = base64url(authorization.request_digest) if authorization.request_digest else ""
    content: Mapping[str, Any] = {
        "p": dict(authorization.parameters),
        "r": digest_text,
        "t": authorization.started_at,
        "d": authorization.typed_by,
        "u": authorization.wants_more,
    }
    chosen = authorization.choices
    if chosen is not None:
        kept = [chosen.person_id, sorted(chosen.ticked), dict(chosen.forms), chosen.duration]
        content = {**content, "c": kept}
    return services.seal.ticket(_PLACE, content)


def open_authorization(services: Services, ticket: str) -> Authorization:
    """Open what `seal_authorization` made; the checks run anew, for the registry may have changed.

    Raises:
        Refusal: ``bad_form`` for a damaged or outdated ticket, or what the checks say.
    """
    try:
        content = services.seal.open_ticket(_PLACE, ticket)
    except SealBroken:
        raise Refusal("bad_form", detail="a damaged authorization ticket") from None
    if services.clock() > content["t"] + services.settings.screen_ttl:
        raise Refusal("stale_form", detail="an outdated authorization ticket")
    found = Authorization(
        content["p"],
        from_base64url(content["r"]) or None,
        content["t"],
        _choices(content.get("c")),
        content["d"],
        wants_more=content["u"],
    )
    for check in BEFORE_REDIRECT:
        check(found.asked(services))
    return found


def _choices(kept: Any) -> Choices | None:
    if kept is None:
        return None
    person_id, ticked, forms, duration = kept
    return Choices(person_id, frozenset(ticked), forms, duration)


async def begin_authorization(
    services: Services, parameters: Parameters, session: Session | None
) -> Authorization | Back:
    """Take an authorization request, pushed or plain, that a browser with this session brings.

    Returns:
        The checked request, or the way back with an error.

    Raises:
        Refusal: for the person to read, where no redirect URI was verified.
    """
    found, request_digest = await find_request(services, parameters, session)
    authorization = Authorization(found, request_digest, services.clock())
    # A signed request that the browser carried is used up like a pushed one, and is none.
    asked = replace(authorization.asked(services), is_pushed="request_uri" in parameters)
    for check in BEFORE_REDIRECT:
        check(asked)
    try:
        for check in CHECKS:
            check(asked)
    except Refusal as refusal:
        return go_back(services, authorization, refusal)
    return authorization


def go_back(services: Services, authorization: Authorization, refusal: Refusal) -> Back:
    """Send a refusal to the partner, ``iss`` included (RFC 9207)."""
    return refused_back(authorization.parameters, refusal, services.terms())


async def check_login(
    services: Services, authorization: Authorization, session: Session | None
) -> Back | LogIn | None:
    """Say what is missing before a screen can be shown; None when the person is known well enough.

    Raises:
        Refusal: ``stale_form`` for the ticket of somebody else's device.
    """
    if session is not None and authorization.typed_by not in ("", session.person.person_id):
        raise Refusal("stale_form", detail="somebody else typed the device's code")
    is_silent = "none" in authorization.prompts
    strength = Strength.ENOUGH
    if session is not None:
        was_asked = authorization.wants_more or is_silent
        strength = await strength_of(services, authorization.parameters, session, was_asked=was_asked)
    # Nobody finds out silently who has a passkey.
    if strength is Strength.OUT_OF_REACH and not is_silent:
        refusal = Refusal("unmet_authentication_requirements", detail="an essential acr out of reach")
        return go_back(services, authorization, refusal)
    if session is not None and strength is Strength.ENOUGH and _is_recent(authorization, session):
        if _is_wanted(services, authorization, session):
            return None
        refusal = Refusal("login_required", detail="another person than the claims parameter names")
        return go_back(services, authorization, refusal)
    if is_silent:
        refusal = Refusal("login_required", detail="prompt=none without a fresh enough session")
        return go_back(services, authorization, refusal)
    is_again = session is not None and "select_account" not in authorization.prompts
    asking = replace(authorization, wants_more=authorization.wants_more or strength is Strength.MORE)
    return LogIn(seal_authorization(services, asking), is_again=is_again)


def _is_recent(authorization: Authorization, session: Session) -> bool:
    """Whether the log-in is as recent as was asked for; choosing an account is logging in to it."""
    if authorization.prompts & {"login", "select_account"}:
        return session.auth_time >= authorization.started_at
    max_age = authorization.parameters.get("max_age")
    return max_age is None or authorization.started_at - session.auth_time <= int(max_age)


def _is_wanted(services: Services, authorization: Authorization, session: Session) -> bool:
    """Whether this is the person whom the ``claims`` parameter names, if it names one (OIDC Core §5.5.1)."""
    subjects = claims_of(authorization.parameters).subjects
    client = authorization.asked(services).client
    return not subjects or services.subject(client, session.person.person_id) in subjects
