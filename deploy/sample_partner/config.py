"""What the sample partner application is told: the gateway's issuer, its own address, its clients."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

SigningKey = RSAKey | ECKey | OKPKey

# One algorithm for each kind of key; FAPI 2.0 §5.4.1 allows no other.
_ALGORITHMS = {"P-256": "ES256", "Ed25519": "Ed25519", "RSA": "PS256"}


class ConfigError(Exception):
    """The configuration cannot be used; the text lists every fault and names the file."""


class Client(BaseModel):
    """One registered client and the service that people see behind it."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    brand: Annotated[str, Field(min_length=1, max_length=40)]
    client_id: Annotated[str, Field(min_length=1)]
    auth_method: Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]
    client_secret: SecretStr | None = None
    jwks_file: Path | None = None
    scope: Annotated[str, Field(pattern=r"(^| )openid( |$)")]
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#5b3df5"

    @model_validator(mode="after")
    def _has_its_credential(self) -> "Client":
        wanted = "jwks_file" if self.auth_method == "private_key_jwt" else "client_secret"
        if not getattr(self, wanted):
            raise ValueError(f"{self.auth_method} needs {wanted}")
        return self

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scope values that this client asks for, in the order of the configuration."""
        return tuple(self.scope.split())


class Config(BaseModel):
    """The whole configuration file, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    issuer: Annotated[str, Field(pattern=r"^https?://[^/?#]+[^?#]*$")]
    base_url: Annotated[str, Field(pattern=r"^https?://[^/?#@]+$")]
    clients: Annotated[tuple[Client, ...], Field(min_length=1)]
    keys: Mapping[str, SigningKey] = Field(default={}, exclude=True, init=False)

    @model_validator(mode="after")
    def _names_differ(self) -> "Config":
        names = [client.name for client in self.clients]
        if len(set(names)) != len(names):
            raise ValueError("two clients have the same name")
        return self

    @property
    def port(self) -> int:
        """The port in `base_url`, or the scheme's own."""
        parts = urlsplit(self.base_url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def issuer_origin(self) -> str:
        """Scheme, host and port of the gateway, as a content security policy names them."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    def find_client(self, name: str) -> Client | None:
        """The client with this name in our own addresses."""
        return next((client for client in self.clients if client.name == name), None)

    def redirect_uri(self, client: Client) -> str:
        """Where the gateway sends the browser back to; registered exactly like this."""
        return f"{self.base_url}/{client.name}/callback"


def load_config(path: Path) -> Config:
    """Read and check the file; paths of keys are relative to it."""
    try:
        config = Config.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        # The input is left out of the text, because it may be the client's secret.
        faults = error.errors(include_url=False, include_input=False)
        raise ConfigError("\n".join(f"{path}: {_place(fault)}{fault['msg']}" for fault in faults)) from error
    except ValueError as error:
        raise ConfigError(f"{path}: is not JSON ({error})") from error
    keys = {
        client.name: _load_key(path.parent / client.jwks_file)
        for client in config.clients
        if client.jwks_file
    }
    return config.model_copy(update={"keys": keys})


def key_algorithm(key: SigningKey) -> str:
    """The algorithm that this key signs client assertions with (RFC 7518 §3.1, RFC 9864)."""
    return _ALGORITHMS[_kind(key)]


def _kind(key: SigningKey) -> str:
    return key.key_type if isinstance(key, RSAKey) else str(key.curve_name)


def _load_key(path: Path) -> SigningKey:
    try:
        keys = KeySet.import_key_set(json.loads(path.read_text(encoding="utf-8"))).keys
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: is not a JWK set (RFC 7517 §5)") from error
    for key in keys:
        if isinstance(key, SigningKey) and key.is_private and _kind(key) in _ALGORITHMS:
            return key
    raise ConfigError(f"{path}: holds no private key of a kind we sign with ({', '.join(_ALGORITHMS)})")


def _place(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: " if place else ""
