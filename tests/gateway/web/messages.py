"""What the catalogues must hold: `python -m tests.gateway.web.messages` prints what a language lacks, ready to fill in.

With `--keep`, catalogues are put into the order of the source and lose what nothing says any more.
"""

import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from gateway.kit.errors import ERRORS, Where
from gateway.kit.gettext_catalogues import FOLDER, SOURCE
from scopes import LANGUAGES

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("gateway/web", "gateway/accounts", "gateway/actions", "gateway/model")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "say": None,
    "later": None,
    "Words": None,
    "FieldFault": None,
    "translated": (2,),
}
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"trimmed": "true", "trim_blocks": "true"}}
TRANSLATED = tuple(name for name in LANGUAGES if name != SOURCE)
NO_LINE: Any = None
"""Babel writes a place without its line; its types know none."""
HEAD = """\
# The words of the pages. A message that stands here no more is nowhere said.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
WAITING = Path(__file__).with_name("waiting_for_translation.txt")
"""Messages that a feature under way brought without translations: pages show them in English."""


def source_messages() -> Catalog:
    """Collect everything that pages and mail say in words of ours."""
    found = Catalog(charset="utf-8")
    for folder in FOLDERS:
        for file, _, message, _, _ in extract_from_dir(
            ROOT / folder, METHODS, OPTIONS, KEYWORDS, directory_filter=lambda _: True
        ):
            if message:
                found.add(message, locations=[(f"{folder}/{file}", NO_LINE)])
    for kind in ERRORS.values():
        if Where.PAGE in kind.where:
            found.add(kind.public, locations=[("gateway/kit/errors.py", NO_LINE)])
    return found


def catalogue(language: str) -> Catalog:
    """Read a language's catalogue."""
    with (FOLDER / f"{language}.po").open("rb") as source:
        return read_po(source, locale=language)


def key(message: Message) -> str:
    """Name a message: its English, the singular where there are two."""
    return message.id if isinstance(message.id, str) else message.id[0]


def is_translated(message: Message | None) -> bool:
    """Tell whether every form of a message is there."""
    if message is None or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def lacking(language: str) -> Catalog:
    """Collect what a language lacks."""
    present, missing = catalogue(language), Catalog(locale=language, charset="utf-8")
    for message in source_messages():
        found = present.get(message.id)
        if message.id and not is_translated(found):
            missing.add(message.id, locations=message.locations)
    return missing


def in_order(language: str) -> Catalog:
    """Put a catalogue into the order of the source; what nothing says any more goes."""
    present = catalogue(language)
    kept = Catalog(locale=language, charset="utf-8")
    for message in source_messages():
        found = present.get(message.id)
        if message.id and found is not None and is_translated(found):
            kept.add(message.id, found.string)
    return kept


def main(arguments: list[str]) -> int:
    """Print or tidy."""
    for language in TRANSLATED:
        if "--keep" in arguments:
            kept = in_order(language)
            with (FOLDER / f"{language}.po").open("wb") as target:
                target.write(HEAD.encode())
                write_po(target, kept, width=110, omit_header=True, no_location=True)
            continue
        print(f"# {language}", flush=True)
        write_po(sys.stdout.buffer, lacking(language), width=110, omit_header=True, include_lineno=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
