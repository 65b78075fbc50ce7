"""Pages from views: every template is compiled once, at its first use, and rendered synchronously.

Whatever a view holds is shown as text. Templates escape by default, a name that a view lacks is an error, and
what could trick a reader's eye is taken out on the way (`formats.plain`).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from gateway.kit import gettext_catalogues
from gateway.web.pages.formats import (
    FILTERS,
    PARTS,
    no_words,
    plain,
    speak,
    translate,
    translate_plural,
    voice,
    written,
)
from gateway.web.pages.views import PAGES, View
from gateway.web.server.assets import static_files, static_url

__all__ = ["page", "speaking", "static_files", "static_url"]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        autoescape=True,
        undefined=StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it at run time
        translate, translate_plural, newstyle=True
    )
    # In place of the extension's own, which goes by the page's context each time.
    environment.globals.update(gettext=written, _=written)
    environment.filters.update(FILTERS)
    environment.globals.update(static=static_url, parts=PARTS, no_words=no_words)
    return environment


_ENVIRONMENT = _environment()


@cache
def _template(name: str) -> Template:
    """Compile a template at its first use, because all of them at import would double a worker's time to start."""
    return _ENVIRONMENT.get_template(f"{name}.html")


@contextmanager
def speaking(
    language: str, timezone: str = "UTC", translations: Mapping[str, NullTranslations] | None = None
) -> Iterator[None]:
    """Say everything in a language for a while; a language without a catalogue falls back to English.

    Args:
        translations: catalogues to use instead of ours.
    """
    known = gettext_catalogues.CATALOGUES if translations is None else translations
    token = voice.set(speak(language, timezone, known.get(language) or NullTranslations()))
    try:
        yield
    finally:
        voice.reset(token)


def page(name: str, view: View, translations: Mapping[str, NullTranslations] | None = None) -> bytes:
    """Render a page in the language of its frame.

    Args:
        translations: catalogues to use instead of ours.

    Raises:
        TypeError: the view is not the one that this page shows.
    """
    if not isinstance(view, PAGES[name]):
        raise TypeError(f"{name} shows a {PAGES[name].__name__}, not a {type(view).__name__}")
    chrome = view.chrome
    with speaking(chrome.language, chrome.timezone, translations):
        return _template(name).render(view=view, chrome=chrome).encode()
