"""Every refusal of the gateway, in one registry, with two voices: public sentence and our own detail."""

from dataclasses import dataclass
from enum import Flag, auto
from types import MappingProxyType


class Where(Flag):
    """Where a refusal may appear."""

    REDIRECT = auto()
    TOKEN = auto()
    RESOURCE = auto()
    PAGE = auto()


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One entry of the registry.

    Attributes:
        status: HTTP status where the refusal is answered directly.
        where: in which kinds of answers it may appear.
        clause: the rule behind it.
        public: what partners and people read; never anything about a person, token or table.
    """

    status: int
    where: Where
    clause: str
    public: str


_BACK = Where.TOKEN | Where.RESOURCE
ERRORS = MappingProxyType(
    {
        "invalid_request": ErrorKind(
            400,
            Where.REDIRECT | _BACK,
            "RFC 6749 §4.1.2.1, §5.2",
            "A parameter is missing, repeated or malformed.",
        ),
        "invalid_client": ErrorKind(401, Where.TOKEN, "RFC 6749 §5.2", "Client authentication failed."),
        "invalid_grant": ErrorKind(
            400,
            Where.TOKEN,
            "RFC 6749 §5.2",
            "The code or refresh token is unknown, expired, used, revoked or was issued to another client.",
        ),
        "unauthorized_client": ErrorKind(
            400, Where.REDIRECT | Where.TOKEN, "RFC 6749 §4.1.2.1, §5.2", "This client may not use this flow."
        ),
        "unsupported_grant_type": ErrorKind(
            400, Where.TOKEN, "RFC 6749 §5.2", "This grant_type is not offered, or not to this client."
        ),
        "authorization_pending": ErrorKind(
            400, Where.TOKEN, "RFC 8628 §3.5", "The person has not decided yet; ask again after the interval."
        ),
        "slow_down": ErrorKind(
            400,
            Where.TOKEN,
            "RFC 8628 §3.5",
            "Too soon; leave five seconds more between questions from now on.",
        ),
        "expired_token": ErrorKind(
            400, Where.TOKEN, "RFC 8628 §3.5", "The device code has expired; begin anew."
        ),
        "unsupported_response_type": ErrorKind(
            400, Where.REDIRECT, "RFC 6749 §4.1.2.1", "Only response_type=code is offered."
        ),
        "invalid_scope": ErrorKind(
            400,
            Where.REDIRECT | Where.TOKEN,
            "RFC 6749 §3.3",
            "The scope is unknown, goes beyond the combined service, or leaves out what it needs.",
        ),
        "invalid_authorization_details": ErrorKind(
            400,
            Where.REDIRECT | _BACK,
            "RFC 9396 §5",
            "The authorization_details are not of the type combined_service, or go beyond the offer.",
        ),
        "invalid_target": ErrorKind(
            400,
            Where.REDIRECT | Where.TOKEN,
            "RFC 8707 §2",
            "The only resource is this server: its issuer identifier.",
        ),
        "invalid_grant_id": ErrorKind(
            400,
            Where.REDIRECT | Where.TOKEN,
            "Grant Management §5.3",
            "The grant_id is unknown, over, or of somebody else.",
        ),
        "access_denied": ErrorKind(
            403,
            Where.REDIRECT | Where.PAGE | Where.TOKEN,
            "RFC 6749 §4.1.2.1, RFC 8628 §3.5",
            "The person or the gateway said no.",
        ),
        "login_required": ErrorKind(
            400,
            Where.REDIRECT,
            "OIDC Core §3.1.2.6",
            "Nobody who shares anything with this client can be recognised without a page.",
        ),
        "consent_required": ErrorKind(
            400, Where.REDIRECT, "OIDC Core §3.1.2.6", "The person has to be asked."
        ),
        "unmet_authentication_requirements": ErrorKind(
            400,
            Where.REDIRECT,
            "OpenID Connect Core Error Code unmet_authentication_requirements §3",
            "The person cannot authenticate in the way that was asked for.",
        ),
        "invalid_request_object": ErrorKind(
            400,
            Where.PAGE | Where.TOKEN,
            "RFC 9101 §7",
            "The request object is unreadable, not signed with a registered key, or not in order.",
        ),
        "invalid_request_uri": ErrorKind(
            400,
            Where.PAGE | Where.REDIRECT,
            "RFC 9126 §2.2, RFC 9101 §7",
            "The request_uri is unknown, used, expired or belongs to another client.",
        ),
        "invalid_token": ErrorKind(
            401, Where.RESOURCE, "RFC 6750 §3.1", "The access token is unknown, expired or revoked."
        ),
        "invalid_dpop_proof": ErrorKind(
            400, _BACK, "RFC 9449 §5, §7.1", "The DPoP proof is missing, does not fit, or was used before."
        ),
        "use_dpop_nonce": ErrorKind(
            400, _BACK, "RFC 9449 §8, §9", "Send the proof again with the nonce of this answer."
        ),
        "insufficient_user_authentication": ErrorKind(
            401,
            Where.RESOURCE,
            "RFC 9470 §3",
            "The person has to authenticate again before this can be read.",
        ),
        "insufficient_scope": ErrorKind(
            403, Where.RESOURCE, "RFC 6750 §3.1", "The access token does not reach what was asked for."
        ),
        "consent_paused": ErrorKind(
            403,
            Where.RESOURCE,
            "RFC 6750 §3.1, RFC 6749 §8.5",
            "The consent is paused, not over: nothing can be read for now, and the tokens live on.",
        ),
        "invalid_client_metadata": ErrorKind(
            400, Where.RESOURCE, "RFC 7591 §3.2.2", "The client's metadata have a fault."
        ),
        "invalid_redirect_uri": ErrorKind(
            400,
            Where.PAGE | Where.RESOURCE,
            "RFC 9700 §2.1",
            "The redirect URI is not registered for this client.",
        ),
        "temporarily_unavailable": ErrorKind(
            503,
            Where.REDIRECT | _BACK | Where.PAGE,
            "RFC 6749 §4.1.2.1",
            "Too busy just now; try again in a moment.",
        ),
        "server_error": ErrorKind(
            500, Where.REDIRECT | _BACK | Where.PAGE, "RFC 6749 §4.1.2.1", "Something went wrong on our side."
        ),
        "bad_form": ErrorKind(
            400, Where.PAGE, "RFC 9110 §15.5.1", "The form could not be read. Please go back and try again."
        ),
        "stale_form": ErrorKind(
            409,
            Where.PAGE,
            "RFC 9110 §15.5.10",
            "This changed in the meantime. Please look at it again and decide anew.",
        ),
        "late_form": ErrorKind(
            409,
            Where.PAGE,
            "RFC 9110 §15.5.10",
            "This page was open for too long. Go back to the service that sent you here, and begin again there.",
        ),
        "forged_form": ErrorKind(
            403,
            Where.PAGE,
            "OWASP CSRF",
            "This form was not made for your present session. Please open the page again.",
        ),
        "not_allowed": ErrorKind(403, Where.PAGE, "RFC 9110 §15.5.4", "Your role does not allow this."),
        "second_factor_needed": ErrorKind(
            403,
            Where.PAGE,
            "NIST SP 800-63B §2.2",
            "This takes your passkey or a code of your app, not only the password.",
        ),
        "last_second_factor": ErrorKind(
            409,
            Where.PAGE,
            "NIST SP 800-63B §2.2",
            "Your role takes a second factor, and this is your last one. Set up another one first.",
        ),
        "not_found": ErrorKind(404, _BACK | Where.PAGE, "RFC 9110 §15.5.5", "There is nothing here."),
        "method_not_allowed": ErrorKind(
            405, _BACK | Where.PAGE, "RFC 9110 §15.5.6", "This address does not take that method."
        ),
        "too_slow": ErrorKind(
            408, _BACK | Where.PAGE, "RFC 9110 §15.5.9", "What you sent took too long to arrive."
        ),
        "too_large": ErrorKind(413, _BACK | Where.PAGE, "RFC 9110 §15.5.14", "What you sent is too large."),
        "unsupported_media_type": ErrorKind(
            415, _BACK | Where.PAGE, "RFC 9110 §15.5.16", "Send application/x-www-form-urlencoded in UTF-8."
        ),
        "too_many_attempts": ErrorKind(
            429, Where.TOKEN | Where.PAGE, "RFC 6585 §4", "Too many attempts. Please wait a little."
        ),
    }
)


class Refusal(Exception):
    """The gateway says no. The public text comes from the registry; the detail goes to our log only.

    Attributes:
        code: key of `ERRORS`.
        detail: for our log: no personal data, no token.
        hint: one public sentence for the partner's developer, RFC 6749 error characters only.
        retry_after: seconds after which trying again makes sense.
        max_age: seconds that a log-in may be old for this to be allowed (RFC 9470 §3).
        acr_values: the class of authentication that this takes (RFC 9470 §3).
    """

    def __init__(
        self,
        code: str,
        *,
        detail: str,
        hint: str | None = None,
        retry_after: int | None = None,
        max_age: int | None = None,
        acr_values: str = "",
    ) -> None:
        """Refuse with a code of the registry."""
        super().__init__(f"{code}: {detail}")
        self.kind = ERRORS[code]
        self.code = code
        self.detail = detail
        self.hint = hint
        self.retry_after = retry_after
        self.max_age = max_age
        self.acr_values = acr_values

    @property
    def description(self) -> str:
        """The text for ``error_description``."""
        return self.hint or self.kind.public
