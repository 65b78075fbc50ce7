"""Pages from views: every template is compiled once, at its first use, and rendered synchronously.

Whatever a view holds is shown as text. Templates escape by default, a name that a view lacks is an error, and
what could trick a reader's eye is taken out on the way (`formats.plain`).
"""

from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from gateway.web.assets import static_files, static_url
from gateway.web.formats import FILTERS, plain, speak, translate, translate_plural, voice
from gateway.web.views import PAGES, View

__all__ = ["page", "static_files", "static_url"]

_SOURCE = NullTranslations()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        autoescape=True,
        undefined=StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(translate, translate_plural, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(FILTERS)
    environment.globals["static"] = static_url
    return environment


_ENVIRONMENT = _environment()


@cache
def _template(name: str) -> Template:
    """Compile a template at its first use: all of them at import would double the time to start a worker."""
    return _ENVIRONMENT.get_template(f"{name}.html")


def page(name: str, view: View, translations: Mapping[str, NullTranslations] = MappingProxyType({})) -> bytes:
    """Render a page in the language of its frame; a language without a catalogue is shown in English.

    Raises:
        TypeError: the view is not the one that this page shows.
    """
    if not isinstance(view, PAGES[name]):
        raise TypeError(f"{name} shows a {PAGES[name].__name__}, not a {type(view).__name__}")
    chrome = view.chrome
    token = voice.set(speak(chrome.language, chrome.timezone, translations.get(chrome.language, _SOURCE)))
    try:
        return _template(name).render(view=view, chrome=chrome).encode()
    finally:
        voice.reset(token)
