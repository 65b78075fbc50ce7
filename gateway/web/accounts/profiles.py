"""Pages of a person's own profile."""

import json
from collections.abc import Mapping
from typing import Literal

from starlette.responses import Response
from starlette.routing import Route

from gateway.accounts.fields import LONGEST, PROFILE_FIELDS, FieldControl
from gateway.actions.accounts.profiles import EDITABLE, OwnField, OwnProfile, edit_profile, see_profile
from gateway.web.pages import views
from gateway.web.pages.formats import later, say
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page
from gateway.web.pages.wording import field_label
from gateway.web.server.bodies import PostedForm

_SOURCES: Mapping[str | None, Literal["", "self", "school"]] = {None: "", "self": "self", "school": "school"}
"""Where a detail comes from; one that is not there comes from nowhere."""
ADDRESS = PROFILE_FIELDS["address"].controls


async def profile(visit: Visit) -> Response:
    """Show one's own fields; values in full only after a recent password."""
    found = await see_profile(visit.services, visit.signed_in)
    view = views.ProfileView(
        chrome=visit.chrome("profile"),
        fields=tuple(_field(each, found) for each in found.fields),
        reveal_url="" if found.is_fresh else "/reauthenticate?next=/profile",
    )
    return show("profile", view)


def _field(field: OwnField, found: OwnProfile) -> views.ProfileLine:
    return views.ProfileLine(
        key=field.name,
        label=field_label(field.name),
        value=_words(field),
        source=_SOURCES[field.source],
        masked=not found.is_fresh and field.value is not None,
        verified=field.is_verified,
        recipients=tuple(
            say(later("%(brand)s (paused)"), brand=brand) if is_held else brand
            for brand, is_held in field.partners
        ),
        received=_holders(field),
        changed_at=field.changed_at,
        verify_action="/profile/verify" if _is_to_be_verified(field) else "",
        edit_url=f"/profile/edit#field-{_first_control(field.name)}" if field.is_editable else "",
    )


def _is_to_be_verified(field: OwnField) -> bool:
    """Whether the address still has to be verified: it helps to recover the account, so it must be the person's."""
    return field.name == "alternate_email" and field.value is not None and not field.is_verified


def _key(name: str, control: FieldControl) -> str:
    """Name a control in the form: by its field, and by the member that it holds."""
    return f"{name}.{control.member}" if control.member else name


def _first_control(name: str) -> str:
    return _key(name, PROFILE_FIELDS[name].controls[0])


def _words(field: OwnField) -> str | None:
    if field.name != "address" or field.value is None:
        return field.value
    members = _members(field.value)
    return ", ".join(members[each.member] for each in ADDRESS if each.member in members) or field.value


def _members(text: str) -> dict[str, str]:
    try:
        members: dict[str, str] = json.loads(text)
    except ValueError:
        return {}
    return members


async def show_edit(visit: Visit) -> Response:
    """Show the form; it holds values, so it wants a recent password."""
    found = await see_profile(visit.services, visit.signed_in)
    if not found.is_fresh:
        return see_other("/reauthenticate?next=/profile/edit")
    values = {each.name: each.value or "" for each in found.fields}
    return _edit_page(visit, found, _controls(values), {})


def _controls(values: Mapping[str, str]) -> dict[str, str]:
    """Spread the values over the form's controls: the address has one for each of its members."""
    members = _members(values.get("address", ""))
    return {
        _key(name, control): members.get(control.member, "") if control.member else values.get(name, "")
        for name in EDITABLE
        for control in PROFILE_FIELDS[name].controls
    }


def _typed(form: PostedForm) -> dict[str, str]:
    """Read what was typed, by field; a field whose controls the form does not have stays as it is."""
    return {
        name: _value(form, name)
        for name in EDITABLE
        if all(_key(name, control) in form.values for control in PROFILE_FIELDS[name].controls)
    }


def _value(form: PostedForm, name: str) -> str:
    controls = PROFILE_FIELDS[name].controls
    if not controls[0].member:
        return form.one(name)
    members = {each.member: form.one(_key(name, each)).strip() for each in controls}
    given = {member: text for member, text in members.items() if text}
    return json.dumps(given) if given else ""


async def do_edit(visit: Visit) -> Response:
    """Keep what was typed, or show it again with what is wrong."""
    form = await visit.form()
    faults = await edit_profile(visit.services, visit.signed_in, _typed(form))
    if not faults:
        return see_other("/profile?done=saved")
    found = await see_profile(visit.services, visit.signed_in)
    kept = _controls({each.name: each.value or "" for each in found.fields})
    return _edit_page(
        visit, found, {key: form.one(key) if key in form.values else kept[key] for key in kept}, faults
    )


def _edit_page(
    visit: Visit, found: OwnProfile, controls: Mapping[str, str], faults: Mapping[str, str]
) -> Response:
    holders = {each.name: _holders(each) for each in found.fields}
    fields = tuple(
        views.EditField(
            key=_key(name, control),
            label=say(control.label) if control.member else field_label(name),
            kind=control.kind,
            value=controls[_key(name, control)],
            autocomplete=control.autocomplete,
            hint=say(control.hint) if control.hint else "",
            maximum_length=LONGEST,
            holders=holders[name] if control is PROFILE_FIELDS[name].controls[-1] else (),
        )
        for name in EDITABLE
        for control in PROFILE_FIELDS[name].controls
    )
    errors = tuple(
        views.FieldError(field=_first_control(name), message=f"{field_label(name)}: {say(message)}")
        for name, message in faults.items()
    )
    view = views.ProfileEditView(
        chrome=visit.chrome("profile"),
        action="/profile/edit",
        cancel_url="/profile",
        fields=fields,
        errors=errors,
    )
    return show("profile_edit", view, status=400 if faults else 200)


def _holders(field: OwnField) -> tuple[views.Holder, ...]:
    return tuple(
        views.Holder(brand=each.brand, since=each.last_at, may_read=each.may_read) for each in field.readers
    )


ROUTES = (
    Route("/profile", signed_in_page(profile), methods=["GET"]),
    Route("/profile/edit", signed_in_page(show_edit), methods=["GET"]),
    Route("/profile/edit", signed_in_page(do_edit), methods=["POST"]),
)
