"""A manifest that is handed in, and kept for review."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.actions.partners.review import taken_ids
from gateway.actions.services import Services
from gateway.store.partners.partners import Submission, load_partners, submit_manifests
from gateway.store.partners.registration import Amendment, amend_manifests
from partners import (
    Manifest,
    ManifestError,
    ManifestFault,
    PartnerState,
    manifest_content,
    manifest_from_content,
    parse_manifest,
    partner_content,
    with_registered,
)


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
    faults = [ManifestFault(file, key, why) for key, why in taken_ids(manifest, services.registry)]
    if found and found[0].state == PartnerState.ENDED:
        faults.append(
            ManifestFault(file, "partner.partner_id", f"{partner_id} has ended and cannot come back")
        )
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
