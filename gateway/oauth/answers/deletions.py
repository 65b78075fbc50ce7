"""The event that asks a partner to delete: a Security Event Token (RFC 8417)."""

from collections.abc import Mapping

from joserfc import jwt

from gateway.model.deletions import Deletion
from gateway.model.grants import Grant
from gateway.oauth.decision_context import DecisionMeans
from gateway.oauth.signing import OURS

EVENT_PATH = "/events/deletion-requested"
TYPE = "secevent+jwt"


def deletion_token(
    terms: DecisionMeans, deletion: Deletion, grant: Grant, subjects: Mapping[str, str]
) -> str:
    """Make the token; each attempt at one request carries the same ``jti`` (RFC 8417 §2.2).

    Args:
        subjects: by client, what it calls the person (``sub``).
    """
    key = terms.signing_key(OURS)
    claims = {
        "iss": terms.settings.issuer,
        "aud": sorted(subjects),
        "iat": terms.now,
        "toe": deletion.asked_at,
        "jti": deletion.request_id,
        "sub_id": {"format": "opaque", "id": deletion.grant_id},
        "events": {
            terms.settings.issuer + EVENT_PATH: {
                "offer": grant.offer_id,
                "fields": sorted({each.item.field for each in grant.items}),
                "subjects": dict(sorted(subjects.items())),
                "complete_by": deletion.done_by,
            }
        },
    }
    return jwt.encode({"alg": OURS, "kid": str(key.kid), "typ": TYPE}, claims, key)
