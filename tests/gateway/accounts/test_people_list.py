"""The people list: good rows come through, every fault is told with its line and column."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts import people_list
from gateway.accounts.people_list import COLUMNS, ListedGuardian, PeopleList, RowFault, read_people
from gateway.model.people import Role

SCHOOLS = frozenset({"lakeside", "northfield"})
TODAY = date(2026, 3, 1)
HEADING = "organisation,role,email,name,birthdate,guardian_email,guardian_method"


def read(*rows: str, heading: str = HEADING) -> PeopleList:
    return read_people("\n".join([heading, *rows]).encode(), SCHOOLS, TODAY)


def said(found: PeopleList) -> list[tuple[int, str]]:
    return [(fault.line, fault.column) for fault in found.faults]


def test_a_good_row_becomes_a_person() -> None:
    found = read("lakeside,student, Asha@LAKESIDE.example ,Asha Rao,2005-03-14,g@x.example,in person")
    (person,) = found.people
    assert found.faults == ()
    assert (person.line, person.organisation, person.role) == (2, "lakeside", Role.STUDENT)
    assert person.fields == {
        "name": "Asha Rao",
        "email": "Asha@lakeside.example",
        "birthdate": "2005-03-14",
    }
    assert person.email == "Asha@lakeside.example"
    assert person.guardian == ListedGuardian("g@x.example", "in person", "")


def test_three_fields_and_a_school_are_enough() -> None:
    """Promise P7: only three required fields."""
    found = read("lakeside,professor,b@x.example,Ben", heading="organisation,role,email,name")
    assert found.people[0].guardian is None
    assert set(found.people[0].fields) == {"name", "email"}


def test_every_fault_of_every_row_is_told_and_the_good_rows_stay() -> None:
    found = read(
        "nowhere,king,not-mail,,2009-02-30,also-not,",
        "lakeside,student,a@x.example,A,,,",
        "lakeside,student,A@X.example,Again,,,",
        "lakeside,student,b@x.example,B,,,,too many",
        "lakeside,student,c@x.example,C,,not-mail,digital",
        "lakeside,student,d@x.example",
        '"lakeside","student","e@x.example","E\nE",,,',
        "northfield,student,f@x.example,F,,,",
    )
    assert [person.email for person in found.people] == ["a@x.example", "f@x.example"]
    assert said(found) == [
        (2, "organisation"),
        (2, "role"),
        (2, "name"),
        (2, "email"),
        (2, "birthdate"),
        (2, "guardian_email"),
        (4, "email"),
        (5, ""),
        (6, "guardian_email"),
        (7, "name"),
        (9, "name"),
    ]
    assert "line 3" in found.faults[6].message


def test_the_person_of_the_last_line_has_the_last_line() -> None:
    """A cell may hold a line break; lines are counted as an editor counts them."""
    found = read('"lakeside",student,a@x.example,A,,b@x.example,"a\nb"', "lakeside,student,c@x.example,C,,,")
    assert [person.line for person in found.people] == [3, 4]


@pytest.mark.parametrize(
    ("heading", "columns"),
    [
        ("organisation,role,email", ["name"]),
        ("", ["organisation", "role", "name", "email"]),
        (HEADING + ",password", ["password"]),
        (HEADING + ",email", ["email"]),
    ],
)
def test_a_wrong_heading_is_told_before_any_row_is_read(heading: str, columns: list[str]) -> None:
    """A list with a column `password` is refused: nobody but the person ever chooses it."""
    found = read("lakeside,student,a@x.example,A,,,", heading=heading)
    assert found.people == ()
    assert said(found)[: len(columns)] == [(1, column) for column in columns]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (HEADING.encode() + b"\na\x00b", "not text"),
        (HEADING.encode() + b'\n"lakeside"x,student', "not CSV"),
        (HEADING.encode() + b'\n"lakeside', "not CSV"),
        (HEADING.encode() + b"\n" + b"x" * 140_000, "not CSV"),
    ],
)
def test_what_is_no_list_is_refused_whole(content: bytes, why: str) -> None:
    found = read_people(content, SCHOOLS, TODAY)
    assert found.people == ()
    assert why in found.faults[0].message


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    content = "\ufeff" + HEADING + "\r\nlakeside,student,a@x.example,A,,,\r\n"
    assert len(read_people(content.encode(), SCHOOLS, TODAY).people) == 1


def test_a_list_ends_where_it_gets_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_list, "MAX_ROWS", 2)
    found = read(*(f"lakeside,student,{number}@x.example,N,,," for number in range(4)))
    assert len(found.people) == 2
    assert found.faults == (RowFault(4, "", "A list has at most 2 rows."),)


CELL = st.text(max_size=12) | st.sampled_from(["lakeside", "student", "a@x.example", "Asha", "2009-01-01"])


@given(st.lists(st.lists(CELL, max_size=9), max_size=5))
def test_whatever_is_handed_in_is_a_person_or_a_fault(rows: list[list[str]]) -> None:
    heading = ",".join(COLUMNS[:8])
    content = "\n".join([heading, *(",".join(row) for row in rows)]).encode("utf-8", "replace")
    found = read_people(content, SCHOOLS, TODAY)
    for person in found.people:
        assert person.organisation in SCHOOLS
        assert person.fields["email"]


@given(st.binary(max_size=200))
def test_whatever_bytes_are_handed_in_nothing_breaks(content: bytes) -> None:
    assert read_people(content, SCHOOLS, TODAY).people == ()
