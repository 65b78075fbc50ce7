"""Read a partner's manifest and report every fault of it at once."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from partners.credentials import CERTIFICATE_NAMES, is_file_name
from partners.faults import FoundFault, ManifestError, ManifestFault, RawTable, did_you_mean, join, shown
from partners.keys import parse_jwks, public_keys
from partners.records import OUR_ALG, AuthMethod, Client, Manifest, Offer, OfferItem, Partner, Profile
from partners.rules import rule_faults, tables
from partners.tables import (
    DEVICE_FLOW,
    ClientTable,
    ItemTable,
    ManifestTable,
    OfferTable,
    PartnerTable,
    Table,
)
from scopes import FIELDS, Form, Necessity

_MOST_CHARACTERS = 256 * 1024
_TABLES: Mapping[str, type[Table]] = MappingProxyType(
    {
        "": ManifestTable,
        "partner": PartnerTable,
        "client": ClientTable,
        "offer": OfferTable,
        "item": ItemTable,
    }
)
_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "missing": "it is missing: add it",
        "string_type": "it must be text in quotes",
        "int_type": "it must be a whole number",
        "date_type": "it must be a date without quotes, such as 2026-11-02",
        "list_type": "it must be a list",
        "dict_type": "it must be a table",
        "model_type": "it must be a table",
        "string_too_short": "it is shorter than {min_length} characters",
        "string_too_long": "it is longer than {max_length} characters",
        "too_short": "it is empty: write at least {min_length}",
        "too_long": "it holds more than {max_length}",
        "greater_than_equal": "it must be {ge} or more",
        "less_than_equal": "it must be {le} at most",
    }
)


def parse_manifest(
    text: str, *, file: str, allow_loopback: bool = False, files: Mapping[str, str] | None = None
) -> Manifest:
    """Read one manifest.

    Args:
        file: the name that faults are reported under; nothing is opened.
        allow_loopback: accept http and loopback hosts, for development.
        files: the text of each file that the manifest refers to, by its name (see `referenced_files`).

    Raises:
        ManifestError: with every fault, in the order of the keys.
    """
    files = files or {}
    try:
        raw = _toml(text)
    except ValueError as error:
        raise ManifestError([ManifestFault(file, "", f"this is no TOML: {error}")]) from None
    found = list(rule_faults(raw, files))
    manifest: ManifestTable | None = None
    try:
        manifest = ManifestTable.model_validate(raw, context={"allow_loopback": allow_loopback})
    except ValidationError as error:
        found += map(found_of, error.errors(include_url=False, include_input=False))
    if manifest is None or found:
        raise ManifestError(ManifestFault(file, *each) for each in sorted(dict.fromkeys(found), key=_natural))
    return _manifest(manifest, files)


def referenced_files(text: str) -> tuple[str, ...]:
    """List the files beside the manifest that it refers to; none when it cannot be read."""
    try:
        raw = _toml(text)
    except ValueError:
        return ()
    names = (client.get("jwks_file") for _, client in tables(raw, "client"))
    return tuple(sorted({str(name) for name in names if is_file_name(name)}))


def _toml(text: str) -> RawTable:
    # A gateway that serves reads no manifests, and would wait 20 ms for the module's expressions to be compiled.
    import tomllib

    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"it is longer than {_MOST_CHARACTERS} characters")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _natural(found: FoundFault) -> list[tuple[int, str]]:
    """Sort item[10] after item[9]."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", found[0])]


def found_of(error: ErrorDetails) -> FoundFault:
    """Say in our own words what pydantic found, and where."""
    steps = [step for step in error["loc"] if step != "[key]"]
    key = ""
    for step in steps:
        key = join(key, step if isinstance(step, int) else _bare(step))
    if error["type"] == "extra_forbidden":
        parents = [step for step in steps[:-1] if isinstance(step, str)]
        known = _TABLES[parents[-1] if parents else ""].model_fields
        return key, f"this key is not known; {did_you_mean(str(steps[-1]), known)}"
    if error["type"] == "value_error":
        return key, str(error["ctx"]["error"])
    message = _MESSAGES.get(error["type"])
    return key, message.format_map(error.get("ctx", {})) if message else error["msg"]


def _bare(step: str) -> str:
    return step if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", step) else shown(step)


def _manifest(table: ManifestTable, files: Mapping[str, str]) -> Manifest:
    partner_id = table.partner.partner_id
    return Manifest(
        partner=_partner(table.partner),
        clients=tuple(client_of(each, partner_id, files) for each in table.client),
        offers=tuple(_offer(each, partner_id) for each in table.offer),
    )


def _partner(table: PartnerTable) -> Partner:
    lists = {name: tuple(getattr(table, name)) for name in ("storage_countries", "sending_domains")}
    return Partner(**{**dict(table), **lists})


def client_of(table: ClientTable, partner_id: str, files: Mapping[str, str]) -> Client:
    """Make the record of a table that has no fault."""
    jwks: object = table.jwks
    if table.jwks_file is not None:
        jwks = parse_jwks(files[table.jwks_file])
    return Client(
        client_id=table.client_id,
        partner_id=partner_id,
        name=table.name,
        profile=Profile(table.profile),
        auth_method=AuthMethod(table.auth_method),
        redirect_uris=tuple(table.redirect_uris),
        offer_id=table.offer_id,
        jwks=public_keys(jwks) if isinstance(jwks, dict) else None,
        sector_identifier=table.sector_identifier,
        message_signing=table.message_signing,
        jwks_uri=table.jwks_uri,
        tls_client_auth_subject=_certificate_name(table),
        tls_client_certificate_bound_access_tokens=table.tls_client_certificate_bound_access_tokens,
        post_logout_redirect_uris=tuple(table.post_logout_redirect_uris),
        backchannel_logout_uri=table.backchannel_logout_uri,
        own_scopes=tuple(table.own_scopes),
        userinfo_signed_response_alg=table.userinfo_signed_response_alg,
        id_token_signed_response_alg=_said(table.id_token_signed_response_alg),
        grant_types=tuple(name for name in table.grant_types if name == DEVICE_FLOW),
    )


def _said(alg: str | None) -> str | None:
    """Whoever names our default is equal to who names nothing."""
    return None if alg == OUR_ALG else alg


def _certificate_name(table: ClientTable) -> tuple[str, str] | None:
    named = ((name, getattr(table, name)) for name in CERTIFICATE_NAMES)
    return next(((name, value) for name, value in named if value is not None), None)


def _offer(table: OfferTable, partner_id: str) -> Offer:
    return Offer(
        offer_id=table.offer_id,
        partner_id=partner_id,
        name=table.name,
        benefit=table.benefit,
        items=tuple(_items(table)),
        duration_days=table.duration_days,
        max_duration_days=table.max_duration_days or table.duration_days,
        reads=tuple(sorted(set(table.reads))),
        course_ends_on=table.course_ends_on,
        retention_days=table.retention_days,
        frequency=table.frequency or "",
        language=table.language or "",
        names=dict(table.names),
        benefits=dict(table.benefits),
        frequencies=dict(table.frequencies),
    )


def _items(table: OfferTable) -> Iterator[OfferItem]:
    for item in table.item:
        own = item.retention_days
        yield OfferItem(
            field=item.field,
            purpose=item.purpose,
            # The first form is preselected, so the order is the catalogue's and not the partner's.
            forms=tuple(sorted(map(Form, item.forms), key=FIELDS[item.field].forms.index)),
            necessity=Necessity(item.necessity),
            retention_days=table.retention_days if own is None else own,
            why=dict(item.why),
        )
