"""What stands behind each error code and what to do about it, for partners' developers and operators."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Help:
    """The usual cause of an error code, and the way out."""

    cause: str
    remedy: str


_FORM = Help(
    "A page of ours was left open too long, opened twice, or sent by something that is not our page.",
    "Open the page again and repeat the step. Partners never send these forms themselves.",
)

HELP: Mapping[str, Help] = MappingProxyType(
    {
        "invalid_request": Help(
            "Often no PKCE, a request that was not pushed although its client has to, a parameter sent twice, "
            "or grant_id without its action. error_description names the fault.",
            "Mend the request; sending the same one again gives the same answer.",
        ),
        "invalid_client": Help(
            "A wrong secret or key, another method than the registered one, an assertion used twice or with "
            "another audience than the issuer as a string, or a partner that is not live (a paused one may still use "
            "the token endpoint, introspection and revocation).",
            "Make a fresh assertion for every request (jti, exp within ten minutes, aud the issuer). "
            "The answer does not tell which it was, so that nobody can find out which clients exist.",
        ),
        "invalid_grant": Help(
            "The code or refresh token is older than its lifetime, was used before, belongs to another client or key, "
            "came with a wrong code_verifier or redirect_uri, or the person stopped sharing.",
            "Ask the person again by a new authorization request. Never retry a code: a second use ends its tokens.",
        ),
        "unauthorized_client": Help(
            "The client is unknown, its partner is not live, its manifest does not allow this flow, or its combined "
            "service has a purpose that is denied by now.",
            "Compare the client_id with the manifest; ask the administrators in which state the partner is.",
        ),
        "unsupported_grant_type": Help(
            "A grant_type that is not offered. There is no password flow.",
            "Use one that grant_types_supported in the discovery document names.",
        ),
        "authorization_pending": Help(
            "The person has not entered the code yet, or has not decided.",
            "Ask again after the interval that the answer of the device authorization endpoint names.",
        ),
        "slow_down": Help(
            "The device asks more often than the interval allows.",
            "Leave five seconds more between two questions, from now on (RFC 8628 §3.5).",
        ),
        "expired_token": Help(
            "Nobody entered the device's code within its lifetime.",
            "Begin anew at the device authorization endpoint and show the new code.",
        ),
        "invalid_client_metadata": Help(
            "A registration with a member that is missing, unknown or not allowed; error_description names each.",
            "Mend the members that are named. Nothing was registered or changed.",
        ),
        "unsupported_response_type": Help(
            "An implicit or hybrid flow was asked for.", "Send response_type=code."
        ),
        "invalid_scope": Help(
            "A scope that does not exist or reaches nothing in the combined service; at refresh, "
            "one that was never asked for.",
            "Ask within the offer of your manifest. At refresh, leave scope out.",
        ),
        "invalid_authorization_details": Help(
            "Another type than combined_service, a member that the type does not have, or an offer, item, purpose, "
            "form or duration beyond the client's own offer; at the token endpoint, items that were not granted.",
            "Name items as the manifest does: field, purpose and perhaps form. error_description names the fault.",
        ),
        "invalid_target": Help(
            "The resource parameter names another server.",
            "Leave resource out, or send the issuer identifier.",
        ),
        "invalid_grant_id": Help(
            "grant_id names a grant that has ended, belongs to somebody else, or never was; the answer is the same.",
            "Ask without grant_id, or with grant_management_action=create.",
        ),
        "access_denied": Help(
            "The person said no, decided to do it later, or may not decide (a child, a school that blocks, no means "
            "for an essential acr, or a grant_id where no consent stands), or somebody else answered this very "
            "request.",
            "Let the person use your service without it. For 90 days a no is remembered and nobody is asked again; "
            "the person can reopen the question under Connected services.",
        ),
        "login_required": Help(
            "prompt=none, or a sub by value in the claims parameter, and nobody who shares anything with this client "
            "is there: not signed in, a log-in older than max_age, somebody else, or somebody who stopped, said no, "
            "waits or was never asked. All of them look the same.",
            "Send the person through a request without prompt=none and without a sub by value.",
        ),
        "consent_required": Help(
            "prompt=none, and the person, whose consent stands, has to see a screen: a changed notice, more items, or "
            "a long pause.",
            "Send the person through a request without prompt=none.",
        ),
        "unmet_authentication_requirements": Help(
            "An essential acr in the claims parameter that there is not, or that this person, whose consent stands, "
            "has no means for. Before a consent our page tells the person, and you get access_denied.",
            "Ask for one of acr_values_supported, or make it voluntary.",
        ),
        "invalid_request_object": Help(
            "A request object signed with another key or algorithm than registered, without exp or nbf, older than an "
            "hour, for another audience, or with a jti that was used before.",
            "Sign with PS256, ES256 or Ed25519; set iss and client_id to your client_id and aud to the issuer; sign "
            "anew for each attempt.",
        ),
        "invalid_request_uri": Help(
            "A request_uri that was used, has expired, was pushed by another client, or is not one of ours.",
            "Push again: each request_uri is good for one answer of the person.",
        ),
        "invalid_token": Help(
            "The access token has expired or was revoked, the consent has ended (while it is paused, the answer is "
            "consent_paused), or it was presented without the key or certificate that it is bound to.",
            "Refresh. Where that answers invalid_grant, the person has to be asked again.",
        ),
        "invalid_dpop_proof": Help(
            "A DPoP proof that is missing or was used before, or whose htm, htu, iat or ath does not fit the request.",
            "Make a new proof for every request, with the exact method and address and, at resources, ath.",
        ),
        "use_dpop_nonce": Help(
            "The proof holds no nonce, or an old one.",
            "Repeat the request with the nonce of the answer's DPoP-Nonce header.",
        ),
        "insufficient_user_authentication": Help(
            "Sensitive fields, and a log-in that is older or weaker than the operator allows for them.",
            "Send the person through a request with the max_age and the acr_values that the challenge names.",
        ),
        "insufficient_scope": Help(
            "The token lacks openid for userinfo, or the scope that Grant Management wants.",
            "Ask for the scope in the authorization request.",
        ),
        "consent_paused": Help(
            "Something holds the consent back for a while: the person, a guardian, the school, new terms, a number of "
            "reads that is used up, or the service itself. The answer does not say which, for that is the person's "
            "business. GET /grants/{grant_id} and introspection say paused as well.",
            "Keep the tokens, and what you hold. Refreshing goes on as usual; try to read again later, "
            "now and then. If the consent ends, reading answers invalid_token and refreshing invalid_grant.",
        ),
        "invalid_redirect_uri": Help(
            "The redirect_uri is not, character by character, one of the manifest's.",
            "Register it, or send the registered one. Nobody is sent to an address that was not verified.",
        ),
        "temporarily_unavailable": Help(
            "More requests at once than the gateway takes, or its database does not answer.",
            "Try again after the seconds in Retry-After, with growing pauses.",
        ),
        "server_error": Help(
            "A fault of ours.", "Tell the operators the request id of the answer's X-Request-Id header."
        ),
        "bad_form": _FORM,
        "stale_form": Help(
            "What the page was about changed while it was open: the offer, the grant, or a lock.",
            "Open the page again and decide on what it shows now.",
        ),
        "late_form": Help(
            "The page waited for hours, and what the partner had pushed for it is no longer kept.",
            "Go back to the partner and begin again there: nothing was decided.",
        ),
        "forged_form": _FORM,
        "not_allowed": Help(
            "The role of who is signed in does not include this.",
            "Ask a platform administrator. No role can give consent for somebody.",
        ),
        "second_factor_needed": Help(
            "Somebody whose role has powers gave the password where the second factor counts.",
            "Use the passkey, a code of the app or a recovery code. Whoever has lost all of them asks another "
            "administrator: two of them reset it.",
        ),
        "last_second_factor": Help(
            "Whose role has powers needs a second factor, and the last one was to be removed.",
            "Set up another passkey or an app first, then remove the old one.",
        ),
        "not_found": Help(
            "An unknown address; or a grant that is not yours, which looks the same.",
            "Compare the address with the discovery document.",
        ),
        "method_not_allowed": Help(
            "Another HTTP method than the address takes.", "Use one that the answer's Allow header names."
        ),
        "too_slow": Help(
            "The body did not arrive in time; often a Content-Length that is longer than what was sent.",
            "Send the whole body at once, on a new connection.",
        ),
        "too_large": Help(
            "More than 64 KiB of parameters, or a file beyond its limit.",
            "Push the request in place of a long address; send less.",
        ),
        "unsupported_media_type": Help(
            "A body that is no form.", "Send Content-Type: application/x-www-form-urlencoded."
        ),
        "too_many_attempts": Help(
            "Too many log-ins, codes or requests of one kind.", "Wait for the seconds in Retry-After."
        ),
    }
)
