"""Rules that concern several values of a manifest; they read what is well-formed and pass over the rest."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from partners.credentials import credential_faults
from partners.faults import FoundFault, RawTable, did_you_mean, join, shown
from partners.records import Profile
from partners.redirects import LOOPBACK_HOSTS, host_fault
from partners.tables import DEVICE_FLOW, MOST_DAYS
from scopes import FIELDS, PURPOSES, Purpose, PurposeState


def rule_faults(manifest: RawTable, files: Mapping[str, str]) -> Iterator[FoundFault]:
    """Find every fault that more than one value has a part in."""
    clients, offers = list(tables(manifest, "client")), list(tables(manifest, "offer"))
    yield from _repeated("client", clients, "client_id")
    yield from _repeated("offer", offers, "offer_id")
    yield from _unlinked(clients, offers)
    partner = manifest.get("partner")
    if isinstance(partner, dict):
        yield from _twice("partner.storage_countries", partner.get("storage_countries"))
    for index, client in clients:
        path = join("client", index)
        yield from _twice(join(path, "redirect_uris"), client.get("redirect_uris"))
        yield from _twice(join(path, "post_logout_redirect_uris"), client.get("post_logout_redirect_uris"))
        yield from _sector_faults(path, client)
        yield from _unsigned_faults(path, client)
        yield from _algorithm_faults(path, client)
        yield from credential_faults(path, client, files)
    for index, offer in offers:
        yield from _offer_faults(join("offer", index), offer)


def tables(parent: RawTable, name: str) -> Iterator[tuple[int, RawTable]]:
    """Walk the well-formed tables of an array of tables."""
    array = parent.get(name)
    for index, table in enumerate(array if isinstance(array, list) else ()):
        if isinstance(table, dict):
            yield index, table


def _days(table: RawTable, name: str) -> int | None:
    value = table.get(name)
    return (
        value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DAYS else None
    )


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _twice(path: str, value: object) -> Iterator[FoundFault]:
    texts = _texts(value)
    for text in sorted({each for each in texts if texts.count(each) > 1}):
        yield path, f"{shown(text)} stands there twice: write it once"


def _repeated(array: str, found: list[tuple[int, RawTable]], name: str) -> Iterator[FoundFault]:
    first: dict[object, int] = {}
    for index, table in found:
        value = table.get(name)
        if isinstance(value, str) and first.setdefault(value, index) != index:
            key = join(join(array, index), name)
            yield key, f"{shown(value)} is the id of {array}[{first[value]}] too: give each its own"


def _unlinked(
    clients: list[tuple[int, RawTable]], offers: list[tuple[int, RawTable]]
) -> Iterator[FoundFault]:
    known = {offer["offer_id"] for _, offer in offers if isinstance(offer.get("offer_id"), str)}
    used = {client.get("offer_id") for _, client in clients if isinstance(client.get("offer_id"), str)}
    for index, client in clients:
        name = client.get("offer_id")
        if isinstance(name, str) and name not in known:
            suggestion = did_you_mean(name, sorted(map(str, known)))
            yield join(join("client", index), "offer_id"), f"{shown(name)} is no offer here; {suggestion}"
    for index, offer in offers:
        if isinstance(offer.get("offer_id"), str) and offer["offer_id"] not in used:
            yield (
                join(join("offer", index), "offer_id"),
                "no client asks for this offer: add the client or drop it",
            )


def _sector_faults(path: str, client: RawTable) -> Iterator[FoundFault]:
    """Pairwise subjects need one sector (OIDC Core §8.1), and nobody may claim one that is not theirs."""
    hosts = sorted({host for uri in _texts(client.get("redirect_uris")) if (host := _host(uri))})
    sector = client.get("sector_identifier")
    key = join(path, "sector_identifier")
    if not isinstance(sector, str):
        if len(hosts) > 1:
            yield key, f"the redirect URIs have {len(hosts)} hosts: name the host that subjects are made for"
        return
    fault = None if sector in LOOPBACK_HOSTS else host_fault(sector)
    if fault:
        yield key, f"{shown(sector)} {fault}"
    for host in hosts:
        if host != sector and not host.endswith("." + sector):
            yield key, f"the redirect host {shown(host)} does not belong to {shown(sector)}"


def _unsigned_faults(path: str, client: RawTable) -> Iterator[FoundFault]:
    """A device's request has no signed form (RFC 8628 §3.1), and its answer passes no browser."""
    if client.get("message_signing") is True and DEVICE_FLOW in _texts(client.get("grant_types")):
        yield (
            join(path, "grant_types"),
            "message_signing leaves no device flow: register another client for it",
        )


def _algorithm_faults(path: str, client: RawTable) -> Iterator[FoundFault]:
    if client.get("profile") == Profile.FAPI2 and client.get("id_token_signed_response_alg") == "RS256":
        yield (
            join(path, "id_token_signed_response_alg"),
            "the fapi2 profile takes ES256 only (FAPI 2.0 §5.4): leave it out",
        )


def _host(uri: str) -> str | None:
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None


def _offer_faults(path: str, offer: RawTable) -> Iterator[FoundFault]:
    default, longest = _days(offer, "duration_days"), _days(offer, "max_duration_days")
    if default is not None and longest is not None and longest < default:
        yield join(path, "max_duration_days"), f"it is shorter than duration_days: write {default} or more"
    duration = max(default or 0, longest or 0)
    yield from _language_faults(path, offer)
    first: dict[tuple[str, str], int] = {}
    for index, item in tables(offer, "item"):
        key = join(join(path, "item"), index)
        field, purpose = item.get("field"), item.get("purpose")
        if isinstance(field, str) and isinstance(purpose, str):
            earlier = first.setdefault((field, purpose), index)
            if earlier != index:
                yield key, f"item[{earlier}] asks for {shown(field)} for the same purpose: write one item"
        yield from _item_faults(key, item)
        yield from _retention_faults(key, item, offer)
        for fault in _ceiling_faults(item, duration):
            yield join(key, "purpose"), fault


def _language_faults(path: str, offer: RawTable) -> Iterator[FoundFault]:
    """Each text stands once in a language, and a translation has something that it translates."""
    said = offer.get("language", "en")
    own = said if isinstance(said, str) else "en"
    for texts, text in (("names", "name"), ("benefits", "benefit"), ("frequencies", "frequency")):
        given = offer.get(texts)
        if isinstance(given, dict) and own in given:
            yield join(join(path, texts), own), f"this is the offer's own language: write it as {text}"
        if isinstance(given, dict) and given and text not in offer:
            yield join(path, texts), f"there is no {text} that these translate: add it"


def _item_faults(key: str, item: RawTable) -> Iterator[FoundFault]:
    why = item.get("why")
    if isinstance(why, dict) and why and "en" not in why:
        yield join(key, "why"), "add the sentence in en, which is shown when another language is missing"
    yield from _twice(join(key, "forms"), item.get("forms"))
    name = item.get("field")
    field = FIELDS.get(name) if isinstance(name, str) else None
    if field is None:
        return
    if field.never_needed and item.get("necessity") == "needed":
        yield join(key, "necessity"), f"{shown(name)} can never be needed: write optional"
    for form in _texts(item.get("forms")):
        if form not in field.forms:
            yield (
                join(key, "forms"),
                f"{shown(name)} has no form {shown(form)}; {did_you_mean(form, field.forms)}",
            )


def _retention_faults(key: str, item: RawTable, offer: RawTable) -> Iterator[FoundFault]:
    own, common = _days(item, "retention_days"), _days(offer, "retention_days")
    if own is not None and common is not None and own > common:
        yield (
            join(key, "retention_days"),
            f"it is longer than the offer's {common} days, which the screen promises",
        )
    purpose = _purpose(item)
    kept = common if own is None else own
    if purpose and kept is not None and kept > purpose.ceilings.max_retention_days:
        most = purpose.ceilings.max_retention_days
        yield (
            join(key, "retention_days"),
            f"{purpose.code} justifies keeping it {most} days at most, not {kept}",
        )


def _ceiling_faults(item: RawTable, duration: int) -> Iterator[str]:
    purpose, field = _purpose(item), item.get("field")
    if purpose is None:
        return
    if field in FIELDS and field not in purpose.ceilings.fields:
        yield f"{purpose.code} does not justify {shown(field)}; it does " + ", ".join(
            sorted(purpose.ceilings.fields)
        )
    if duration > purpose.ceilings.max_duration_days:
        most = purpose.ceilings.max_duration_days
        yield f"{purpose.code} justifies {most} days at most, and the offer lasts up to {duration}"


def _purpose(item: RawTable) -> Purpose | None:
    """Find an item's purpose unless it is unknown or denied, which has been said already."""
    code = item.get("purpose")
    purpose = PURPOSES.get(code) if isinstance(code, str) else None
    return None if purpose is None or purpose.state is PurposeState.DENIED else purpose
