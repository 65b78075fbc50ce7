"""How an authorization answer travels, in the redirect's query or in a form that the browser posts."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from gateway.oauth.answers.jarm import MODES as SIGNED_MODES
from gateway.oauth.answers.jarm import carried
from gateway.oauth.decision_context import DecisionMeans
from gateway.oauth.parameters import Parameters

POSTED = ("form_post", "form_post.jwt")
"""Answers that are posted (OAuth 2.0 Form Post Response Mode §2, JARM §2.3.3)."""

MODES = ("query", "form_post", *SIGNED_MODES)


@dataclass(frozen=True, slots=True)
class Back:
    """The way back to the partner.

    Attributes:
        uri: where the browser goes.
        client_id: whose address it is.
        fields: what the browser posts there; empty where the address carries the answer.
    """

    uri: str
    client_id: str
    fields: tuple[tuple[str, str], ...] = ()


def way_back(parameters: Parameters, answer: Mapping[str, str], terms: DecisionMeans) -> Back:
    """Give an answer the shape that the request asked for."""
    client_id, redirect_uri = parameters["client_id"], parameters["redirect_uri"]
    said = carried(parameters, answer, terms)
    if parameters.get("response_mode") in POSTED:
        return Back(redirect_uri, client_id, tuple(said.items()))
    return Back(answer_uri(redirect_uri, said), client_id)


def answer_uri(redirect_uri: str, answer: Mapping[str, str]) -> str:
    """Add an answer to a redirect URI's query (RFC 6749 §4.1.2)."""
    parts = urlsplit(redirect_uri)
    query = "&".join(part for part in (parts.query, urlencode(answer)) if part)
    return urlunsplit(parts._replace(query=query))
