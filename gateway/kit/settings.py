"""Settings: read once, from the environment and one TOML file, all faults reported together."""

import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gateway.kit.clock import DAY
from gateway.kit.database_address import read_address
from gateway.kit.telemetry.metrics import address_of
from gateway.kit.web_origin import check_origin_spelling
from gateway.kit.zones import is_zone

CONFIG_VARIABLE = "CONSENT_GATEWAY_CONFIG"
PREFIX = "CONSENT_GATEWAY_"
_WITNESS = re.compile(r"[^\s+,]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44} \S+")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)

NO_LONGER = (
    ("session_idle_ttl", "session_ttl"),
    ("reauthentication_ttl", "session_ttl"),
    # What anybody can use who finds it lives no longer than what is bound to a key.
    ("access_token_ttl", "dpop_access_token_ttl"),
    ("dpop_access_token_ttl", "refresh_token_ttl"),
    # Whatever was signed can be verified as long as it is valid.
    ("id_token_ttl", "retired_key_ttl"),
)
"""Lifetimes that would contradict each other: the first of each pair ends before the second does."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SettingsError(Exception):
    """Every fault of the settings at once, one line each."""

    def __init__(self, faults: list[str]) -> None:
        """Keep the faults; the message lists them."""
        super().__init__("the settings have faults:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = faults


class Settings(BaseSettings):
    """All settings. Environment variables win over the file; names there carry ``CONSENT_GATEWAY_`` in front."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    issuer: str = Field(
        "http://localhost:8000",
        description="Issuer identifier and public address (RFC 8414 §2), spelled as browsers spell it: lower case, "
        "no default port, no dot at the end, other scripts as xn--…; any other spelling is refused.",
    )
    environment: Literal["development", "production"] = Field(
        "development", description="In production, 'serve' refuses to start while 'doctor' finds a fault."
    )
    data_dir: Path = Field(
        Path("data"), description="Folder of the embedded database, key ring and undelivered mail."
    )
    database_url: str = Field(
        "",
        description="sqlite:///path or postgresql://user@host/name, with ?sslmode=verify-full&sslrootcert=FILE (also "
        "sslcert, sslkey) for TLS; empty: gateway.db in the data folder.",
    )
    key_ring: Path | None = Field(
        None, description="File of the key ring; default: key-ring.json in the data folder."
    )
    key_ring_interval: float = Field(
        2.0,
        ge=0,
        le=60,
        description="Seconds between looks at the key ring's file, so that a new key needs no restart; "
        "0: not on this node.",
    )
    service_name: str = Field(
        "Lecturelight", min_length=1, max_length=60, description="The service people know."
    )
    contact: str = Field(
        "privacy@lecturelight.example", max_length=200, description="Whom people ask about privacy."
    )
    timezone: str = Field(
        "UTC",
        description="Time zone (IANA) of whoever is not signed in, and of people whose organisation has said none.",
    )
    documentation_url: str = Field(
        "", description="Where partners find a page per error code; empty: /docs/errors here."
    )
    mail_from: str = Field("no-reply@lecturelight.example", description="Sender of our mail.")
    smtp_url: str = Field(
        "", description="smtp://host:port; empty: mail is kept as files in the data folder."
    )
    mail_interval: float = Field(
        1.0, ge=0, le=60, description="Seconds between turns of the mail's outbox; 0: not on this node."
    )
    show_inbox: bool = Field(
        False,
        description="Show the mail that is kept as files to everybody, at /inbox: for demonstrations only.",
    )
    relay_domain: str = Field(
        "",
        max_length=200,
        description="Domain of people's private addresses, whose mail reaches 'consent-gateway relay'; "
        "empty: there are none.",
    )
    mail_link_ttl: int = Field(
        1800, ge=300, le=DAY, description="Seconds a link in a recovery or verification mail works."
    )
    mtls_url: str = Field(
        "",
        description="Address at which clients show certificates (RFC 8705 §5); empty: nobody needs to.",
    )
    client_ca: Path | None = Field(
        None, description="PEM file of the authorities that issue clients' certificates (RFC 8705 §2.1)."
    )
    outbound_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (),
        description="Networks that partners' addresses (jwks_uri, log-out) may lead to though they are not public; "
        "commas between.",
    )
    outbound_ca: Path | None = Field(
        None, description="PEM file of further authorities that partners' servers have certificates from."
    )
    client_certificate_header: str = Field(
        "",
        pattern="^[A-Za-z0-9-]*$",
        description="Header in which trusted proxies pass a client's certificate on, as RFC 9440 or as "
        "percent-encoded PEM; every proxy must remove it from what comes in.",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (),
        description="Networks whose X-Forwarded-For and certificate header are believed; commas between.",
    )
    request_ttl: int = Field(
        300, ge=30, lt=600, description="Seconds a pushed request waits (FAPI 2.0: under 600)."
    )
    code_ttl: int = Field(
        60, ge=5, le=60, description="Seconds an authorization code lives (FAPI 2.0: at most 60)."
    )
    device_code_ttl: int = Field(
        600, ge=60, le=1800, description="Seconds a device waits for its person (RFC 8628)."
    )
    device_interval: int = Field(
        5, ge=1, le=60, description="Seconds a device leaves between its questions (RFC 8628 §3.2)."
    )
    access_token_ttl: int = Field(300, ge=30, le=300, description="Seconds a bearer access token lives.")
    dpop_access_token_ttl: int = Field(
        900, ge=30, le=900, description="Seconds an access token lives that is bound to a key (RFC 9449)."
    )
    dpop_nonce: bool = Field(
        False, description="Whether every DPoP proof must hold a nonce of ours (RFC 9449 §8)."
    )
    sensitive_max_age: int = Field(
        0,
        ge=0,
        le=366 * DAY,
        description="Seconds a log-in may be old when sensitive fields are read (RFC 9470); 0: any age.",
    )
    sensitive_acr: Literal["", "mfa", "phr"] = Field(
        "",
        description="How people must have signed in for sensitive fields to be read: mfa or phr; empty: anyhow.",
    )
    refresh_token_ttl: int = Field(
        30 * DAY, ge=3600, le=366 * DAY, description="Seconds a refresh token lives."
    )
    refresh_grace: int = Field(
        10,
        ge=0,
        le=60,
        description="Seconds in which a refresh token may come twice and gets the same successor.",
    )
    id_token_ttl: int = Field(300, ge=30, le=3600, description="Seconds an ID token is valid.")
    session_idle_ttl: int = Field(
        3600, ge=60, le=DAY, description="Seconds without a request that end a session."
    )
    session_ttl: int = Field(
        12 * 3600, ge=300, le=7 * DAY, description="Seconds after which every session ends."
    )
    reauthentication_ttl: int = Field(
        600, ge=30, le=600, description="Seconds a password counts for step-up (P15)."
    )
    factor_grace: int = Field(
        7 * DAY,
        ge=0,
        le=30 * DAY,
        description="Seconds an administrator may do without a second factor, from the first password or the new "
        "role on; 0: one is set up before anything else.",
    )
    invitation_ttl: int = Field(
        7 * DAY, ge=3600, le=30 * DAY, description="Seconds an invitation can be used."
    )
    screen_ttl: int = Field(
        1800, ge=60, le=7200, description="Seconds a consent screen waits for its answer."
    )
    login_attempts: int = Field(5, ge=1, le=100, description="Log-in attempts an account has at once.")
    login_refill: int = Field(60, ge=1, le=3600, description="Seconds until one more attempt.")
    login_failures: int = Field(
        50,
        ge=5,
        le=50,
        description="Wrong passwords in a row an account takes from strange browsers, and as many from known ones.",
    )
    address_attempts: int = Field(
        200, ge=1, le=10000, description="Wrong log-ins a network address has at once, and again each hour."
    )
    lane_width: int = Field(64, ge=1, le=1024, description="Most items of one coalesced transaction.")
    lane_depth: int = Field(
        2048, ge=1, le=100000, description="Most items that wait for a lane; beyond: 503."
    )
    max_requests_in_progress: int = Field(
        512, ge=1, le=100000, description="Most requests that one process has in progress; beyond: 503."
    )
    body_timeout: float = Field(
        30, gt=0, le=600, description="Seconds that a request's body may take to arrive; beyond: 408."
    )
    password_workers: int = Field(2, ge=1, le=64, description="Passwords hashed at the same time.")
    password_queue: int = Field(64, ge=1, le=10000, description="Passwords that wait; beyond: 503.")
    go_live_approvals: int = Field(
        0,
        ge=0,
        le=2,
        description="Administrators who agree to a live manifest, or a partner's end; 0: two in production.",
    )
    decline_memory: int = Field(90 * DAY, ge=0, description="Seconds a 'no thanks' is remembered.")
    retired_key_ttl: int = Field(DAY, ge=3600, description="Seconds a retired signing key stays published.")

    upkeep_interval: int = Field(
        300, ge=0, le=DAY, description="Seconds between sweeps of grants that ran out; 0: not on this node."
    )
    log_witnesses: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Witnesses of the log that are asked to cosign: verifier key, a space, address; commas between.",
    )
    sequencer_interval: float = Field(
        0.5, ge=0, le=60, description="Seconds between turns of the log's sequencer; 0: not on this node."
    )

    log_every_request: bool = Field(
        True,
        description="Write a line for each request; otherwise partners' requests that succeed are only counted.",
    )
    metrics_address: str = Field(
        "127.0.0.1:9464",
        description="Address and port at which the metrics are shown (Prometheus), to whoever reaches it; "
        "empty: nowhere.",
    )

    delivery_interval: float = Field(
        1.0,
        ge=0,
        le=60,
        description="Seconds between looks for partners to be told that somebody signed out; 0: not on this node.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments, then the environment, then the TOML file; no .env file, no secrets folder."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=os.environ.get(CONFIG_VARIABLE))
        return init_settings, env_settings, file

    @field_validator("trusted_proxies", "outbound_networks", mode="before")
    @classmethod
    def _networks_are_a_list(cls, networks: Any) -> Any:
        return (
            [part.strip() for part in networks.split(",") if part.strip()]
            if isinstance(networks, str)
            else networks
        )

    @field_validator("log_witnesses", mode="before")
    @classmethod
    def _witnesses_are_a_list(cls, witnesses: Any) -> Any:
        return (
            [part.strip() for part in witnesses.split(",") if part.strip()]
            if isinstance(witnesses, str)
            else witnesses
        )

    @field_validator("log_witnesses")
    @classmethod
    def _witnesses_have_keys(cls, witnesses: tuple[str, ...]) -> tuple[str, ...]:
        for each in witnesses:
            parts = urlsplit(each.partition(" ")[2])
            is_near = parts.scheme == "http" and parts.hostname in _LOOPBACK
            if not _WITNESS.fullmatch(each) or not (parts.scheme == "https" or is_near) or not parts.hostname:
                raise ValueError("each must be a verifier key, a space, and an https address")
        return witnesses

    @field_validator("issuer")
    @classmethod
    def _issuer_is_an_origin(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be https://host, without query and fragment (RFC 8414 §2)")
        if parts.path not in ("", "/") or parts.username or parts.password:
            raise ValueError("must be an origin: no path, no user")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("may be http only on this machine itself (localhost)")
        check_origin_spelling(issuer.rstrip("/"))
        return issuer.rstrip("/")

    @field_validator("timezone")
    @classmethod
    def _timezone_is_known(cls, timezone: str) -> str:
        if not is_zone(timezone):
            raise ValueError("must be a name of the IANA database, such as Asia/Kolkata")
        return timezone

    @field_validator("mtls_url")
    @classmethod
    def _mtls_is_https(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme != "https" or not parts.hostname or parts.path not in ("", "/")):
            raise ValueError("must be https://host, without a path: certificates are shown in TLS")
        if url:
            check_origin_spelling(url.rstrip("/"))
        return url.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        if url.startswith("postgresql"):
            read_address(url)
        return url

    @field_validator("relay_domain")
    @classmethod
    def _relay_domain_is_a_domain(cls, domain: str) -> str:
        if domain and not _DOMAIN.fullmatch(domain):
            raise ValueError("must be a domain in lower case, such as relay.example.org")
        return domain

    @field_validator("metrics_address")
    @classmethod
    def _metrics_have_a_port(cls, address: str) -> str:
        if address:
            address_of(address)
        return address

    @field_validator("smtp_url")
    @classmethod
    def _smtp_is_a_host(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("must be smtp://host:port or smtps://host:port")
        return url

    @model_validator(mode="after")
    def _lifetimes_agree(self) -> "Settings":
        faults = [
            f"{shorter} is longer than {longer}"
            for shorter, longer in NO_LONGER
            if getattr(self, shorter) > getattr(self, longer)
        ]
        if 0 < self.sensitive_max_age < self.reauthentication_ttl:
            faults.append("sensitive_max_age is shorter than reauthentication_ttl")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def _inbox_is_for_demonstrations(self) -> "Settings":
        if self.show_inbox and (self.is_production or self.smtp_url):
            raise ValueError("show_inbox is for demonstrations: neither in production nor with an smtp_url")
        return self

    @property
    def database(self) -> str:
        """The database's address, with the embedded default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'gateway.db'}"

    @property
    def log_origin(self) -> str:
        """The name that a hand-off log gets when it begins here: its address without the scheme (C2SP tlog-tiles)."""
        return f"{self.issuer.partition('://')[2]}/log"

    @property
    def key_ring_path(self) -> Path:
        """The key ring's file, with the default filled in."""
        return self.key_ring or self.data_dir / "key-ring.json"

    @property
    def is_production(self) -> bool:
        """Whether the doctor's faults forbid serving."""
        return self.environment == "production"

    @property
    def approvals_needed(self) -> int:
        """How many different administrators a manifest needs."""
        return self.go_live_approvals or (2 if self.is_production else 1)

    @property
    def documentation(self) -> str:
        """Address under which an error code has its page."""
        return self.documentation_url or f"{self.issuer}/docs/errors"


def read_settings(**overrides: Any) -> Settings:
    """Read the settings once.

    Raises:
        SettingsError: with every fault, each naming its setting.
    """
    faults = [f"{name}: there is no such setting" for name in _unknown_variables()]
    file = os.environ.get(CONFIG_VARIABLE)
    if file and not Path(file).is_file():
        faults.append(f"{CONFIG_VARIABLE}: there is no file {file}")
    settings = None
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        faults += [_fault(dict(fault)) for fault in error.errors()]
    except (OSError, ValueError) as error:
        faults.append(f"{file}: {error}")
    if settings is None or faults:
        raise SettingsError(faults)
    return settings


def _unknown_variables() -> list[str]:
    return sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX)
        and name != CONFIG_VARIABLE
        and not name.startswith(PREFIX + "TEST_")
        and name.removeprefix(PREFIX).lower() not in Settings.model_fields
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """Say the settings as environment variables, for a process of ours that starts later."""
    changed = settings.model_dump(mode="json", exclude_unset=True)
    own = {PREFIX + name.upper(): _as_text(value) for name, value in changed.items() if value is not None}
    return {**os.environ, **own}


def _as_text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _fault(fault: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in fault["loc"]) or "settings"
    return f"{name}: {fault['msg'].removeprefix('Value error, ')}"
