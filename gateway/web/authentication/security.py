"""Pages of how one signs in: open sessions, passkeys, codes of an app."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.authentication.passkeys import (
    PasskeyQuestion,
    add_passkey,
    ask_to_add,
    name_passkey,
    remove_passkey,
)
from gateway.actions.authentication.recovery_codes import renew_codes
from gateway.actions.authentication.second_factors import (
    Setup,
    begin_setup,
    finish_setup,
    remove_code,
    setup_again,
)
from gateway.actions.authentication.security import end_other_sessions, end_session, see_security
from gateway.actions.authentication.sessions import find_person_email
from gateway.kit.errors import Refusal
from gateway.model.people import powers_of
from gateway.store.sessions import SessionLine
from gateway.web.pages import views
from gateway.web.pages.formats import say
from gateway.web.pages.step_up import stepped_up
from gateway.web.pages.visit import (
    Visit,
    keep_session,
    local_path,
    see_other,
    show,
    signed_in_page,
    with_device,
)

HERE = "/security"
FIRST = "/second-factor"
"""Where somebody with powers sets up the first factor."""


@dataclass(frozen=True, slots=True)
class FactorPlace:
    """Where a factor is set up, and where that leads to."""

    path: str
    next_path: str

    @property
    def onward(self) -> str:
        """The page that follows."""
        return self.next_path or "/admin"

    def at(self, path: str) -> str:
        """Give the address of a page of this place."""
        query = f"?{urlencode({'next': self.next_path})}" if self.path == FIRST and self.next_path else ""
        return self.path + path + query


async def security(visit: Visit) -> Response:
    """Show how the person signs in, and where."""
    found = await see_security(visit.services, visit.signed_in)
    view = views.SecurityView(
        chrome=visit.chrome("profile"),
        sessions=tuple(_session(visit, each) for each in found.sessions),
        passkeys=tuple(
            views.OwnPasskey(
                key=each.credential_id.hex(), name=name, added_at=each.created_at, used_at=each.used_at
            )
            for each, name in zip(found.passkeys, found.names, strict=True)
        ),
        code_since=found.authenticator.created_at if found.authenticator else None,
        codes_left=found.codes_left,
        has_factor=found.has_factor,
        takes_factor=bool(powers_of(visit.signed_in.person.role)),
        step_up_url="" if found.is_fresh else f"/reauthenticate?next={HERE}",
    )
    return show("security", view)


def _session(visit: Visit, line: SessionLine) -> views.OpenSession:
    is_this = line.session_digest == visit.signed_in.session_digest
    return views.OpenSession(
        agent=line.agent,
        since=line.created_at,
        last_seen_at=line.last_seen_at,
        how=line.acr,  # type: ignore[arg-type]  # the store holds only known classes
        is_this=is_this,
        end_action="" if is_this else f"{HERE}/sessions/end",
        key=line.session_digest.hex(),
    )


async def end_sessions(visit: Visit) -> Response:
    """Sign one other browser out, or all of them."""
    form, device = await visit.form(), ""
    if form.one("session") == "others":
        device = await end_other_sessions(visit.services, visit.signed_in, visit.device)
    else:
        await end_session(visit.services, visit.signed_in, _bytes(form.one("session")))
    return with_device(see_other(f"{HERE}?done=signed-out-there"), device)


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Refusal("bad_form", detail="not in hexadecimal") from None


def place_of(visit: Visit) -> FactorPlace:
    """Tell where a factor is set up: in one's own security, or on the way into the administration."""
    if visit.request.url.path.startswith(FIRST):
        return FactorPlace(FIRST, local_path(visit.request.query_params.get("next", "")))
    return FactorPlace(HERE, HERE)


async def show_code(visit: Visit) -> Response:
    """Show the picture that an app is set up with."""
    name = await find_person_email(visit.services, visit.signed_in)
    proof = visit.request.query_params.get("proof", "")
    return _setup_page(visit, await begin_setup(visit.services, visit.signed_in, name, proof))


def _setup_page(visit: Visit, setup: Setup, errors: tuple[views.FieldError, ...] = ()) -> Response:
    picture, side = _picture(setup.uri)
    place = place_of(visit)
    view = views.CodeSetupView(
        chrome=visit.chrome("profile"),
        action=place.at("/code"),
        cancel_url=place.at(""),
        secret=setup.secret,
        uri=setup.uri,
        picture=picture,
        side=side,
        hidden=(("ticket", setup.ticket),),
        errors=errors,
    )
    return show("code_setup", view, status=400 if errors else 200)


def _picture(text: str) -> tuple[str, int]:
    """Draw a QR code as a path of squares, with its quiet zone (ISO/IEC 18004 §9.1): no picture file, no style."""
    # Few people set an app up, and every start would wait for it.
    import segno

    rows = [tuple(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=4)]
    squares = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return "".join(squares), len(rows)


async def do_code(visit: Visit) -> Response:
    """Take the first code, and show the recovery codes. The code counts for this session at once."""
    form = await visit.form()
    found = await finish_setup(visit.services, visit.signed_in, form.one("ticket"), form.one("code"))
    if found is None:
        name = await find_person_email(visit.services, visit.signed_in)
        again = setup_again(visit.services, visit.signed_in, form.one("ticket"), name)
        wrong = views.FieldError(field="code", message=say("This code is not right, or it is an old one."))
        return _setup_page(visit, again, (wrong,))
    visit = replace(visit, session=found.logged_in.session)
    return keep_session(visit, codes_page(visit, found.codes, place_of(visit).onward), found.logged_in.secret)


def codes_page(visit: Visit, codes: list[str], onward: str) -> Response:
    """Show recovery codes, this once."""
    view = views.RecoveryCodesView(
        chrome=visit.chrome("profile", back=HERE), codes=tuple(codes), onward_url=onward
    )
    return show("recovery_codes", view)


async def new_codes(visit: Visit) -> Response:
    """Make new recovery codes."""
    await visit.form()
    return codes_page(visit, await renew_codes(visit.services, visit.signed_in), HERE)


async def drop_code(visit: Visit) -> Response:
    """Sign in without codes from now on."""
    await visit.form()
    await remove_code(visit.services, visit.signed_in)
    return see_other(f"{HERE}?done=saved")


async def show_passkey(visit: Visit) -> Response:
    """Let the browser make a passkey."""
    return await _passkey_page(visit, proof=visit.request.query_params.get("proof", ""))


async def _passkey_page(
    visit: Visit, errors: tuple[views.FieldError, ...] = (), *, proof: str = ""
) -> Response:
    name, place = await find_person_email(visit.services, visit.signed_in), place_of(visit)
    asked = await ask_to_add(visit.services, visit.signed_in, name, proof)
    return passkey_page(
        visit,
        "add",
        place.at("/passkey"),
        place.at(""),
        asked,
        hidden=(("proof", proof),) if proof else (),
        errors=errors,
    )


def passkey_page(
    visit: Visit,
    purpose: str,
    action: str,
    cancel_url: str,
    asked: PasskeyQuestion,
    *,
    hidden: views.Hidden = (),
    errors: tuple[views.FieldError, ...] = (),
    form_to: str = "",
) -> Response:
    """Show a page whose script talks to the browser's passkeys; only such pages may run a script."""
    view = views.PasskeyView(
        chrome=visit.chrome(),
        purpose=purpose,  # type: ignore[arg-type]  # one of three words, by our own callers
        action=action,
        options=asked.options,
        cancel_url=cancel_url,
        hidden=(("ticket_of_passkey", asked.ticket), *hidden),
        errors=errors,
    )
    return show("passkey", view, status=400 if errors else 200, form_to=form_to, has_script=True)


async def do_passkey(visit: Visit) -> Response:
    """Keep the passkey that the browser made; the first one of somebody with powers is used at once."""
    form, place = await visit.form(), place_of(visit)
    ticket, answer = form.one("ticket_of_passkey"), form.one("credential")
    codes = await add_passkey(visit.services, visit.signed_in, ticket, answer, form.one("name"))
    if codes is None:
        fault = views.FieldError(field="", message=passkey_fault())
        return await _passkey_page(visit, (fault,), proof=form.one("proof"))
    if codes:
        used = f"/reauthenticate/passkey?{urlencode({'next': place.onward})}"
        return codes_page(visit, codes, used)
    return see_other(f"{HERE}?done=saved")


def passkey_fault() -> str:
    """Say that a passkey's answer did not hold."""
    return say("This passkey could not be used here.")


async def drop_passkey(visit: Visit) -> Response:
    """Forget a passkey."""
    form = await visit.form()
    await remove_passkey(visit.services, visit.signed_in, _bytes(form.one("passkey")))
    return see_other(f"{HERE}?done=saved")


async def rename_passkey(visit: Visit) -> Response:
    """Give a passkey another name."""
    form = await visit.form()
    await name_passkey(visit.services, visit.signed_in, _bytes(form.one("passkey")), form.one("name"))
    return see_other(f"{HERE}?done=saved")


ROUTES = (
    Route(HERE, signed_in_page(security), methods=["GET"]),
    Route(f"{HERE}/sessions/end", signed_in_page(end_sessions), methods=["POST"]),
    Route(f"{HERE}/code", signed_in_page(stepped_up(show_code, back=HERE)), methods=["GET"]),
    Route(f"{HERE}/code", signed_in_page(stepped_up(do_code, back=HERE)), methods=["POST"]),
    Route(f"{HERE}/code/remove", signed_in_page(stepped_up(drop_code, back=HERE)), methods=["POST"]),
    Route(f"{HERE}/codes", signed_in_page(stepped_up(new_codes, back=HERE)), methods=["POST"]),
    Route(f"{HERE}/passkey", signed_in_page(stepped_up(show_passkey, back=HERE)), methods=["GET"]),
    Route(f"{HERE}/passkey", signed_in_page(stepped_up(do_passkey, back=HERE)), methods=["POST"]),
    Route(f"{HERE}/passkey/name", signed_in_page(stepped_up(rename_passkey, back=HERE)), methods=["POST"]),
    Route(f"{HERE}/passkey/remove", signed_in_page(stepped_up(drop_passkey, back=HERE)), methods=["POST"]),
)
