"""A postal address as stored and as released (OIDC Core §5.1.1)."""

import json

MEMBERS = ("street_address", "locality", "region", "postal_code", "country")


def parse_address(stored: str) -> dict[str, str]:
    """Read a stored address: JSON with the members of OIDC Core §5.1.1, or else free text as `formatted`.

    Empty members and members of another type are left out.
    """
    try:
        members = json.loads(stored)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        return {"formatted": stored.strip()} if stored.strip() else {}
    texts = {
        name: members[name].strip()
        for name in (*MEMBERS, "formatted")
        if isinstance(members.get(name), str) and members[name].strip()
    }
    if texts and "formatted" not in texts:
        texts["formatted"] = _formatted(texts)
    return texts


def _formatted(texts: dict[str, str]) -> str:
    """Join the members as a mailing label has them, line by line."""
    town = " ".join(texts[name] for name in ("locality", "region", "postal_code") if name in texts)
    lines = (texts.get("street_address", ""), town, texts.get("country", ""))
    return "\n".join(line for line in lines if line)


def coarse_address(address: dict[str, str]) -> dict[str, str]:
    """Keep the town and the region; empty when the address was free text."""
    return {name: address[name] for name in ("locality", "region") if name in address}
