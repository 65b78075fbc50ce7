"""The administrators' switches for clients that cannot do PKCE: a nonce instead, or neither (RFC 9700 §2.1.1)."""

from collections.abc import Sequence

from gateway.actions import waiting
from gateway.actions.services import Services
from gateway.actions.two_people import ActFact, Execution, TwoPeople
from gateway.actions.waiting import Wish, effect_of
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind
from gateway.model.people import Power
from gateway.model.registry import RegisteredClient
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.partners import PkceSwitch, load_partners, switch_pkce
from partners import Profile

LONGEST = 300
"""Characters of a reason."""


async def switch_to_nonce(services: Services, actor_id: str, client_id: str, reason: str) -> None:
    """Let a `baseline` client send a nonce where it sends no code challenge; the reason is kept with it.

    Raises:
        Refusal: ``not_found`` for a client that is unknown or `fapi2`, which knows no exception; ``bad_form``
            without a reason.
    """
    await _switch(services, actor_id, client_id, _readable(reason))


async def ask_for_neither(
    services: Services, asker: Administrator, client_id: str, reason: str
) -> WaitingAct:
    """Ask that a client may send neither a code challenge nor a nonce; the reason is kept with it.

    Raises:
        Refusal: ``not_found`` for a client that is unknown or `fapi2`; ``bad_form`` without a reason, or for a client
            one of whose redirect URIs is not https; ``stale_form`` where it may already, or somebody asked.
    """
    why = _readable(reason)
    client = await _baseline(services, client_id)
    if not client.can_be_let_off:
        raise Refusal("bad_form", detail="a redirect URI of this client is not https")
    if client.neither_reason is not None:
        raise Refusal("stale_form", detail="it may already")
    wish = Wish(("partner", client.client.partner_id), {"client": client_id}, why, subject=client_id)
    return await waiting.ask(services, ALLOW_NEITHER, asker, wish)


async def switch_to_pkce(services: Services, actor_id: str, client_id: str) -> None:
    """Demand PKCE of a client again, whichever it was let off with.

    Raises:
        Refusal: ``not_found``.
    """
    await _switch(services, actor_id, client_id, None)


def _readable(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > LONGEST or not reason.isprintable():
        raise Refusal("bad_form", detail="no reason, or none that can be printed")
    return reason


async def _baseline(services: Services, client_id: str) -> RegisteredClient:
    await services.store.read(load_partners, None)
    client = services.registry.clients.get(client_id)
    if client is None or client.client.profile is not Profile.BASELINE:
        raise Refusal("not_found", detail="no baseline client has this id")
    return client


async def _switch(services: Services, actor_id: str, client_id: str, reason: str | None) -> None:
    client = await _baseline(services, client_id)
    action = AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action="demand_pkce" if reason is None else "allow_nonce",
        target_kind="partner",
        target_id=client.client.partner_id,
        at=services.clock(),
        detail={"client": client_id, **({"why": reason} if reason else {})},
    )
    await services.store.run(switch_pkce, PkceSwitch(client_id, reason, action))


async def _describe(services: Services, act: WaitingAct) -> Sequence[ActFact]:
    client = (await _baseline(services, act.parts["client"])).client
    return (
        (Words("Client"), f"{client.name} ({client.client_id})"),
        (Words("Redirect addresses"), ", ".join(client.redirect_uris)),
        (
            Words("What happens"),
            Words(
                "It may send neither PKCE nor a nonce: an answer that is stolen and slipped to another browser is not "
                "noticed any more."
            ),
        ),
    )


async def _execute(services: Services, act: WaitingAct, _: Administrator) -> Execution:
    client = await _baseline(services, act.parts["client"])
    if not client.can_be_let_off:
        raise Refusal("stale_form", detail="a redirect URI of this client is not https any more")
    client_id = client.client.client_id
    record = effect_of(services, act, "allow_neither", client=client_id, why=act.why)
    return Execution(switch_pkce, PkceSwitch(client_id, client.nonce_reason, record, act.why))


ALLOW_NEITHER = TwoPeople(
    kind=WaitingKind.ALLOW_NEITHER,
    ask=Power.REVIEW_PARTNER,
    approve=Power.REVIEW_PARTNER,
    lifetime=3 * DAY,
    title=Words("A client goes without PKCE and nonce"),
    describe=_describe,
    execute=_execute,
)
