"""The authorization request's checks, in protocol order: a reviewer sees what comes before any redirect."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.kit.errors import Refusal
from gateway.model.people import Acr
from gateway.model.registry import LiveOffer, RegisteredClient, Registry
from gateway.oauth.answers.jarm import is_signed
from gateway.oauth.answers.logouts import read_hint
from gateway.oauth.answers.response_modes import MODES, Back, way_back
from gateway.oauth.decision_context import DecisionMeans
from gateway.oauth.parameters import Parameters
from gateway.oauth.requests.authorization_details import Details, read_details
from gateway.oauth.requests.claims_request import claims_of
from partners import Profile, redirect_uri_matches
from scopes import SCOPES, Item, is_releasable

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
ACRS = tuple(map(str, Acr))
"""The known classes of authentication (OIDC Core §2)."""

GRANT_ACTIONS = ("create", "merge", "replace")
"""What a request can do to a grant (Grant Management §5.1)."""


@dataclass(frozen=True, slots=True)
class ExaminedRequest:
    """An authorization request under examination, with what the registry says about it."""

    parameters: Parameters
    registry: Registry
    is_pushed: bool
    issuer: str
    is_device: bool = False

    @property
    def client(self) -> RegisteredClient:
        """The client; `check_client` has found it."""
        return self.registry.clients[self.parameters["client_id"]]

    @property
    def offer(self) -> LiveOffer:
        """The client's combined service."""
        return self.registry.offers[self.client.client.offer_id]

    @property
    def details(self) -> Details | None:
        """What is asked for item by item (RFC 9396); None where only the scope says it."""
        text = self.parameters.get("authorization_details")
        return None if text is None else read_details(text, self.offer.offer, self.issuer)

    @property
    def grant_action(self) -> str:
        """What is to become of the person's present grant; empty where the partner leaves it to us."""
        return self.parameters.get("grant_management_action", "")

    @property
    def hinted(self) -> str | None:
        """The subject of the ID token that the client sent as a hint (OIDC Core §3.1.2.1)."""
        text = self.parameters.get("id_token_hint")
        if text is None:
            return None
        hint = read_hint(text, self.registry.signing_keys, self.issuer)
        if hint.client_id != self.client.client.client_id:
            raise Refusal(
                "invalid_request",
                detail="another client's hint",
                hint="The id_token_hint is another client's.",
            )
        return hint.subject


RequestCheck = Callable[[ExaminedRequest], None]


def check_client(asked: ExaminedRequest) -> None:
    """Check that the client is known and its partner live (RFC 6749 §4.1.2.1: no redirect otherwise)."""
    client_id = asked.parameters.get("client_id")
    if client_id is None:
        raise Refusal("invalid_request", detail="no client_id", hint="The parameter client_id is missing.")
    if asked.registry.find_client(client_id) is None:
        raise Refusal("unauthorized_client", detail="unknown client, or its partner is not live")


def check_redirect_uri(asked: ExaminedRequest) -> None:
    """Check that the redirect URI is there and registered, by equality (RFC 9700 §2.1)."""
    redirect_uri = asked.parameters.get("redirect_uri")
    if asked.is_device:
        return
    if redirect_uri is None or not redirect_uri_matches(asked.client.client.redirect_uris, redirect_uri):
        # A partner that pushes gets JSON, for which RFC 9126 §2.3 names this code.
        raise Refusal(
            "invalid_request" if asked.is_pushed else "invalid_redirect_uri",
            detail=f"not registered for {asked.client.client.client_id}",
            hint="The redirect_uri is missing or not registered for this client.",
        )


def check_was_pushed(asked: ExaminedRequest) -> None:
    """Check that a `fapi2` client pushed its request (FAPI 2.0 §5.3.2.2)."""
    if not asked.is_pushed and asked.client.client.profile is Profile.FAPI2:
        raise Refusal(
            "invalid_request", detail="not pushed", hint="This client must push its request (RFC 9126)."
        )


def check_response_type(asked: ExaminedRequest) -> None:
    """Accept codes only (RFC 9700 §2.1.2), in a query or a form; signed where the client must ask so."""
    response_type = asked.parameters.get("response_type")
    if response_type is None:
        raise Refusal(
            "invalid_request", detail="no response_type", hint="The parameter response_type is missing."
        )
    if response_type != "code":
        raise Refusal("unsupported_response_type", detail="not code")
    if asked.parameters.get("response_mode", "query") not in MODES:
        raise Refusal(
            "invalid_request", detail="response_mode", hint="The response_mode is not one that is offered."
        )
    if asked.client.client.message_signing and not is_signed(asked.parameters):
        raise Refusal(
            "invalid_request", detail="unsigned answer", hint="This client must ask for response_mode=jwt."
        )


def check_code_challenge(asked: ExaminedRequest) -> None:
    """Require PKCE with S256 (RFC 9700 §2.1.1); some clients may send a nonce instead, and a few neither."""
    if "code_challenge" not in asked.parameters:
        if asked.client.may_send_nonce and _has_nonce(asked.parameters):
            return
        # A method without a challenge is the client's mistake.
        if asked.client.may_send_neither and "code_challenge_method" not in asked.parameters:
            return
        raise Refusal("invalid_request", detail="no PKCE", hint="The parameter code_challenge is missing.")
    if (
        asked.parameters.get("code_challenge_method") != "S256"
        or len(asked.parameters["code_challenge"]) != 43
    ):
        raise Refusal(
            "invalid_request", detail="PKCE method", hint="Only code_challenge_method=S256 is offered."
        )


def _has_nonce(parameters: Parameters) -> bool:
    """Whether there is a nonce, an ID token to carry it, and no challenge method without a challenge."""
    is_openid = "openid" in parameters.get("scope", "").split()
    return "nonce" in parameters and is_openid and "code_challenge_method" not in parameters


def check_purposes(asked: ExaminedRequest) -> None:
    """Check that all of the combined service may leave; a field can be denied later (promise P1)."""
    for item in asked.offer.offer.items:
        if not all(is_releasable(Item(item.field, item.purpose, form)) for form in item.forms):
            raise Refusal(
                "unauthorized_client",
                detail=f"{item.field} for {item.purpose} may not leave",
                hint="The combined service has a purpose that is no longer allowed. Hand in a new version.",
            )


def check_scope(asked: ExaminedRequest) -> None:
    """Check that the scope is known and stays within the combined service (RFC 6749 §3.3)."""
    scope = asked.parameters.get("scope", "").split()
    unknown = [name for name in scope if name not in SCOPES]
    if unknown:
        raise Refusal(
            "invalid_scope", detail="unknown scope", hint="The scope has a value that is not offered."
        )
    offered = {item.field for item in asked.offer.offer.items}
    for name in scope:
        if SCOPES[name] and not offered.intersection(SCOPES[name]):
            raise Refusal(
                "invalid_scope", detail=f"{name} is not in the offer", hint=f"{name} is not in the offer."
            )


def check_prompt(asked: ExaminedRequest) -> None:
    """Check prompts; ``none`` stands alone (OIDC Core §3.1.2.1; Authlib ignores unknown ones, trap 13)."""
    prompts = asked.parameters.get("prompt", "").split()
    if not PROMPTS.issuperset(prompts):
        raise Refusal(
            "invalid_request", detail="unknown prompt", hint="The prompt has a value that is not offered."
        )
    if "none" in prompts and len(prompts) > 1:
        raise Refusal("invalid_request", detail="prompt none with others", hint="prompt=none stands alone.")


def check_authorization_details(asked: ExaminedRequest) -> None:
    """Check that named items are of our type and stay within the combined service (RFC 9396 §5)."""
    _ = asked.details


def check_claims(asked: ExaminedRequest) -> None:
    """Check that ``claims`` are readable and that any class they require exists (OIDC Core §5.5)."""
    essential = claims_of(asked.parameters).essential_acrs
    if essential is not None and essential.isdisjoint(ACRS):
        raise Refusal("unmet_authentication_requirements", detail="an essential acr that there is not")


def check_hint(asked: ExaminedRequest) -> None:
    """Check that an ``id_token_hint`` is an ID token of ours for this client (OIDC Core §3.1.2.1)."""
    _ = asked.hinted


def check_resource(asked: ExaminedRequest) -> None:
    """Check that the request asks for no resource server but this one (RFC 8707 §2)."""
    check_target(asked.parameters, asked.issuer)


def check_target(parameters: Parameters, issuer: str) -> None:
    """Compare every ``resource`` with the issuer (RFC 8707 §2, §2.2)."""
    if not {issuer}.issuperset(parameters.get("resource", "").split()):
        raise Refusal("invalid_target", detail="another resource")


def check_grant_action(asked: ExaminedRequest) -> None:
    """Check that the action is known and names a grant where it changes one (Grant Management §5.1)."""
    action, is_named = asked.grant_action, "grant_id" in asked.parameters
    if action not in ("", *GRANT_ACTIONS):
        raise Refusal(
            "invalid_request",
            detail="grant_management_action",
            hint="The grant_management_action is not offered.",
        )
    if is_named is not (action in ("merge", "replace")):
        raise Refusal(
            "invalid_request",
            detail="grant_id",
            hint="A grant_id comes with grant_management_action=merge or replace, and only then.",
        )


BEFORE_REDIRECT: tuple[RequestCheck, ...] = (check_client, check_redirect_uri)
"""Checks whose failure is shown to the person, because an unverified address gets no redirect."""

CHECKS: tuple[RequestCheck, ...] = (
    check_was_pushed,
    check_response_type,
    check_code_challenge,
    check_purposes,
    check_scope,
    check_authorization_details,
    check_claims,
    check_hint,
    check_resource,
    check_prompt,
    check_grant_action,
)
"""Checks whose failure goes back to the partner by redirect, or as JSON for a pushed request."""


def refused_back(parameters: Parameters, refusal: Refusal, terms: DecisionMeans) -> Back:
    """Make the answer that carries a refusal back, with ``iss`` on it (RFC 9207, trap 3), signed if asked for."""
    settings = terms.settings
    answer = {
        "error": refusal.code,
        "error_description": refusal.description,
        "error_uri": f"{settings.documentation}/{refusal.code}",
    }
    if "state" in parameters:
        answer["state"] = parameters["state"]
    answer["iss"] = settings.issuer
    return way_back(parameters, answer, terms)
