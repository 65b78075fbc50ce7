"""Unguessable identifiers and bearer secrets, each kind with its own prefix."""

import secrets
import time
from collections.abc import Callable
from enum import StrEnum

Ids = Callable[["Kind"], str]
"""Makes a fresh identifier of the given kind."""


class Kind(StrEnum):
    """Prefixes, in one table, so that secret scanners recognise what leaked."""

    ACCESS_TOKEN = "cg_at_"  # noqa: S105 - prefixes, not secrets
    REFRESH_TOKEN = "cg_rt_"  # noqa: S105 - a prefix
    AUTHORIZATION_CODE = "cg_ac_"
    REQUEST_URI = "cg_req_"
    CLIENT_SECRET = "cg_cs_"  # noqa: S105 - a prefix
    SESSION = "cg_se_"
    SID = "sid_"
    INVITATION = "cg_in_"
    PERSON = "per_"
    GRANT = "gra_"
    EVENT = "evt_"
    CONTACT = "con_"
    VIEW = "view_"
    SERVED = "srv_"
    NOTICE = "not_"
    HANDOFF = "hof_"
    FAMILY = "fam_"
    TOKEN = "tok_"  # noqa: S105 - a prefix
    REDEMPTION = "red_"
    PROOF = "prf_"
    ACTION = "act_"
    APPROVAL = "app_"
    PROPOSAL = "pro_"
    WAITING = "wai_"
    COMPLAINT = "cmp_"
    REQUEST = "req_"
    KEY = "key_"
    LETTER = "let_"
    MAIL_LINK = "cg_ml_"
    DELIVERY = "dlv_"
    DELETION = "del_"
    DEVICE_CODE = "cg_dc_"
    REGISTRATION_TOKEN = "cg_rg_"  # noqa: S105 - a prefix


SECRET_BYTES = {
    Kind.ACCESS_TOKEN,
    Kind.REFRESH_TOKEN,
    Kind.AUTHORIZATION_CODE,
    Kind.REQUEST_URI,
    Kind.CLIENT_SECRET,
    Kind.SESSION,
    Kind.INVITATION,
    Kind.DEVICE_CODE,
    Kind.REGISTRATION_TOKEN,
    Kind.MAIL_LINK,
}
"""Kinds that open something by themselves: 256 bits of chance; the others have 128, or 64 and a time."""


IN_ORDER = {Kind.HANDOFF, Kind.EVENT, Kind.ACTION, Kind.VIEW}
"""Kinds whose records have a time in whole seconds: of two in one second, the id tells which came first."""


def random_ids(kind: Kind) -> str:
    """Make an identifier from the operating system's generator (RFC 6749 §10.10).

    An id that is ``IN_ORDER`` begins with the nanosecond instead (after RFC 9562 §5.7), in hexadecimal, which every
    database sorts alike; nothing is ever decided by that time.
    """
    if kind in IN_ORDER:
        return kind + (time.time_ns().to_bytes(8) + secrets.token_bytes(8)).hex()
    return kind + secrets.token_urlsafe(32 if kind in SECRET_BYTES else 16)


def random_key() -> bytes:
    """Make a 256-bit symmetric key."""
    return secrets.token_bytes(32)
