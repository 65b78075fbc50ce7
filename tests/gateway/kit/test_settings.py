"""Settings: one reading, every fault at once."""

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.kit.settings import (
    CONFIG_VARIABLE,
    NO_LONGER,
    PREFIX,
    Settings,
    SettingsError,
    environment_of,
    read_settings,
)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)


def faults(**overrides: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(**overrides)
    for fault in caught.value.faults:
        assert fault in str(caught.value)
    return caught.value.faults


def test_nothing_needs_to_be_set() -> None:
    """The defaults serve on this machine, with the embedded database."""
    settings = read_settings()
    assert settings.issuer == "http://localhost:8000"
    assert settings.database == "sqlite:///data/gateway.db"
    assert settings.key_ring_path == Path("data/key-ring.json")
    assert settings.documentation == "http://localhost:8000/docs/errors"
    assert not settings.is_production


def test_what_is_set_replaces_what_follows_from_the_data_folder() -> None:
    settings = read_settings(
        database_url="postgresql://gateway@db/gateway",
        key_ring="/run/keys.json",
        documentation_url="https://docs.example",
        environment="production",
    )
    assert settings.database == "postgresql://gateway@db/gateway"
    assert settings.key_ring_path == Path("/run/keys.json")
    assert settings.documentation == "https://docs.example"
    assert settings.is_production


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Values out of bounds, unknown names in the file and in the environment: one reading finds them all."""
    file = tmp_path / "gateway.toml"
    file.write_text('issuer = "ftp://gateway.example"\ncolour = "blue"\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(file))
    monkeypatch.setenv(PREFIX + "CODE_TTL", "61")
    monkeypatch.setenv(PREFIX + "ACCESS_TOKEN_TTL", "many")
    monkeypatch.setenv(PREFIX + "TRUSTED_PROXIES", "10.0.0.0/8, everybody")
    monkeypatch.setenv(PREFIX + "ISUER", "https://gateway.example")
    found = "\n".join(faults(database_url="mysql://db", smtp_url="mail.example:25", relay_domain="Relay"))
    for name in (
        "issuer: must be https://host",
        "colour: ",
        "code_ttl: ",
        "access_token_ttl: ",
        "trusted_proxies.1",
        "CONSENT_GATEWAY_ISUER: there is no such setting",
        "database_url: must begin with sqlite:/// or postgresql://",
        "smtp_url: must be smtp://host:port",
        "relay_domain: must be a domain in lower case",
    ):
        assert name in found


@pytest.mark.parametrize(
    ("issuer", "why"),
    [
        ("gateway.example", "must be https://host"),
        ("https://gateway.example?x=1", "without query"),
        ("https://gateway.example#x", "without query and fragment"),
        ("https://gateway.example/here", "must be an origin"),
        ("https://user:word@gateway.example", "must be an origin"),
        ("http://gateway.example", "http only on this machine"),
    ],
)
def test_rfc8414_2_an_issuer_is_an_origin_on_https(issuer: str, why: str) -> None:
    assert why in faults(issuer=issuer)[0]


@pytest.mark.parametrize("name", ["issuer", "mtls_url"])
def test_an_address_that_browsers_spell_otherwise_is_refused(name: str) -> None:
    """Both are compared byte by byte; the message has the right spelling."""
    [fault] = faults(**{name: "https://Gateway.example:443/"})
    assert f"{name}: must be spelled as browsers do" in fault
    assert "write https://gateway.example " in fault


def test_what_postgresql_tools_understand_after_the_address_is_understood() -> None:
    url = "postgresql://gateway@db/gateway?sslmode=require"
    assert read_settings(database_url=url).database == url
    [fault] = faults(database_url="postgresql://gateway@db/gateway?ssl=require")
    assert "database_url: write sslmode=" in fault


@pytest.mark.parametrize(
    "issuer", ["https://gateway.example", "http://127.0.0.1:8000", "http://localhost:8080"]
)
def test_rfc8414_2_an_issuer_carries_no_slash_at_its_end(issuer: str) -> None:
    assert read_settings(issuer=issuer + "/").issuer == issuer


@pytest.mark.parametrize(
    ("lifetimes", "why"),
    [
        ({"session_idle_ttl": 7200, "session_ttl": 3600}, "session_idle_ttl is longer than session_ttl"),
        (
            {"session_ttl": 300, "session_idle_ttl": 300, "reauthentication_ttl": 301},
            "reauthentication_ttl is longer than session_ttl",
        ),
        ({"dpop_access_token_ttl": 60}, "access_token_ttl is longer than dpop_access_token_ttl"),
        ({"sensitive_max_age": 599}, "sensitive_max_age is shorter than reauthentication_ttl"),
    ],
)
def test_lifetimes_cannot_contradict_each_other(lifetimes: dict[str, int], why: str) -> None:
    assert why in faults(**lifetimes)[0]


def test_every_contradiction_is_told_at_once() -> None:
    [fault] = faults(session_ttl=300, session_idle_ttl=301, reauthentication_ttl=301)
    assert "session_idle_ttl" in fault
    assert "reauthentication_ttl" in fault


def test_bounds_keep_what_no_choice_could_contradict() -> None:
    """A token always ends before what refreshes it, and before the key that signed it is taken back."""
    bounds = {
        name: {type(rule).__name__: rule for rule in Settings.model_fields[name].metadata}
        for pair in NO_LONGER
        for name in pair
    }
    for shorter, longer in NO_LONGER[3:]:
        assert bounds[shorter]["Le"].le <= bounds[longer]["Ge"].ge


def test_the_file_is_read_and_the_environment_wins_over_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(
        'service_name = "From the file"\ncontact = "file@school.example"\ntrusted_proxies = ["::1"]'
    )
    monkeypatch.setenv(CONFIG_VARIABLE, str(file))
    monkeypatch.setenv(PREFIX + "SERVICE_NAME", "From outside")
    settings = read_settings()
    assert (settings.service_name, settings.contact) == ("From outside", "file@school.example")
    assert settings.trusted_proxies == (ip_network("::1"),)


@pytest.mark.parametrize("content", [b"issuer = ", b"\xff\xfe", b""])
def test_a_file_that_cannot_be_read_is_a_fault_and_an_empty_one_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "gateway.toml"
    file.write_bytes(content)
    monkeypatch.setenv(CONFIG_VARIABLE, str(file))
    if content:
        assert faults()[0].startswith(f"{file}: ")
    else:
        assert read_settings() == Settings()


def test_a_missing_file_is_a_fault_and_not_a_reason_for_the_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A typing error in the file's name must not start a gateway with other settings than meant."""
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "nowhere.toml"))
    assert "there is no file" in faults()[0]


def test_the_tests_own_variables_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + "TEST_POSTGRES", "/usr/bin")
    assert read_settings() == Settings()


WITNESS = "witness.example/w1+fa0f0c4f+BP" + "A" * 42


@pytest.mark.parametrize("url", ["https://witness.example/log", "http://127.0.0.1:8200"])
def test_a_witness_is_a_key_and_an_address(url: str) -> None:
    found = read_settings(log_witnesses=f"{WITNESS} {url}, {WITNESS} {url},")
    assert found.log_witnesses == (f"{WITNESS} {url}",) * 2


@pytest.mark.parametrize(
    "witness",
    [
        WITNESS,
        f"{WITNESS} http://witness.example",
        f"{WITNESS} https://",
        f"{WITNESS} https://a b",
        "w https://w",
    ],
)
def test_a_witness_without_key_or_https_is_refused(witness: str) -> None:
    assert "each must be a verifier key" in faults(log_witnesses=(witness,))[0]


def test_every_setting_is_described_and_bounded() -> None:
    """Whoever reads the list learns what a setting means; a number has a least and, but for one, a greatest value."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert len(field.description) > 10, name
        if field.annotation is int:
            bounds = {type(each).__name__ for each in field.metadata}
            assert bounds & {"Ge", "Gt"}, name
            assert bounds & {"Le", "Lt"} or name in ("decline_memory", "retired_key_ttl"), name


def test_what_a_later_process_is_told_reads_back_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings(
        issuer="https://gateway.example",
        trusted_proxies=["10.0.0.0/8", "fd00::/8"],
        code_ttl=30,
        data_dir="/srv/gateway",
        key_ring=None,
    )
    for name, value in environment_of(settings).items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, value)
    assert read_settings() == settings


def test_settings_do_not_change_under_way() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().code_ttl = 1  # type: ignore[misc]  # that is what has to fail
