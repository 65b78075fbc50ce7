"""docs/guides/partners.md: both programs are run as they stand, by a partner who has an hour."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.kit.errors import ERRORS
from tests.interop.stage import MODULES, PLACE, ROOT, SECRET, Stage, private_jwk
from tests.patience import PATIENCE

GUIDE = (ROOT / "docs" / "guides" / "partners.md").read_text()


def program(language: str) -> str:
    (found,) = re.findall(rf"(?s)```{language}\n(.*?)```", GUIDE)
    text: str = found
    return text


def walk(stage: Stage, command: list[str], own: Mapping[str, str], file: Path) -> dict[str, Any]:
    """Run a program: open what it prints, say yes, tell it where the browser came back."""
    process = subprocess.Popen(
        [*command, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ISSUER": stage.issuer, **own},
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    callback = stage.share(url) if url else ""
    said, failed = process.communicate(callback + "\n", timeout=PATIENCE)
    assert process.returncode == 0, failed
    claims: dict[str, Any] = json.loads(said)
    return claims


def test_python(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "partner.py"
    file.write_text(program("python"))
    own = {
        "CLIENT_ID": "interop-basic",
        "CLIENT_SECRET": SECRET,
        "REDIRECT_URI": f"{PLACE}/basic/callback",
        "NO_PROXY": "localhost",
    }
    claims = walk(stage, [sys.executable, "-W", "error"], own, file)
    assert claims.keys() == {"sub", "name"}


@pytest.mark.usefixtures("node")
def test_javascript(stage: Stage, tmp_path: Path) -> None:
    # A module finds its libraries beside itself.
    file = MODULES / "guide.mjs"
    file.write_text(program("javascript"))
    (tmp_path / "key.json").write_text(json.dumps(private_jwk()))
    own = {
        "CLIENT_ID": "interop-dpop",
        "REDIRECT_URI": f"{PLACE}/dpop/callback",
        "KEY": str(tmp_path / "key.json"),
    }
    claims = walk(stage, ["node"], own, file)
    assert claims.keys() == {"sub", "name"}


def test_the_errors_exist() -> None:
    named = re.findall(r"(?m)^\| `([a-z_]+)` \|", GUIDE)
    assert len(named) > 5
    assert set(named) <= set(ERRORS)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)]+)\)", GUIDE))
def test_what_is_linked_is_there(link: str) -> None:
    assert (ROOT / "docs" / "guides" / link).exists()
