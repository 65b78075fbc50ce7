"""Reading what browsers and partners send: bounded, of the right type, in UTF-8."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from gateway.kit.errors import Refusal
from gateway.oauth.parameters import MAX_BYTES, Parameters, read_parameters

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_FIELDS = 500
BODY_TIMEOUT = 30.0
"""Seconds for a body where no setting says otherwise; the edge writes the setting into the request's state."""


async def read_body(request: Request, limit: int = MAX_BYTES) -> bytes:
    """Read a body of at most `limit` bytes, in the time that the settings give (RFC 9110 §15.5.9).

    The time is for the whole body: a limit for each piece would let one byte a second hold a place for hours.

    Raises:
        Refusal: ``too_large``, and nothing beyond the limit is kept in memory; or ``too_slow``.
    """
    chunks, size = [], 0
    seconds: float = request.scope.get("state", {}).get("body_timeout", BODY_TIMEOUT)
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise Refusal("too_large", detail=f"a body of more than {limit} bytes")
                chunks.append(chunk)
    except TimeoutError:
        raise Refusal("too_slow", detail=f"{size} bytes in {seconds:g} seconds") from None
    except ClientDisconnect:
        raise Refusal("bad_form", detail="the client went away") from None
    return b"".join(chunks)


def media_type(request: Request) -> str:
    """Name the body's media type, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_parameters_of(request: Request) -> Parameters:
    """Read a partner's POST; only the body counts, never the query (trap 6).

    Raises:
        Refusal: ``unsupported_media_type``, ``invalid_request``, ``too_large`` or ``too_slow``.
    """
    body = await read_body(request)
    if body and media_type(request) != FORM_TYPE:
        raise Refusal("unsupported_media_type", detail="not a form")
    return read_parameters(body)


@dataclass(frozen=True, slots=True)
class PostedForm:
    """A form as a browser sent it; a name may come several times."""

    values: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        """Give the one value of a name; empty when it is missing."""
        found = self.values.get(name, ())
        if len(found) > 1:
            raise Refusal("bad_form", detail=f"{name[:40]} comes {len(found)} times")
        return found[0] if found else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Give every value of a name."""
        return tuple(self.values.get(name, ()))

    def named(self, prefix: str) -> dict[str, str]:
        """Give the values whose name begins with a prefix, by the rest of the name."""
        return {name.removeprefix(prefix): self.one(name) for name in self.values if name.startswith(prefix)}


async def read_form(request: Request) -> PostedForm:
    """Read a page's form.

    Raises:
        Refusal: ``bad_form`` for what no browser of ours would send.
    """
    body = await read_body(request)
    if media_type(request) != FORM_TYPE:
        raise Refusal("bad_form", detail="not a form")
    return parse_form(body)


def parse_form(encoded: bytes) -> PostedForm:
    """Parse form data; text with NUL or lone surrogates is refused."""
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise Refusal(
            "bad_form", detail="form data that is not percent-encoded UTF-8, or too much of it"
        ) from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\x00" in value:
            raise Refusal("bad_form", detail="NUL in form data")
        values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return PostedForm(values)
