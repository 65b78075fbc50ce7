"""Views of a person's whole record, to read and to print."""

from dataclasses import dataclass

from gateway.web.pages.views.frame import View


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCell:
    """One value: words, or a time."""

    text: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTable:
    """Rows under their heads; each row has as many cells as there are heads."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[RecordCell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPart:
    """One consent, one contact, or the account, with what happened to it."""

    title: str
    facts: tuple[tuple[str, RecordCell], ...] = ()
    tables: tuple[RecordTable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRecordView(View):
    """Everything that is kept about a person, by names and never by values."""

    made_at: int
    json_url: str
    back_url: str
    parts: tuple[RecordPart, ...]
