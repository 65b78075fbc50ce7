"""docs/guides/log.md names commands and options that are there, and addresses that answer."""

import re
from pathlib import Path
from typing import Any

import typer

from gateway.cli.commands import app
from gateway.web.routes import all_routes

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "log.md").read_text(encoding="utf-8")


def test_every_command_and_option_is_there() -> None:
    found = re.findall(r"consent-gateway (log|keys) ([\w-]+)([^\n`]*)", GUIDE)
    assert {name for _, name, _ in found} >= {"verify", "export", "archive", "prune", "rotate"}
    command: Any = typer.main.get_command(app)
    groups = command.commands
    for group, name, words in found:
        known = {option for each in groups[group].commands[name].params for option in each.opts}
        assert set(re.findall(r"--[\w-]+", words)) <= known, (group, name, words)


def test_every_address_is_served() -> None:
    paths = {route.path for route in all_routes()}
    assert set(re.findall(r"`?(/log(?:/[a-z]+)?)\b", GUIDE)) <= paths | {"/log"}
