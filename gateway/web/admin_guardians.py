"""Administrators' page of guardians: link one to a child, end a link. Nobody is listed (promise P9)."""

from collections.abc import Mapping

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.admin_people import own_organisation
from gateway.actions.guardian_links import (
    MAXIMUM_EVIDENCE,
    METHODS,
    Fault,
    Linking,
    link_guardian,
    unlink_guardian,
)
from gateway.model.people import Power
from gateway.web import views
from gateway.web.administration import doors, password_first
from gateway.web.formats import later, say
from gateway.web.visit import Visit, see_other, show, signed_in_page

HERE = "/admin/guardians"
METHOD_WORDS = dict(
    zip(
        METHODS,
        (later("In person"), later("By documents"), later("By a digital locker"), later("By a video call")),
        strict=True,
    )
)
LINK_FIELDS = ("child", "guardian", "method", "evidence")
END_FIELDS = ("linked_child", "linked_guardian")


async def guardians(visit: Visit) -> Response:
    """Show the two forms; whoever says yes for a child is at stake, so it takes a recent password."""
    visit.check_power(Power.PROVISION_PEOPLE)
    away = password_first(visit, HERE)
    return see_other(away) if away else await _page(visit, {}, ())


async def _page(visit: Visit, given: Mapping[str, str], errors: tuple[views.FieldError, ...]) -> Response:
    view = views.AdminGuardiansView(
        chrome=visit.chrome("admin", back=HERE),
        doors=await doors(visit),
        section="people",
        link_action=f"{HERE}/link",
        end_action=f"{HERE}/end",
        methods=tuple(
            views.Option(value=value, label=say(words), chosen=value == given.get("method"))
            for value, words in METHOD_WORDS.items()
        ),
        evidence_maximum=MAXIMUM_EVIDENCE,
        given=given,
        errors=errors,
    )
    return show("admin_guardians", view, status=422 if errors else 200)


async def link(visit: Visit) -> Response:
    """Link."""
    given = await _given(visit, LINK_FIELDS)
    if away := password_first(visit, HERE):
        return see_other(away)
    linking = _linking(visit, given["child"], given["guardian"])
    fault = await link_guardian(visit.services, linking, given["method"], given["evidence"])
    return await _answer(visit, given, fault, "", "linked")


async def end(visit: Visit) -> Response:
    """End a link."""
    given = await _given(visit, END_FIELDS)
    if away := password_first(visit, HERE):
        return see_other(away)
    linking = _linking(visit, given["linked_child"], given["linked_guardian"])
    fault = await unlink_guardian(visit.services, linking)
    return await _answer(visit, given, fault, "linked_", "unlinked")


async def _given(visit: Visit, names: tuple[str, ...]) -> dict[str, str]:
    visit.check_power(Power.PROVISION_PEOPLE)
    form = await visit.form()
    return {name: form.one(name).strip() for name in names}


def _linking(visit: Visit, child: str, guardian: str) -> Linking:
    administrator = visit.signed_in.person
    return Linking(administrator.person_id, own_organisation(administrator), child, guardian)


async def _answer(
    visit: Visit, given: Mapping[str, str], fault: Fault | None, prefix: str, done: str
) -> Response:
    if fault is None:
        return see_other(f"{HERE}?done={done}")
    error = views.FieldError(field=prefix + fault.field, message=say(fault.words))
    return await _page(visit, given, (error,))


ROUTES = (
    Route(HERE, signed_in_page(guardians), methods=["GET"]),
    Route(f"{HERE}/link", signed_in_page(link), methods=["POST"]),
    Route(f"{HERE}/end", signed_in_page(end), methods=["POST"]),
)
