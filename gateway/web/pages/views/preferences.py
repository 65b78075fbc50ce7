"""Views of a person's own choices, and of the end of news by a link."""

from dataclasses import dataclass

from gateway.web.pages.views.frame import Option, View


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesView(View):
    """News by mail, statistics, and the time zone; posts `preference` with `wish`: on, off, or a zone.

    Attributes:
        news_since: when the person chose last; None before the first choice.
        usual_zone: name of the zone without a choice.
        news_locked: a guardian decides with the person, so there are no news.
    """

    action: str
    gets_news: bool
    is_counted: bool
    usual_zone: str
    zones: tuple[Option, ...]
    news_since: int | None = None
    news_locked: bool = False
    counted_since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeView(View):
    """End news by mail without log-in; `action` is empty when it is done. The page names nobody."""

    action: str = ""
