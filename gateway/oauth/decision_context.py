"""The decision context: the records that one decision works with, and the plan that it makes.

Authlib's classes ask for records and save tokens through methods without arguments of ours: the decision context
is how they reach what was loaded for this one request, and where their wishes become a plan.
"""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.kit.ids import Ids
from gateway.kit.settings import Settings
from gateway.model.registry import RegisteredClient
from gateway.model.tokens import AccessToken, AuthorizationCode, ClientToken, Held, RefreshToken
from gateway.oauth.signing import PrivateKey
from scopes import Form

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class DecisionMeans:
    """What a decision is made with besides the records: time, ids, settings, keys as functions.

    Attributes:
        subject: pairwise ``sub`` of a person towards a client's sector.
        signing_key: gives the current private key of an algorithm.
        successor: derives the one refresh token that may follow another.
    """

    now: int
    ids: Ids
    settings: Settings
    subject: Callable[[RegisteredClient, str], str]
    signing_key: Callable[[str], PrivateKey]
    successor: Callable[[str], str]


@dataclass(slots=True)
class Plan:
    """What has to be committed for the answer to be true; nothing is written before.

    Attributes:
        is_misused: the code or refresh token is a replay, or the code came with a wrong verifier; refusing it
            uses it up and kills its family.
    """

    access_token: AccessToken | None = None
    refresh_token: RefreshToken | None = None
    client_token: ClientToken | None = None
    code: str | None = None
    is_misused: bool = False


@dataclass(slots=True)
class DecisionContext:
    """Everything in hand for one decision.

    Attributes:
        bound_to: the key or certificate that the request proved to hold (RFC 9449, RFC 8705).
        details: keys of the items that the token request narrows to (RFC 9396 §6); None where it does not.
        forms: by item key, the forms that it narrows to.
    """

    terms: DecisionMeans
    client: RegisteredClient
    bound_to: str | None = None
    details: frozenset[str] | None = None
    forms: Mapping[str, frozenset[Form]] = field(default_factory=dict)
    code: Held[AuthorizationCode] | None = None
    refresh_token: Held[RefreshToken] | None = None
    plan: Plan = field(default_factory=Plan)


_CONTEXT: ContextVar[DecisionContext] = ContextVar("context")


def current_decision() -> DecisionContext:
    """Give the context of the decision in progress."""
    return _CONTEXT.get()


@contextmanager
def within_decision(place: DecisionContext) -> "Iterator[DecisionContext]":
    """Make a decision in this context."""
    token = _CONTEXT.set(place)
    try:
        yield place
    finally:
        _CONTEXT.reset(token)
