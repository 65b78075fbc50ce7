"""Controls of the database, seen from outside."""

from urllib.parse import urlsplit

from gateway.cli.controls.control import Finding, Sight
from gateway.store.engine.probes import Findings
from gateway.store.engine.revision import MIGRATE, NEWER, is_newer

EARLIEST = 1_780_000_000
"""2026-05-28; this program is younger, so a clock that shows an earlier time is wrong."""
SLACK = 120
"""Seconds by which two clocks may differ."""
_LOCAL = ("", "localhost", "127.0.0.1", "::1")


def database(sight: Sight) -> Finding:
    """Check whether the database answers."""
    if not isinstance(sight.database, Findings):
        return Finding(False, str(sight.database), "Start it, or correct the address.")
    return Finding(True, "answers")


def database_tls(sight: Sight) -> Finding:
    """Check whether traffic to the database could be read on its way over the network."""
    is_near = (urlsplit(sight.settings.database).hostname or "") in _LOCAL
    if is_near or sight.settings.database.startswith("sqlite"):
        return Finding(True, "on this machine")
    is_encrypted = sight.findings.is_encrypted
    return Finding(
        is_encrypted is not False or not sight.settings.is_production,
        {True: "encrypted", False: "not encrypted", None: "the database does not tell"}[is_encrypted],
        "Add ?sslmode=verify-full&sslrootcert=FILE to CONSENT_GATEWAY_DATABASE_URL.",
    )


def schema(sight: Sight) -> Finding:
    """Check whether the tables are those of this program."""
    found = sight.findings
    differences = "; ".join(found.differences)
    remedy = "Somebody changed tables by hand: restore them."
    if not found.is_current:
        remedy = NEWER if is_newer(found.revision, found.newest_revision) else MIGRATE
    return Finding(
        found.is_current and not differences,
        f"{found.revision or 'empty'}, newest is {found.newest_revision}"
        + f"; {differences}" * bool(differences),
        remedy,
    )


def durable_commits(sight: Sight) -> Finding:
    """Check whether a commit survives a power cut."""
    return Finding(
        not sight.findings.durability,
        "; ".join(sight.findings.durability) or "a commit survives a power cut",
        "Set the database's options back: a hand-off must be durable before its bytes leave.",
    )


def append_only_guards(sight: Sight) -> Finding:
    """Check whether rows of the logs could be changed."""
    unguarded = sight.findings.unguarded
    return Finding(
        not unguarded,
        f"missing on {', '.join(unguarded)}" if unguarded else "every log refuses changes",
        "Somebody dropped triggers. Restore the database from a backup, then look for who did it.",
    )


def clock(sight: Sight) -> Finding:
    """Compare this machine's clock with the database's and with what it holds."""
    found, now, wrong = sight.findings, sight.now, []
    if now < EARLIEST:
        wrong.append("it shows a time before this program was written")
    if found.newest_at is not None and found.newest_at > now + SLACK:
        wrong.append("the database holds rows from the future")
    if found.clock is not None and abs(found.clock - now) > SLACK:
        wrong.append(f"it differs from the database's by {abs(found.clock - now)} s")
    return Finding(not wrong, "; ".join(wrong) or "agrees", "Synchronise the clock (NTP).")
