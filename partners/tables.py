"""The tables of a manifest: names, types, lengths, and the rules that concern one value alone."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from partners.faults import did_you_mean, shown
from partners.records import OWN_SCOPES, AuthMethod, Profile
from partners.redirects import redirect_uri_fault, url_fault
from partners.texts import country_fault, domain_fault, email_fault, identifier_fault, text_fault
from scopes import FIELDS, LANGUAGES, PURPOSES, Form, Necessity, PurposeState, is_denied

MOST_DAYS = 366
MOST_ITEMS = 40


def _checked(find: Callable[[str], str | None]) -> AfterValidator:
    """Turn a function that says what is wrong into a validator."""

    def check(value: str) -> str:
        fault = find(value)
        if fault:
            raise ValueError(fault)
        return value

    return AfterValidator(check)


def _one_of(words: Iterable[str]) -> AfterValidator:
    known = tuple(words)
    return _checked(
        lambda value: None if value in known else f"{shown(value)} is not known; {did_you_mean(value, known)}"
    )


def _public_fault(auth_method: str) -> str | None:
    if auth_method != "none":
        return None
    return "public clients are not served: the client needs a secret or a key (RFC 6749 §2.1)"


def _field_fault(name: str) -> str | None:
    if name in FIELDS:
        return None
    if name in ("birthdate", "date_of_birth", "age"):
        return f"{shown(name)} is never released: ask for age_over_13, age_over_16 or age_over_18"
    return f"{shown(name)} is no field; {did_you_mean(name, FIELDS)}"


def _purpose_fault(code: str) -> str | None:
    if is_denied(code):
        return (
            f"{shown(code)} is never allowed: personal data is not provided for marketing, profiling or sale"
        )
    if code in PURPOSES:
        return None
    usable = [known for known, each in PURPOSES.items() if each.state is not PurposeState.DENIED]
    return f"{shown(code)} is no purpose; {did_you_mean(code, usable)}"


def _address(find: Callable[..., str | None]) -> AfterValidator:
    """Turn a rule for addresses into a validator that knows whether loopback hosts are allowed."""

    def check(value: str, info: ValidationInfo) -> str:
        context: dict[str, bool] = info.context or {}
        fault = find(value, allow_loopback=context.get("allow_loopback", False))
        if fault:
            raise ValueError(fault)
        return value

    return AfterValidator(check)


def _multiline_fault(text: str) -> str | None:
    return text_fault(text, lines=True)


Identifier = Annotated[str, Field(min_length=2, max_length=64), _checked(identifier_fault)]
Line = Annotated[str, Field(max_length=100), _checked(text_fault)]
Sentence = Annotated[str, Field(max_length=300), _checked(text_fault)]
Lines = Annotated[str, Field(max_length=500), _checked(_multiline_fault)]
Email = Annotated[str, Field(max_length=254), _checked(email_fault)]
Country = Annotated[str, Field(max_length=20), _checked(country_fault)]
Domain = Annotated[str, Field(max_length=200), _checked(domain_fault)]
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]
DaysOrNone = Annotated[int, Field(ge=0, le=MOST_DAYS)]
Reads = Annotated[int, Field(ge=2, le=100)]
CertificateName = Annotated[str, Field(max_length=500)]
LanguageCode = Annotated[str, _one_of(LANGUAGES)]


DEVICE_FLOW = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = ("authorization_code", "refresh_token", DEVICE_FLOW)


class Table(BaseModel):
    """A table that knows its keys and converts nothing."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PartnerTable(Table):
    """`[partner]`."""

    partner_id: Identifier
    legal_name: Line
    brand: Annotated[str, Field(max_length=40), _checked(text_fault)]
    address: Lines
    country: Country
    contact: Email
    grievance_contact: Email
    policy_url: Annotated[str, _address(url_fault)]
    storage_countries: Annotated[list[Country], Field(min_length=1, max_length=20)]
    attested_on: date
    sending_domains: Annotated[list[Domain], Field(max_length=20)] = []
    deletion_uri: Annotated[str, _address(url_fault)] | None = None


class ClientTable(Table):
    """`[[client]]`."""

    client_id: Identifier
    name: Line
    profile: Annotated[str, _one_of(Profile)]
    auth_method: Annotated[str, _checked(_public_fault), _one_of(AuthMethod)]
    redirect_uris: Annotated[
        list[Annotated[str, _address(redirect_uri_fault)]], Field(min_length=1, max_length=10)
    ]
    offer_id: Identifier
    jwks: dict[str, Any] | None = None
    jwks_file: str | None = None
    sector_identifier: str | None = None
    message_signing: bool = False
    jwks_uri: Annotated[str, _address(url_fault)] | None = None
    tls_client_auth_subject_dn: CertificateName | None = None
    tls_client_auth_san_dns: CertificateName | None = None
    tls_client_auth_san_uri: CertificateName | None = None
    tls_client_auth_san_ip: CertificateName | None = None
    tls_client_auth_san_email: CertificateName | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    post_logout_redirect_uris: Annotated[
        list[Annotated[str, _address(redirect_uri_fault)]], Field(max_length=10)
    ] = []
    backchannel_logout_uri: Annotated[str, _address(url_fault)] | None = None
    own_scopes: Annotated[list[Annotated[str, _one_of(OWN_SCOPES)]], Field(max_length=len(OWN_SCOPES))] = []
    userinfo_signed_response_alg: Annotated[str, _one_of(("ES256",))] | None = None
    id_token_signed_response_alg: Annotated[str, _one_of(("ES256", "RS256"))] | None = None
    grant_types: Annotated[list[Annotated[str, _one_of(GRANT_TYPES)]], Field(max_length=3)] = []


class ItemTable(Table):
    """`[[offer.item]]`; without its own retention an item has its offer's."""

    field: Annotated[str, _checked(_field_fault)]
    purpose: Annotated[str, _checked(_purpose_fault)]
    forms: Annotated[list[Annotated[str, _one_of(Form)]], Field(min_length=1, max_length=len(Form))]
    necessity: Annotated[str, _one_of(Necessity)]
    why: dict[LanguageCode, Sentence] = {}
    retention_days: DaysOrNone | None = None


class OfferTable(Table):
    """`[[offer]]`; without a longest duration the default is the longest, without items it is for signing in alone."""

    offer_id: Identifier
    name: Line
    benefit: Sentence
    item: Annotated[list[ItemTable], Field(max_length=MOST_ITEMS)] = []
    duration_days: Days
    max_duration_days: Days | None = None
    retention_days: DaysOrNone
    frequency: Sentence | None = None
    reads: Annotated[list[Reads], Field(max_length=3)] = []
    course_ends_on: date | None = None
    language: LanguageCode | None = None
    names: dict[LanguageCode, Line] = {}
    benefits: dict[LanguageCode, Sentence] = {}
    frequencies: dict[LanguageCode, Sentence] = {}


class ManifestTable(Table):
    """The whole file."""

    partner: PartnerTable
    client: Annotated[list[ClientTable], Field(min_length=1, max_length=20)]
    offer: Annotated[list[OfferTable], Field(min_length=1, max_length=20)]
