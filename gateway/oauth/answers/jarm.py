"""Signed authorization answers (JARM 1.0), so that the partner sees if the answer was changed on its way."""

from collections.abc import Mapping

from joserfc import jwt

from gateway.oauth.decision_context import DecisionMeans
from gateway.oauth.parameters import Parameters
from gateway.oauth.signing import OURS

MODES = ("jwt", "query.jwt", "form_post.jwt")
"""The signed response modes; for codes the first two carry the answer in the query (JARM §2.3.4)."""

LIFETIME = 300
"""Seconds that an answer can be used (JARM §2.1: at most ten minutes)."""


def is_signed(parameters: Parameters) -> bool:
    """Whether the partner asked for a signed answer."""
    return parameters.get("response_mode") in MODES


def carried(parameters: Parameters, answer: Mapping[str, str], terms: DecisionMeans) -> Mapping[str, str]:
    """Give an answer as the request asked for it: plain, or as one signed ``response`` (JARM §2.3.1)."""
    if not is_signed(parameters):
        return answer
    key = terms.signing_key(OURS)
    header = {"alg": OURS, "kid": str(key.kid), "typ": "JWT"}
    claims = {**answer, "aud": parameters["client_id"], "exp": terms.now + LIFETIME}
    return {"response": jwt.encode(header, claims, key)}
