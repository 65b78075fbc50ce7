"""`settings`: everything is documented, nothing secret is shown, and the page says what the code says."""

from collections.abc import Callable
from pathlib import Path

from gateway.cli.settings import settings_page
from gateway.kit.settings import Settings
from tests.gateway.cli.conftest import Cli

PAGE = Path(__file__).resolve().parents[3] / "docs" / "settings.md"


def test_the_page_says_what_the_code_says(empty: Cli) -> None:
    """`consent-gateway settings --markdown > docs/settings.md` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == empty("settings", "--markdown")
    command = "python3 dev run consent-gateway settings --markdown > docs/settings.md"
    assert PAGE.read_text(encoding="utf-8") == "\n".join(settings_page()) + "\n", f"run: {command}"


def test_every_setting_is_described(empty: Cli) -> None:
    found = {each["name"]: each for each in empty.json("settings")}
    assert set(found) == set(Settings.model_fields)
    for each in found.values():
        assert each["description"].endswith("."), each["name"]
        assert each["variable"] == f"CONSENT_GATEWAY_{each['name'].upper()}"
    assert found["code_ttl"]["limits"] == "≥ 5, ≤ 60"
    assert found["request_ttl"]["limits"] == "≥ 30, < 600"


def test_each_value_says_where_it_comes_from(
    empty: Cli, environment: Callable[..., None], tmp_path: Path
) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('service_name = "Lantern"\ncode_ttl = 30\n')
    environment(config=file, code_ttl=20, trusted_proxies="10.0.0.0/8")
    found = {each["name"]: each for each in empty.json("settings")}
    assert (found["service_name"]["value"], found["service_name"]["origin"]) == ("Lantern", str(file))
    assert (found["code_ttl"]["value"], found["code_ttl"]["origin"]) == ("20", "CONSENT_GATEWAY_CODE_TTL")
    assert found["trusted_proxies"]["value"] == "10.0.0.0/8"
    assert found["login_attempts"]["origin"] == "default"
    shown = empty("settings")
    assert "code_ttl = 20  (CONSENT_GATEWAY_CODE_TTL)" in shown
    assert "Seconds an authorization code lives" in shown


def test_passwords_in_addresses_are_masked(empty: Cli, environment: Callable[..., None]) -> None:
    environment(
        database_url="postgresql://gateway:swordfish@db/gateway", smtp_url="smtp://me:swordfish@mail:25"
    )
    found = {each["name"]: each["value"] for each in empty.json("settings")}
    assert found["database_url"] == "postgresql://gateway:…@db/gateway"
    assert found["smtp_url"] == "smtp://me:…@mail:25"
    assert "swordfish" not in empty("settings")
