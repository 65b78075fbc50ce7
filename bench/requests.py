"""HTTP/1.1 requests as bytes, rendered before the clock runs."""

import base64
from urllib.parse import urlencode


def render(method: str, path: str, *, form: dict[str, str] | None = None, **headers: str) -> bytes:
    """Render a request; underscores in header names become hyphens."""
    body = urlencode(form).encode() if form is not None else b""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*"]
    if form is not None:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def basic(client_id: str, secret: str) -> str:
    """Spell HTTP Basic credentials (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
