"""Partners: handing a manifest in, taking it live, and every move after that; for pages and command line alike."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum, auto

from gateway.actions.deletions import see_late_deletions
from gateway.actions.partner_publication import plan_publication
from gateway.actions.partner_review import Review, own_offers, review_manifest, taken_ids
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, end
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.counts import Count
from gateway.model.deletions import Deletion
from gateway.model.grants import LIVE, ActorKind, ReasonCode
from gateway.store.admin_actions import AdminAction, load_actions
from gateway.store.go_live import ManifestApproval, approve_manifests, load_approvers
from gateway.store.grants import Change, GrantQuery, commit_changes, count_all_live, count_live, search_grants
from gateway.store.partners import (
    NewSecret,
    PartnerRecord,
    StateChange,
    Submission,
    keep_secrets,
    load_partners,
    move_partners,
    newest_offer_versions,
    publish_manifests,
    submit_manifests,
)
from gateway.store.registrations import Amendment, amend_manifests
from partners import (
    Fault,
    Manifest,
    ManifestError,
    MoveError,
    Partner,
    PartnerState,
    check_move,
    manifest_content,
    manifest_from_content,
    parse_manifest,
    partner_content,
    partner_from_content,
    with_registered,
)

BATCH = 100


class PartnerMove(StrEnum):
    """What an administrator can do with a partner besides approving what it handed in."""

    REVIEW = auto()
    RETURN = auto()
    PAUSE = auto()
    RESUME = auto()
    END = auto()


TARGETS: Mapping[PartnerMove, PartnerState] = {
    PartnerMove.REVIEW: PartnerState.REVIEW,
    PartnerMove.RETURN: PartnerState.DRAFT,
    PartnerMove.PAUSE: PartnerState.PAUSED,
    PartnerMove.RESUME: PartnerState.LIVE,
    PartnerMove.END: PartnerState.ENDED,
}
APPROVABLE = frozenset({PartnerState.REVIEW, PartnerState.LIVE})


class UnpublishableError(Exception):
    """A manifest that cannot go live as it is, with every reason."""

    def __init__(self, obstacles: tuple[str, ...]) -> None:
        """Keep the reasons; the message lists them."""
        super().__init__("\n".join(obstacles))
        self.obstacles = obstacles


@dataclass(frozen=True, slots=True)
class Submitted:
    """A manifest that was handed in; `version` is None when it says what the newest one says.

    Attributes:
        dropped: clients that had registered themselves for a service that is no longer in it.
    """

    version: int | None
    partner_id: str
    manifest: Manifest
    dropped: tuple[str, ...] = ()


async def submit_manifest(
    services: Services, text: str, file: str, files: Mapping[str, str], submitted_by: str
) -> Submitted:
    """Keep a manifest for review; what is live stays as it is, and so do clients that registered themselves.

    Raises:
        ManifestError: with every fault, ids that another partner holds among them.
    """
    loopback = not services.settings.is_production
    manifest = parse_manifest(text, file=file, files=files, allow_loopback=loopback)
    partner_id = manifest.partner.partner_id
    found = await services.store.read(load_partners, partner_id)
    faults = [Fault(file, key, why) for key, why in taken_ids(manifest, services.registry)]
    if found and found[0].state == PartnerState.ENDED:
        faults.append(Fault(file, "partner.partner_id", f"{partner_id} has ended and cannot come back"))
    if faults:
        raise ManifestError(faults)
    submission = Submission(
        partner_id=partner_id,
        partner_content=partner_content(manifest.partner),
        content=manifest_content(manifest),
        submitted_by=submitted_by,
        at=services.clock(),
    )
    if not found:
        return Submitted(await services.store.run(submit_manifests, submission), partner_id, manifest)
    dropped: set[str] = set()

    def go_on(content: str, _: str, registered: frozenset[str]) -> Submission:
        if not registered:
            return submission
        before = manifest_from_content(content)
        whole = with_registered(manifest, before, registered)
        kept = {each.client_id for each in whole.clients}
        dropped.update(registered & {each.client_id for each in before.clients} - kept)
        return replace(submission, content=manifest_content(whole))

    version = await services.store.run(amend_manifests, Amendment(partner_id, go_on))
    return Submitted(version, partner_id, manifest, tuple(sorted(dropped)))


@dataclass(frozen=True, slots=True)
class ListedPartner:
    """A partner in the list."""

    record: PartnerRecord
    partner: Partner
    offer_count: int
    live_grants: Count


async def list_partners(services: Services) -> list[ListedPartner]:
    """List every partner, those that wait for a review first."""
    records = await services.store.read(load_partners, None)
    live_grants = await services.store.read(count_all_live, None)
    listed = [
        ListedPartner(
            record=record,
            partner=partner_from_content(record.content),
            offer_count=len(own_offers(services.registry, record.partner_id)),
            live_grants=live_grants.get(record.partner_id, Count()),
        )
        for record in records
    ]
    return sorted(listed, key=lambda each: (not is_waiting(each.record), each.partner.brand.casefold()))


def is_waiting(record: PartnerRecord) -> bool:
    """Whether somebody should look at it: it is in review, or live with a newer manifest."""
    state = PartnerState(record.state)
    return state is PartnerState.REVIEW or (
        state is PartnerState.LIVE and record.pending_manifest is not None
    )


@dataclass(frozen=True, slots=True)
class SeenPartner:
    """A partner with what it handed in.

    Attributes:
        partner: as it is live, or as it introduced itself.
        review: the manifest that waits, if one does.
        moves: what its state allows.
        actions: administrators' acts, oldest first.
        late_deletions: what it was asked to delete and is late with.
        approvers: who approved the manifest that waits, where more than one has to.
    """

    record: PartnerRecord
    partner: Partner
    review: Review | None
    live_grants: Count
    moves: tuple[PartnerMove, ...]
    actions: tuple[AdminAction, ...]
    late_deletions: tuple[Deletion, ...] = ()
    approvers: tuple[str, ...] = ()

    @property
    def state(self) -> PartnerState:
        """Where it stands."""
        return PartnerState(self.record.state)

    @property
    def is_approvable(self) -> bool:
        """Whether its manifest could go live now."""
        return self.review is not None and self.state in APPROVABLE and not self.review.obstacles


async def see_partner(services: Services, partner_id: str) -> SeenPartner:
    """Show one partner.

    Raises:
        Refusal: ``not_found``.
    """
    record = await _record(services, partner_id)
    live_grants = await services.store.read(count_live, partner_id)
    actions = await services.store.read(load_actions, ("partner", partner_id))
    return SeenPartner(
        record=record,
        partner=partner_from_content(record.content),
        review=await _review(services, record),
        live_grants=live_grants,
        moves=tuple(move for move in PartnerMove if _can_move(record, move, live_grants)),
        actions=tuple(actions),
        late_deletions=tuple(await see_late_deletions(services, partner_id)),
        approvers=await services.store.read(load_approvers, (partner_id, record.pending_manifest or 0)),
    )


async def _record(services: Services, partner_id: str) -> PartnerRecord:
    found = await services.store.read(load_partners, partner_id)
    if not found:
        raise Refusal("not_found", detail="unknown partner")
    return found[0]


async def _review(services: Services, record: PartnerRecord) -> Review | None:
    if record.pending_manifest is None:
        return None
    content = next(each.content for each in record.manifests if each.version == record.pending_manifest)
    manifest = manifest_from_content(content)
    newest = {
        offer.offer_id: await services.store.read(newest_offer_versions, offer.offer_id)
        for offer in manifest.offers
    }
    return review_manifest(
        record.pending_manifest,
        manifest,
        services.registry,
        newest,
        has_relay=bool(services.settings.relay_domain),
    )


def _can_move(record: PartnerRecord, move: PartnerMove, live_grants: Count) -> bool:
    try:
        _check(record, move, live_grants)
    except MoveError:
        return False
    return True


def _check(record: PartnerRecord, move: PartnerMove, live_grants: Count) -> None:
    """Check a move.

    Raises:
        MoveError: the state does not allow it.
    """
    state = PartnerState(record.state)
    if move is PartnerMove.END and state is PartnerState.ENDED and live_grants.number:
        return  # Somebody pulled the plug while its consents were being ended: the rest of them can still be.
    check_move(state, TARGETS[move])
    if move is PartnerMove.RESUME and state is not PartnerState.PAUSED:
        raise MoveError("only what is paused resumes; what is in review is approved")
    if move is PartnerMove.REVIEW and record.pending_manifest is None:
        raise MoveError("there is nothing to review")


async def move_partner(
    services: Services, actor_id: str, partner_id: str, move: PartnerMove, reason: ReasonCode | None
) -> None:
    """Move a partner; every node knows at its next transaction. To end it ends every consent for it.

    Raises:
        Refusal: ``not_found``, or ``stale_form`` when its state does not allow the move (any more).
    """
    record = await _record(services, partner_id)
    live_grants = await services.store.read(count_live, partner_id)
    try:
        _check(record, move, live_grants)
    except MoveError as error:
        raise Refusal("stale_form", detail=str(error)) from None
    action = _action(services, actor_id, f"{move}_partner", partner_id, reason, live_grants=str(live_grants))
    change = StateChange(partner_id, record.state, TARGETS[move], services.clock(), action)
    if not await services.store.run(move_partners, change):
        raise Refusal("stale_form", detail="the partner's state changed in the meantime")
    if move is PartnerMove.END:
        await _end_grants(services, actor_id, partner_id)


def _action(
    services: Services,
    actor_id: str,
    act: str,
    partner_id: str,
    reason: ReasonCode | None = None,
    **detail: str | int,
) -> AdminAction:
    return AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action=act,
        target_kind="partner",
        target_id=partner_id,
        at=services.clock(),
        reason=str(reason) if reason else None,
        detail=detail,
    )


async def _end_grants(services: Services, actor_id: str, partner_id: str) -> None:
    """End what stands, batch by batch; nothing is released any more since the partner's state changed."""
    actor, reason = Actor(ActorKind.ADMIN, actor_id, "administration"), ReasonCode.PARTNER_ENDED
    for state in sorted(LIVE):
        query = GrantQuery(partner_id=partner_id, state=str(state), limit=BATCH)
        while lines := await services.store.read(search_grants, query):
            now = services.clock()
            outcomes = [end(line.grant, actor, reason, now=now, ids=services.ids) for line in lines]
            # In the order of ids, as the gate locks them.
            outcomes.sort(key=lambda outcome: outcome.grant.grant_id)
            await services.store.run_all(
                commit_changes, [Change(each.grant, each.event, now, reason) for each in outcomes]
            )


async def approve_partner(
    services: Services, actor_id: str, partner_id: str, seen: int, reason: ReasonCode | None = None
) -> Review | None:
    """Publish the manifest that waits: partner, clients, and a new version of each offer that changed.

    Where two have to approve, the first one's yes is kept, and nothing is live until somebody else's.

    Args:
        seen: version of the manifest that was looked at; another one is not published.

    Returns:
        What went live; None where it waits for somebody else's yes.

    Raises:
        UnpublishableError: the manifest cannot go live as it is.
        Refusal: ``not_found``, or ``stale_form`` when the partner is not to be approved (any more).
    """
    record = await _record(services, partner_id)
    review = await _review(services, record)
    if review is None or review.version != seen or PartnerState(record.state) not in APPROVABLE:
        raise Refusal("stale_form", detail=f"manifest {seen} of a partner that is {record.state}")
    if review.obstacles:
        raise UnpublishableError(review.obstacles)
    action = _action(
        services, actor_id, "approve_partner", partner_id, reason, manifest=seen, **review.numbers
    )
    needed = services.settings.approvals_needed
    if needed > 1:
        yes = _action(services, actor_id, "say_yes_to_manifest", partner_id, reason, manifest=seen)
        own = ManifestApproval(partner_id, record.state, seen, yes)
        count = await services.store.run(approve_manifests, own)
        if count is None:
            raise Refusal("stale_form", detail="the partner changed in the meantime")
        if count < needed:
            return None
    plan = replace(
        plan_publication(record, review, action, services.ids), approvals=needed if needed > 1 else 0
    )
    if not await services.store.run(publish_manifests, plan):
        raise Refusal("stale_form", detail="the partner changed in the meantime")
    return review


async def new_client_secret(services: Services, actor_id: str, client_id: str) -> str:
    """Give a client a new secret; the old one stops working at once, and only a digest of the new one is kept.

    Raises:
        Refusal: ``not_found`` for a client that is unknown or has no secret.
    """
    await services.store.read(load_partners, None)
    client = services.registry.clients.get(client_id)
    if client is None or client.left_at is not None or not client.client.auth_method.is_by_secret:
        raise Refusal("not_found", detail="no client with a secret has this id")
    secret = services.ids(Kind.CLIENT_SECRET)
    action = _action(services, actor_id, "new_client_secret", client.client.partner_id, client=client_id)
    await services.store.run(keep_secrets, NewSecret(client_id, digest(secret), action))
    return secret
