"""Pages of a person's own profile."""

import json
from collections.abc import Mapping

from starlette.responses import Response
from starlette.routing import Route

from gateway.accounts.fields import LONGEST
from gateway.actions.profile import EDITABLE, OwnField, OwnProfile, edit_profile, see_profile
from gateway.web import views
from gateway.web.formats import later, say
from gateway.web.visit import Visit, see_other, show, signed_in_page
from gateway.web.wording import field_label

_KINDS: Mapping[str, tuple[str, str, str]] = {
    "alternate_email": ("email", "email", later("For recovering your account. Never needed by a partner.")),
    "phone_number": ("tel", "tel", later("With + and the country code, as in +44 20 7946 0000.")),
    "locale": ("text", "language", later("Such as en, en-IN, hi or kn.")),
    "picture": ("url", "photo", later("The address of a picture.")),
}
ADDRESS = (
    ("street_address", later("Street and house"), "street-address"),
    ("locality", later("Town"), "address-level2"),
    ("region", later("Region or state"), "address-level1"),
    ("postal_code", later("Postal code"), "postal-code"),
    ("country", later("Country"), "country-name"),
)


async def profile(visit: Visit) -> Response:
    """Show one's own fields; values in full only after a recent password."""
    found = await see_profile(visit.services, visit.signed_in)
    view = views.ProfileView(
        chrome=visit.chrome("profile"),
        fields=tuple(_field(each, found) for each in found.fields),
        reveal_url="" if found.is_fresh else "/reauthenticate?next=/profile",
    )
    return show("profile", view)


def _field(field: OwnField, found: OwnProfile) -> views.ProfileField:
    return views.ProfileField(
        key=field.name,
        label=field_label(field.name),
        value=_words(field),
        source="self" if field.source == "self" else "school",
        masked=not found.is_fresh and field.value is not None,
        verified=field.is_verified,
        recipients=field.partners,
        changed_at=field.changed_at,
        verify_action="/profile/verify" if _is_to_be_verified(field) else "",
        edit_url=f"/profile/edit#field-{_first_control(field.name)}" if field.is_editable else "",
    )


def _is_to_be_verified(field: OwnField) -> bool:
    """An address that helps to recover the account must be known to be the person's."""
    return field.name == "alternate_email" and field.value is not None and not field.is_verified


def _first_control(name: str) -> str:
    return f"address.{ADDRESS[0][0]}" if name == "address" else name


def _words(field: OwnField) -> str | None:
    if field.name != "address" or field.value is None:
        return field.value
    members = _members(field.value)
    return ", ".join(members[name] for name, _, _ in ADDRESS if name in members) or field.value


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
    controls = {name: values.get(name, "") for name in EDITABLE if name != "address"}
    return controls | {f"address.{name}": members.get(name, "") for name, _, _ in ADDRESS}


async def do_edit(visit: Visit) -> Response:
    """Keep what was typed, or show it again with what is wrong."""
    form = await visit.form()
    controls = {name: form.one(name) for name in _controls({})}
    members = {name: controls[f"address.{name}"].strip() for name, _, _ in ADDRESS}
    given = {name: text for name, text in members.items() if text}
    wanted = {name: controls[name] for name in EDITABLE if name != "address"}
    wanted["address"] = json.dumps(given) if given else ""
    faults = await edit_profile(visit.services, visit.signed_in, wanted)
    if not faults:
        return see_other("/profile?done=saved")
    return _edit_page(visit, await see_profile(visit.services, visit.signed_in), controls, faults)


def _edit_page(
    visit: Visit, found: OwnProfile, controls: Mapping[str, str], faults: Mapping[str, str]
) -> Response:
    holders = {each.name: _holders(each) for each in found.fields}
    fields = [
        views.EditField(
            key=name,
            label=field_label(name),
            kind=_KINDS[name][0],  # type: ignore[arg-type]  # the table above holds only known kinds
            value=controls[name],
            autocomplete=_KINDS[name][1],
            hint=say(_KINDS[name][2]),
            maximum_length=LONGEST,
            holders=holders[name],
        )
        for name in EDITABLE
        if name in _KINDS
    ]
    fields += [
        views.EditField(
            key=f"address.{name}",
            label=say(label),
            kind="text",
            value=controls[f"address.{name}"],
            autocomplete=autocomplete,
            maximum_length=LONGEST,
            holders=holders["address"] if position == len(ADDRESS) - 1 else (),
        )
        for position, (name, label, autocomplete) in enumerate(ADDRESS)
    ]
    errors = tuple(
        views.FieldError(field=_first_control(name), message=f"{field_label(name)}: {say(message)}")
        for name, message in faults.items()
    )
    view = views.ProfileEditView(
        chrome=visit.chrome("profile"),
        action="/profile/edit",
        cancel_url="/profile",
        fields=tuple(fields),
        errors=errors,
    )
    return show("profile_edit", view, status=400 if faults else 200)


def _holders(field: OwnField) -> tuple[views.Holder, ...]:
    return tuple(views.Holder(brand=brand, since=at) for brand, at in field.readers)


ROUTES = (
    Route("/profile", signed_in_page(profile), methods=["GET"]),
    Route("/profile/edit", signed_in_page(show_edit), methods=["GET"]),
    Route("/profile/edit", signed_in_page(do_edit), methods=["POST"]),
)
