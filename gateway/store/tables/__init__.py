"""Tables of the gateway. Records hold field names; a personal value stands nowhere in the clear.

Ids are text made by us, digests are bytes, times are whole seconds UTC, lists of items are canonical JSON.

One file a wing; this is the face of them all.
"""

from gateway.store.tables.accounts import (
    invitation,
    mail_link,
    organisation,
    person,
    person_field,
    person_key,
    preference,
)
from gateway.store.tables.administration import admin_action, waiting_act
from gateway.store.tables.authentication import (
    credential,
    one_time_password,
    passkey,
    recovery_code,
    session,
    spent_challenge,
    throttle,
)
from gateway.store.tables.columns import metadata
from gateway.store.tables.consent import (
    complaint,
    consent_event,
    consent_grant,
    grant_item,
    grant_use,
    notice_served,
    org_policy,
    receipt,
    reminder,
    school_request,
)
from gateway.store.tables.contacts import contact, contact_event, contact_view
from gateway.store.tables.guardians import approval, guardian_link, guardian_proposal
from gateway.store.tables.ledger import (
    handoff,
    log_archive,
    log_checkpoint,
    log_cosignature,
    log_leaf,
    log_origin,
    log_pending,
    log_tile,
)
from gateway.store.tables.mail import letter, relay_address
from gateway.store.tables.oauth import (
    access_token,
    authorization_code,
    client_assertion,
    client_token,
    device_authorization,
    dpop_proof,
    logout_delivery,
    pushed_request,
    refresh_token,
)
from gateway.store.tables.operation import lease, node
from gateway.store.tables.partners import (
    client,
    deletion_request,
    manifest_version,
    notice_version,
    offer,
    offer_version,
    partner,
    registration_token,
    registry_version,
    signing_key,
)

APPEND_ONLY = (
    manifest_version,
    offer_version,
    notice_version,
    notice_served,
    consent_event,
    handoff,
    grant_use,
    receipt,
    admin_action,
    contact_event,
    contact_view,
    log_leaf,
    log_checkpoint,
    log_origin,
    log_archive,
)
"""Tables that only grow; triggers on both databases refuse to change or delete a row.

Two of them let a row go under one condition: `handoff` and `log_leaf`, once it is archived and its grant is over
(`gateway/store/guards.py`).
"""


__all__ = [
    "APPEND_ONLY",
    "access_token",
    "admin_action",
    "approval",
    "authorization_code",
    "client",
    "client_assertion",
    "client_token",
    "complaint",
    "consent_event",
    "consent_grant",
    "contact",
    "contact_event",
    "contact_view",
    "credential",
    "deletion_request",
    "device_authorization",
    "dpop_proof",
    "grant_item",
    "grant_use",
    "guardian_link",
    "guardian_proposal",
    "handoff",
    "invitation",
    "lease",
    "letter",
    "log_archive",
    "log_checkpoint",
    "log_cosignature",
    "log_leaf",
    "log_origin",
    "log_pending",
    "log_tile",
    "logout_delivery",
    "mail_link",
    "manifest_version",
    "metadata",
    "node",
    "notice_served",
    "notice_version",
    "offer",
    "offer_version",
    "one_time_password",
    "org_policy",
    "organisation",
    "partner",
    "passkey",
    "person",
    "person_field",
    "person_key",
    "preference",
    "pushed_request",
    "receipt",
    "recovery_code",
    "refresh_token",
    "registration_token",
    "registry_version",
    "relay_address",
    "reminder",
    "school_request",
    "session",
    "signing_key",
    "spent_challenge",
    "throttle",
    "waiting_act",
]
