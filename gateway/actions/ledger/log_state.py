"""Where the hand-off log stands: under which name, signed up to where, and whether it has stopped growing."""

from dataclasses import dataclass

from gateway.actions.services import Services
from gateway.kit.logs import log
from gateway.kit.settings import SettingsError
from gateway.model.registry import LogOrigin
from gateway.store.engine.registry import look_at_registry
from gateway.store.ledger.delay import find_oldest_unsigned
from gateway.store.ledger.tree import is_anything_unsigned, load_last_checkpoints

PATIENCE = 60
"""Seconds after which a row that has no place, or no signature, means that no node looks after the log."""


@dataclass(frozen=True, slots=True)
class LogState:
    """Where the log stands, and where a move would take it.

    Attributes:
        origins: the names that it has borne; none for a log that has not begun.
        wanted: the name that the setting of the issuer gives.
        size: leaves under the newest checkpoint.
        is_signed: whether that checkpoint covers every leaf.
        behind_since: time of a row that waits longer than it may; None where none does.
    """

    origins: tuple[LogOrigin, ...]
    wanted: str
    size: int
    is_signed: bool
    behind_since: int | None

    @property
    def needs_move(self) -> bool:
        """Whether the log bears another name than the setting gives."""
        return bool(self.origins) and self.origins[-1].origin != self.wanted

    @property
    def why_move(self) -> str:
        """What is wrong with the name, and what to do; for whoever runs the gateway."""
        origin = self.origins[-1].origin
        return (
            f"The hand-off log is {origin}, and CONSENT_GATEWAY_ISSUER would have it be {self.wanted}. "
            f"If the setting is wrong, set it to the address of {origin.removesuffix('/log')} again. "
            "If the gateway has a new address, run 'consent-gateway log move-origin'."
        )


async def look_at_log(services: Services) -> LogState:
    """Look where the log stands; nothing changes."""
    read = services.store.read
    await read(look_at_registry, None)
    last = await read(load_last_checkpoints, None)
    return LogState(
        origins=services.registry.log_origins,
        wanted=services.settings.log_origin,
        size=last.size if last else 0,
        is_signed=not await read(is_anything_unsigned, None),
        behind_since=await behind_since(services),
    )


async def behind_since(services: Services) -> int | None:
    """Give the time of a row that waits for its place or signature longer than it may; None where none does."""
    oldest = await services.store.read(find_oldest_unsigned, None)
    return oldest if oldest is not None and oldest < services.clock() - PATIENCE else None


async def check_name(services: Services) -> None:
    """Check at a start that the log bears the name that the setting gives.

    In development it is served under its own name all the same, with a warning: whoever tries another port does not
    lose the log.

    Raises:
        SettingsError: it does not, in production.
    """
    standing = await look_at_log(services)
    if not standing.needs_move:
        return
    if services.settings.is_production:
        raise SettingsError([f"issuer: {standing.why_move}"])
    log().warning("log_has_another_name", log=standing.origins[-1].origin, setting=standing.wanted)
