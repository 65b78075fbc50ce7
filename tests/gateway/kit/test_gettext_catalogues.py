"""The catalogues as one mapping: every language is there, and none is read before somebody needs it."""

import subprocess
import sys

import pytest

from gateway.kit.gettext_catalogues import CATALOGUES
from scopes import LANGUAGES


def test_every_language_has_its_catalogue() -> None:
    assert list(CATALOGUES) == list(LANGUAGES)
    assert len(CATALOGUES) == len(LANGUAGES)
    said = {language: CATALOGUES[language].gettext("Sign in") for language in CATALOGUES}
    assert said["en"] == "Sign in"
    assert len(set(said.values())) == len(LANGUAGES)


def test_another_language_is_none_of_ours() -> None:
    assert "xx" not in CATALOGUES
    assert CATALOGUES.get("xx") is None
    with pytest.raises(KeyError):
        CATALOGUES["xx"]


def test_a_start_reads_no_catalogue_and_no_orm() -> None:
    """What every process pays for at its start stays out of it."""
    code = (
        "import sys, gateway.app; from gateway.kit.gettext_catalogues import read_catalogue; "
        "print(read_catalogue.cache_info().currsize, 'sqlalchemy.orm' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["0", "False"]
