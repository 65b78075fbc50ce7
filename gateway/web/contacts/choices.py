"""What somebody can show a contact, as controls of a form: read from what was ticked, and offered with its values."""

from collections.abc import Iterable, Mapping
from datetime import date

from gateway.actions.accounts.profiles import OwnField, OwnProfile
from gateway.actions.contacts.giving import OFFERED
from gateway.actions.services import day_of
from gateway.kit.errors import Refusal
from gateway.model.contacts import GivenItem
from gateway.web.consent.screen_views import form_words, missing_of
from gateway.web.pages import views
from gateway.web.pages.formats import later, say
from gateway.web.pages.visit import Visit
from gateway.web.pages.wording import field_label
from gateway.web.server.bodies import PostedForm
from scopes import FORMS, contact_detail
from scopes import Form as Shape

PURPOSES: Mapping[str, str] = {
    "email": later("so that they can write to you"),
    "alternate_email": later("so that they can write to you"),
    "phone_number": later("so that they can call you"),
    "address": later("so that they can send you letters"),
}


def chosen_items(form: PostedForm) -> tuple[GivenItem, ...]:
    """Read which details are ticked, each in its chosen form.

    Raises:
        Refusal: ``bad_form`` for what no page of ours offers.
    """
    items = tuple(GivenItem(field, _shape(form, field)) for field in dict.fromkeys(form.all("item")))
    forms = {(field, FORMS.get(shape)) for field, shape in form.named("form:").items()}
    if not (set(items) <= set(OFFERED) and forms <= {(each.field, each.form) for each in OFFERED}):
        raise Refusal("bad_form", detail="an item or a form that cannot be given")
    return items


def _shape(form: PostedForm, field: str) -> Shape:
    found = FORMS.get(form.one(f"form:{field}"))
    if found is None:
        raise Refusal("bad_form", detail="an item without a form")
    return found


def choices(visit: Visit, own: OwnProfile, given: Iterable[GivenItem]) -> tuple[views.ConsentItem, ...]:
    """Offer every detail that can be given; those that are given already, or were just ticked, are ticked."""
    forms: dict[str, list[Shape]] = {}
    for each in OFFERED:
        forms.setdefault(each.field, []).append(each.form)
    chosen = {each.field: each.form for each in given}
    today = day_of(visit.services.clock())
    fields = {each.name: each for each in own.fields}
    return tuple(
        _choice(
            field,
            {shape: _own_value(fields[field], shape, today, is_fresh=own.is_fresh) for shape in shapes},
            chosen.get(field),
        )
        for field, shapes in forms.items()
    )


def _choice(field: str, values: Mapping[Shape, str | None], chosen: Shape | None) -> views.ConsentItem:
    shapes = tuple(values)
    return views.ConsentItem(
        key=field,
        label=field_label(field),
        so_that=say(PURPOSES[field]),
        forms=tuple(
            views.FormChoice(
                form=str(shape),
                label=form_words(field, shape),
                value=values[shape],
                chosen=shape is (chosen or shapes[0]),
            )
            for shape in shapes
        ),
        ticked=chosen is not None,
        missing=missing_of(field) if values[shapes[-1]] is None else "",
    )


def _own_value(field: OwnField, shape: Shape, today: date, *, is_fresh: bool) -> str | None:
    """Say what the other would see; without a recent password it comes masked from the profile already."""
    if field.value is None or not is_fresh:
        return field.value
    return contact_detail(field.name, shape, {field.name: field.value}, today=today)
