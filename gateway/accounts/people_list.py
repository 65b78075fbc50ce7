"""The people list that an administrator hands in: CSV, checked row by row, every fault reported."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.accounts.fields import PROFILE_FIELDS, FieldFault, check_field
from gateway.kit.words import Words
from gateway.model.people import Role

FIELD_COLUMNS = tuple(name for name, each in PROFILE_FIELDS.items() if each.is_listed)
COLUMNS = ("organisation", "role", *FIELD_COLUMNS, "guardian_email", "guardian_method", "guardian_evidence")
REQUIRED = ("organisation", "role", "name", "email")
MAX_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong in one row; `line` counts as an editor does, the heading being line 1."""

    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class ListedGuardian:
    """A guardian of a listed child, as the row names them: whether they can be one, `propose_guardian` says."""

    email: str
    method: str
    evidence: str


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """One row that can be imported."""

    line: int
    organisation: str
    role: Role
    fields: Mapping[str, str]
    guardian: ListedGuardian | None

    @property
    def email(self) -> str:
        """The log-in."""
        return self.fields["email"]


@dataclass(frozen=True, slots=True)
class PeopleList:
    """A list as read: the good rows and every fault."""

    people: tuple[ListedPerson, ...]
    faults: tuple[RowFault, ...]


def read_people(content: bytes, organisations: frozenset[str], today: date) -> PeopleList:
    """Read a list (RFC 4180, UTF-8, with or without a byte order mark).

    Args:
        organisations: ids that a row may name.
        today: nobody is born later.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return PeopleList((), (RowFault(1, "", Words("The file is not UTF-8 text.")),))
    if "\x00" in text:
        return PeopleList((), (RowFault(1, "", Words("The file is not text.")),))
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    try:
        return _read(reader, organisations, today)
    except csv.Error as error:
        return PeopleList(
            (), (RowFault(reader.line_num, "", Words("The file is not CSV: %(fault)s.", fault=error)),)
        )


def _read(reader: "csv.DictReader[str]", organisations: frozenset[str], today: date) -> PeopleList:
    heading = list(_heading_faults(reader.fieldnames or ()))
    if heading:
        return PeopleList((), tuple(heading))
    people: list[ListedPerson] = []
    faults: list[RowFault] = []
    seen: dict[str, int] = {}
    for count, row in enumerate(reader, start=1):
        if count > MAX_ROWS:
            faults.append(
                RowFault(reader.line_num, "", Words("A list has at most %(count)s rows.", count=MAX_ROWS))
            )
            break
        found = list(_row_faults(row, reader.line_num, organisations))
        person = _person(row, reader.line_num, today, found)
        if person and person.email.casefold() in seen:
            line = seen[person.email.casefold()]
            found.append(
                RowFault(
                    reader.line_num,
                    "email",
                    Words("This address stands in line %(line)s already.", line=line),
                )
            )
        elif person:
            seen[person.email.casefold()] = reader.line_num
            people.append(person)
        faults += found
    return PeopleList(tuple(people), tuple(faults))


def _heading_faults(columns: Sequence[str]) -> Iterator[RowFault]:
    for name in REQUIRED:
        if name not in columns:
            yield RowFault(1, name, Words("This column is missing."))
    for name in sorted({name for name in columns if columns.count(name) > 1}):
        yield RowFault(1, name[:40], Words("This column stands in the heading more than once."))
    for name in columns:
        if name not in COLUMNS:
            yield RowFault(
                1,
                name[:40],
                Words("There is no such column; the columns are %(columns)s.", columns=", ".join(COLUMNS)),
            )


def _row_faults(row: Mapping[str, object], line: int, organisations: frozenset[str]) -> Iterator[RowFault]:
    if "" in row:
        yield RowFault(line, "", Words("The row has more cells than the heading."))
    if _cell(row, "organisation") not in organisations:
        yield RowFault(line, "organisation", Words("There is no such organisation."))
    if _cell(row, "role") not in tuple(Role):
        yield RowFault(line, "role", Words("A role is one of %(roles)s.", roles=", ".join(Role)))
    for name in ("name", "email"):
        if not _cell(row, name):
            yield RowFault(line, name, Words("This cell must not be empty."))


def _person(row: Mapping[str, object], line: int, today: date, faults: list[RowFault]) -> ListedPerson | None:
    def checked(column: str, field: str) -> str:
        try:
            return check_field(field, _cell(row, column), today)
        except FieldFault as fault:
            faults.append(RowFault(line, column, fault.words))
            return ""

    fields = {name: checked(name, name) for name in FIELD_COLUMNS if _cell(row, name)}
    guardian = None
    if _cell(row, "guardian_email"):
        email = checked("guardian_email", "email")
        guardian = ListedGuardian(email, _cell(row, "guardian_method"), _cell(row, "guardian_evidence"))
    if faults:
        return None
    return ListedPerson(line, _cell(row, "organisation"), Role(_cell(row, "role")), fields, guardian)


def _cell(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""
