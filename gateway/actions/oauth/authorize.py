"""The authorization endpoint: from a partner's request to the screen and back (RFC 6749 §4.1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.actions.authentication.strength import Strength, strength_of
from gateway.actions.oauth.par import find_kept_request, find_request
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import base64url, from_base64url
from gateway.kit.secrets.sealing import SealBroken
from gateway.kit.telemetry.metrics import seen
from gateway.model.item_keys import item_key
from gateway.model.people import Session
from gateway.model.registry import LiveOffer
from gateway.oauth.answers.response_modes import Back
from gateway.oauth.parameters import Decoded, Parameters
from gateway.oauth.requests.checks import BEFORE_REDIRECT, CHECKS, ExaminedRequest, refused_back
from gateway.oauth.requests.request_objects import MalformedInside

_PLACE = "authorization"
MOST_CARRIED = 1_100
"""Characters of a request that was not pushed, as its ticket spells it. The ticket stands in addresses of ours, which
stay under 2,000 characters: proxies cut or refuse longer ones (decision 71)."""
CARRIED = frozenset(
    {
        "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age",
        "code_challenge", "code_challenge_method", "dpop_jkt", "authorization_details", "claims", "resource",
        "acr_values", "grant_id", "grant_management_action",
    }
)  # fmt: skip
"""The parameters kept after the checks; of a hint, which is read once, only the subject is kept."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person had chosen on a screen that is shown again before it was answered.

    Attributes:
        person_id: who made the choices; on anybody else's screen nothing is ticked beforehand.
        ticked: keys of the optional items.
        forms: chosen form by item key.
        duration: the chosen answer to "for how long".
        waits_for: sensitive fields that a yes lets leave, which waits for a step-up alone.
    """

    person_id: str
    ticked: frozenset[str]
    forms: Mapping[str, str]
    duration: str
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authorization:
    """An authorization request that passed every check, on its way through log-in and screen.

    Attributes:
        started_at: when it arrived; ``prompt=login`` wants a password given after that.
        choices: set when its screen is shown again.
        typed_by: who typed the code of the device that waits for the answer, so that nobody else can be sent to
            its screen (RFC 8628 §5.4); empty where no device does.
        wants_more: a stronger log-in than the present one was asked for.
        wants_another: the log-in of another person was asked for, whom an ``id_token_hint`` names.
        hinted: the subject that the hint names.
        is_again: the person answered after something had changed, so the screen is shown again in any case.
        is_late: its page waited longer than an answer counts, so that it begins anew.
    """

    parameters: Parameters
    request_digest: bytes | None
    started_at: int
    choices: Choices | None = None
    typed_by: str = ""
    wants_more: bool = False
    wants_another: bool = False
    hinted: str | None = None
    is_again: bool = False
    is_late: bool = False

    @property
    def is_device(self) -> bool:
        """Whether a device waits, and the request is ours (RFC 8628)."""
        return bool(self.typed_by)

    def asked(self, services: Services) -> ExaminedRequest:
        """Give the request with what the present registry says about it."""
        return ExaminedRequest(
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


@dataclass(frozen=True, slots=True)
class TypeAgain:
    """Ask for the code of the device again: it waits no more, or somebody else typed it (RFC 8628 §5.4)."""


def seal_authorization(services: Services, authorization: Authorization) -> str:
    """Put the request into a ticket that the browser carries through log-in.

    A request that the database keeps, such as a pushed one, is only named in the ticket (RFC 9126 §1).
    """
    name = authorization.request_digest
    content: Mapping[str, Any] = {
        "t": authorization.started_at,
        "d": authorization.typed_by,
        "u": authorization.wants_more,
        "h": authorization.wants_another,
        "i": authorization.hinted,
        "a": authorization.is_again,
        **({"p": _carried(authorization.parameters)} if name is None else {"r": base64url(name)}),
    }
    if authorization.choices is not None:
        content = {**content, "c": _spelled(authorization.asked(services).offer, authorization.choices)}
    return services.seal.ticket(_PLACE, content)


def _carried(parameters: Parameters) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if name in CARRIED}


async def open_authorization(services: Services, ticket: str) -> Authorization:
    """Open what `seal_authorization` made; the checks run anew, because the registry may have changed.

    An outdated ticket begins anew: it is the request that its partner sent, and log-ins count from now.

    Raises:
        Refusal: ``bad_form`` for a damaged ticket, ``late_form`` where the request is no longer kept, or what the
            checks say.
    """
    try:
        content = services.seal.open_ticket(_PLACE, ticket)
    except SealBroken:
        raise Refusal("bad_form", detail="a damaged authorization ticket") from None
    now, started_at = services.clock(), int(content["t"])
    is_late = now > started_at + services.settings.screen_ttl
    name = from_base64url(content["r"]) if "r" in content else None
    found = Authorization(
        content["p"] if name is None else await find_kept_request(services, name),
        name,
        now if is_late else started_at,
        typed_by=content["d"],
        wants_more=content["u"],
        wants_another=content["h"],
        hinted=content["i"],
        is_again=content["a"],
        is_late=is_late,
    )
    asked = found.asked(services)
    for check in BEFORE_REDIRECT:
        check(asked)
    return replace(found, choices=_read(asked.offer, content["c"])) if "c" in content else found


def _spelled(offer: LiveOffer, choices: Choices) -> list[Any]:
    """Spell choices by their places in the offer, one character an item, to keep the address short."""
    ticked, forms = "", ""
    for item in offer.offer.items:
        key, spelled = item_key(item), [str(form) for form in item.forms]
        ticked += "1" if key in choices.ticked else "0"
        forms += str(spelled.index(choices.forms[key])) if choices.forms.get(key) in spelled else "-"
    return [choices.person_id, offer.version, ticked, forms, choices.duration, *choices.waits_for]


def _read(offer: LiveOffer, kept: Any) -> Choices | None:
    """Read what `_spelled` spelled; nothing is ticked in an offer that has changed since."""
    person_id, version, ticked, forms, duration, *waits_for = kept
    if version != offer.version:
        return None
    items = offer.offer.items
    return Choices(
        person_id,
        frozenset(item_key(item) for item, mark in zip(items, ticked, strict=True) if mark == "1"),
        {
            item_key(each): str(each.forms[int(at)])
            for each, at in zip(items, forms, strict=True)
            if at != "-"
        },
        duration,
        tuple(waits_for),
    )


async def begin_authorization(
    services: Services, decoded: Decoded, session: Session | None
) -> Authorization | Back:
    """Take an authorization request, pushed or plain, that a browser with this session brings.

    Returns:
        The checked request, or the way back with an error.

    Raises:
        Refusal: for the person to read, where no redirect URI was verified.
    """
    try:
        parameters = decoded.checked()
    except Refusal as refusal:
        return _refuse_malformed(services, decoded.sound(), refusal)
    try:
        found, request_digest = await find_request(services, parameters, session)
    except MalformedInside as refusal:
        return _refuse_malformed(services, refusal.sound, refusal)
    client = services.registry.find_client(found.get("client_id", ""))
    if client is not None:
        seen().partner_id = client.client.partner_id
    authorization = Authorization(found, request_digest, services.clock())
    # A signed request that the browser carried is used up like a pushed one, but was not pushed.
    asked = replace(authorization.asked(services), is_pushed="request_uri" in parameters)
    for check in BEFORE_REDIRECT:
        check(asked)
    try:
        for check in CHECKS:
            check(asked)
        _check_length(authorization)
    except Refusal as refusal:
        return go_back(services, authorization, refusal)
    return replace(authorization, hinted=asked.hinted)


def _check_length(authorization: Authorization) -> None:
    """Check that a request fits into an address, which the browser carries; a pushed one may be longer."""
    is_kept = authorization.request_digest is not None
    spelled = json.dumps(_carried(authorization.parameters), separators=(",", ":"))
    if not is_kept and len(spelled) > MOST_CARRIED:
        raise Refusal(
            "invalid_request",
            detail="too long to carry",
            hint="The request is too long for addresses. Push it (RFC 9126).",
        )


def _refuse_malformed(services: Services, sound: Parameters, refusal: Refusal) -> Back:
    """Answer a malformed request at its redirect URI where that and the client are in order (RFC 6749 §4.1.2.1).

    Raises:
        Refusal: what was malformed, for the person to read, where they are not.
    """
    authorization = Authorization(sound, None, services.clock())
    try:
        for check in BEFORE_REDIRECT:
            check(authorization.asked(services))
    except Refusal:
        raise refusal from None
    return go_back(services, authorization, refusal)


def go_back(services: Services, authorization: Authorization, refusal: Refusal) -> Back:
    """Send a refusal to the partner, ``iss`` included (RFC 9207)."""
    seen().refused = refusal.code
    return refused_back(authorization.parameters, refusal, services.terms())


async def check_login(
    services: Services, authorization: Authorization, session: Session | None
) -> Back | LogIn | TypeAgain | None:
    """Say which log-in is missing before a screen can be shown; None when the present one is enough."""
    is_foreign = session is not None and authorization.typed_by not in ("", session.person.person_id)
    if is_foreign or (authorization.is_device and authorization.is_late):
        return TypeAgain()
    is_silent, strength = "none" in authorization.prompts, Strength.ENOUGH
    if session is not None and _names_another(services, authorization, session):
        if is_silent:
            return go_back(
                services, authorization, Refusal("login_required", detail="another than the hint's")
            )
        if authorization.wants_another:
            # The answer is the same as for a no, so the partner does not learn who it was not (0061).
            return go_back(
                services, authorization, Refusal("access_denied", detail="another than the hint's")
            )
        return LogIn(seal_authorization(services, replace(authorization, wants_another=True)), is_again=False)
    if session is not None:
        was_asked = authorization.wants_more or is_silent
        strength = await strength_of(services, authorization.parameters, session, was_asked=was_asked)
        # A strength out of reach is refused later, when it is known if the partner may recognise the person.
        is_enough = strength is Strength.ENOUGH or (strength is Strength.OUT_OF_REACH and not is_silent)
        if is_enough and _is_recent(authorization, session):
            return None
    if is_silent:
        refusal = Refusal("login_required", detail="prompt=none without a fresh enough session")
        return go_back(services, authorization, refusal)
    is_again = session is not None and "select_account" not in authorization.prompts
    asking = replace(authorization, wants_more=authorization.wants_more or strength is Strength.MORE)
    return LogIn(seal_authorization(services, asking), is_again=is_again)


def _names_another(services: Services, authorization: Authorization, session: Session) -> bool:
    """Whether an ID token says that the request is about somebody else (OIDC Core §3.1.2.1, ``id_token_hint``)."""
    named = authorization.hinted
    client = authorization.asked(services).client
    return named is not None and named != services.subject(client, session.person.person_id)


def _is_recent(authorization: Authorization, session: Session) -> bool:
    """Whether the log-in is as recent as was asked for; choosing an account is logging in to it."""
    if authorization.prompts & {"login", "select_account"}:
        return session.auth_time >= authorization.started_at
    max_age = authorization.parameters.get("max_age")
    return max_age is None or authorization.started_at - session.auth_time <= int(max_age)
