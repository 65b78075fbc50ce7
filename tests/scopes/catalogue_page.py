"""Write docs/catalogue.md: `python -m tests.scopes.catalogue_page > docs/catalogue.md`."""

from collections.abc import Iterable, Iterator, Sequence

from scopes import CLAIMS, FIELDS, PURPOSES, SCOPES, STORED_FIELDS, PurposeState, form_label


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "–"


def term(iri: str) -> str:
    return f"[{iri.rpartition('#')[2]}]({iri})"


def fields() -> Iterator[str]:
    heads = ("field", "on screens", "sensitivity", "comes from", "person edits it", "in an offer", "DPV")
    rows = []
    for name, field in FIELDS.items():
        necessity = "never needed" if field.never_needed else "needed or optional"
        edits = "yes" if field.editable else "no"
        label = field.label["en"]
        rows.append(
            (f"`{name}`", label, field.sensitivity, field.source, edits, necessity, term(field.dpv_iri))
        )
    yield from table(heads, rows)


def forms() -> Iterator[str]:
    rows = [
        (f"`{name}`", str(place), f"`{form}`", form_label(name, form), f"`{field.claim_of(form)}`")
        for name, field in FIELDS.items()
        for place, form in enumerate(field.forms, start=1)
    ]
    yield from table(("field", "order", "form", "on screens", "claim"), rows)


def scopes() -> Iterator[str]:
    yield from table(("scope", "fields"), ((f"`{scope}`", code(names)) for scope, names in SCOPES.items()))


def claims() -> Iterator[str]:
    yield from table(("claim", "field"), ((f"`{claim}`", f"`{name}`") for claim, name in CLAIMS.items()))


def purposes() -> Iterator[str]:
    heads = (
        "purpose",
        "line on the consent screen",
        "state",
        "fields",
        "days",
        "kept",
        "reads a day",
        "limits",
        "DPV",
    )
    rows = []
    for name, each in PURPOSES.items():
        if each.state is PurposeState.DENIED:
            continue
        most = each.ceilings
        limits = ["once"] if most.one_time else []
        limits += [f"from age {most.min_age}"] if most.min_age else []
        numbers = map(str, (most.max_duration_days, most.max_retention_days, most.max_reads_per_day))
        names = code(field for field in FIELDS if field in most.fields)
        row = (f"`{name}`", each.text["en"], each.state, names, *numbers, ", ".join(limits) or "–")
        rows.append((*row, term(each.dpv_iri)))
    yield from table(heads, rows)


def denied() -> Iterator[str]:
    rows = [
        (f"`{name}`", each.label["en"], term(each.dpv_iri))
        for name, each in PURPOSES.items()
        if each.state is PurposeState.DENIED
    ]
    yield from table(("purpose", "means", "DPV"), rows)


PAGE = """\
# Catalogue

What a partner may ask for, in which forms, for which purposes. The gateway's code holds these tables in
`scopes/`; a test compares this page with them. To write it anew:
`python -m tests.scopes.catalogue_page > docs/catalogue.md`.

## Fields

A profile stores {stored}.
Role and school come from the person's record. `birthdate` is never released: a partner asks whether somebody
is old enough and is told yes or no.

{fields}
## Forms

An offer names the forms that a person can choose from; the first in this order is preselected. A masked value
has its own claim, so that no client takes it for an address to write to. When several forms of one claim are
granted, the most revealing is released.

{forms}
## Scopes

A scope reaches at most these fields, and of them only what the person granted is released.

{scopes}
## Claims

{claims}
## Purposes

A purpose can be used for the listed fields only. *Days* is the longest a consent lasts, *kept* how many days
the partner may keep the data after the end. A purpose in state `review` needs an administrator's decision for
each offer. Where DPV has no term of its own, the nearest one stands.

{purposes}
## Purposes that are never allowed

Personal data is not provided for these, in whatever spelling they are asked for: other case, separators,
DPV names and IRIs, look-alike letters, percent-encoding. Words made from them (`email_marketing`) are refused
too.

{denied}
"""


def page() -> str:
    """Write the whole page."""
    parts = {each.__name__: "\n".join(each()) for each in (fields, forms, scopes, claims, purposes, denied)}
    return PAGE.format(stored=code(STORED_FIELDS), **parts).rstrip("\n") + "\n"


if __name__ == "__main__":
    print(page(), end="")
