"""Controls of the hand-off log: its name, whether it can grow, and whether it grows."""

import asyncio

from gateway.actions.ledger.log_state import look_at_log
from gateway.actions.ledger.sequencer import Sequencer
from gateway.cli.controls.control import Finding, Sight
from gateway.cli.controls.gateways import running_nodes
from gateway.cli.terminal import time_words
from gateway.store.ledger.tree import is_anything_unsigned, load_last_checkpoints
from gateway.store.log_pending import is_anything_waiting

PAUSE = 3.0
"""Seconds in which the sequencer runs several times."""
OLD_CHECKPOINT = 300


async def name(sight: Sight) -> Finding:
    """Check whether the log has the name that follows from the issuer."""
    standing = await look_at_log(sight.opened)
    words = standing.origins[-1].origin if standing.origins else f"{standing.wanted}, once it begins"
    return Finding(not standing.needs_move, words, standing.why_move if standing.needs_move else "")


async def growth(sight: Sight) -> Finding:
    """Check whether the next checkpoint could be signed."""
    standing, fork = await look_at_log(sight.opened), await Sequencer(sight.opened).find_fork()
    behind = standing.behind_since
    # Waiting rows are no fault by themselves, because without a running gateway nothing gives them places.
    waits = "" if behind is None else f"; something waits since {time_words(behind)}: is a gateway running?"
    return Finding(
        fork is None,
        f"{standing.size} leaves are signed{waits}"
        if fork is None
        else f"nothing more can be signed: {fork}",
        "Keep a copy of the database, then run 'consent-gateway log verify', which says where the log breaks.",
    )


async def last_checkpoint(sight: Sight) -> Finding:
    """Check whether the log gets signed when there is something to sign."""
    store = sight.opened.store
    last = await store.read(load_last_checkpoints, None)
    # Another machine's clock may be a little ahead of this one's.
    age = max(0, sight.now - last.signed_at) if last else None
    words = "nothing was signed yet" if age is None else f"signed {age} s ago"
    is_late = (age is None or age > OLD_CHECKPOINT) and await _is_unsigned(sight)
    if is_late and not await running_nodes(sight):
        return Finding(True, f"{words}; no gateway is running now")
    if is_late:
        # The waiting row may have been committed at this moment.
        await asyncio.sleep(PAUSE)
        is_late = await store.read(load_last_checkpoints, None) == last and await _is_unsigned(sight)
    return Finding(
        not is_late,
        words + "; entries wait for their place in the log" * is_late,
        "Let a gateway run whose sequencer_interval is above 0; its log says why it does not sign.",
    )


async def _is_unsigned(sight: Sight) -> bool:
    store = sight.opened.store
    return await store.read(is_anything_waiting, None) or await store.read(is_anything_unsigned, None)
