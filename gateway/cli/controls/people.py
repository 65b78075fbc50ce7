"""Controls of administrators: enough of them, each with a second factor, and none acting alone."""

from gateway.actions.waiting import BROKEN_GLASS
from gateway.cli.controls.control import Finding, Sight
from gateway.kit.clock import DAY
from gateway.model.people import Power, roles_with
from gateway.store.admin_actions import count_acts
from gateway.store.administration.administrators import list_without_factor
from gateway.store.approvers import count_active

GLASS_DAYS = 30


async def approvers(sight: Sight) -> Finding:
    """Check whether there are enough people to approve a partner."""
    roles = sorted(map(str, roles_with(Power.REVIEW_PARTNER)))
    count = await sight.opened.store.read(count_active, roles)
    needed = max(sight.settings.approvals_needed, 2 if sight.settings.is_production else 1)
    return Finding(
        count >= needed,
        f"{count} people can approve, {needed} are needed",
        f"Give {needed} different people one of the roles {', '.join(roles)}, and let them accept their invitation.",
    )


async def two_people(sight: Sight) -> Finding:
    """Check how often one person did alone what takes two."""
    count = await sight.opened.store.read(count_acts, (BROKEN_GLASS, sight.now - GLASS_DAYS * DAY))
    found = f"broken {count} time(s) in {GLASS_DAYS} days: 'consent-gateway waiting list' says by whom"
    return Finding(
        not count,
        found if count else "nobody did alone what takes two",
        "Ask whoever did it why, and see that two people can be reached.",
    )


async def second_factors(sight: Sight) -> Finding:
    """Name people with powers but no second factor, without which they can act for a limited time only."""
    lacking = await sight.opened.store.read(list_without_factor, None)
    names = ", ".join(f"{each.person_id} ({each.role} of {each.organisation_id})" for each in lacking)
    return Finding(
        not lacking,
        f"missing for {len(lacking)}: {names}" if lacking else "every administrator has one",
        "Remind them: each sets one up after the next log-in, under Security.",
    )


async def clients_let_off(sight: Sight) -> Finding:
    """Name the clients that two administrators have allowed to use neither PKCE nor a nonce."""
    clients = sight.opened.registry.clients.values()
    found = sorted(each.client.client_id for each in clients if each.may_send_neither and not each.left_at)
    return Finding(
        not found,
        f"{', '.join(found)} may send neither" if found else "every client sends one of them",
        "Ask the partner for a library of today, then run 'consent-gateway partner demand-pkce CLIENT'.",
    )
