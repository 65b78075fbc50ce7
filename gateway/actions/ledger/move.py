"""Moving the log to another name: after the gateway's address has changed, its history goes on under the new one."""

import asyncio
from dataclasses import replace

from gateway.actions.admin_record import act_of
from gateway.actions.authentication.sessions import login_index
from gateway.actions.ledger.log_state import LogState, look_at_log
from gateway.actions.ledger.sequencer import Sequencer
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.model.administration.actions import MOVE_LOG, AdminAction
from gateway.model.people import PersonState, Role
from gateway.store.accounts.logins import load_logins
from gateway.store.engine.backend import Operation
from gateway.store.ledger.origins import LogMove, Moved, move_operation
from gateway.store.ledger.tree import SignedCheckpoint

TRIES = 30
PAUSE = 0.5
"""Seconds between two tries: all of them together are longer than the lease of a node that has just stopped."""


async def find_mover(services: Services, email: str) -> str:
    """Find the id of the platform administrator who stands behind a move.

    Raises:
        Refusal: ``not_allowed`` for anybody else.
    """
    found = await services.store.read(load_logins, login_index(services, email))
    if (
        found is None
        or found.person.role is not Role.PLATFORM_ADMIN
        or found.person.state is not PersonState.ACTIVE
    ):
        raise Refusal("not_allowed", detail="not the log-in of a platform administrator")
    return found.person.person_id


async def move_origin(services: Services, actor_id: str) -> LogState:
    """Take the log to the name that the setting gives. A move that was stopped half-way goes on where it was.

    First all that waits is signed under the old name. Then one transaction puts that checkpoint's own text into the
    next leaf and gives the log its new name. Last, the leaf is signed under the new name. Where the name is right
    already, only what is unsigned gets signed.

    Raises:
        Refusal: ``temporarily_unavailable`` while another node is at work on the log.
    """
    sequencer = Sequencer(services)
    move = move_operation(sequencer.grow)
    for _ in range(TRIES):
        await sequencer.turn()
        standing = await look_at_log(services)
        if not standing.needs_move and standing.is_signed:
            await sequencer.retire()
            return standing
        if not standing.needs_move or await _move(services, sequencer, move, actor_id) is not Moved.DONE:
            await asyncio.sleep(PAUSE)
    raise Refusal("temporarily_unavailable", detail="another node is at work on the log; stop it first")


async def _move(
    services: Services, sequencer: Sequencer, operation: Operation[LogMove, Moved], actor_id: str
) -> Moved:
    wanted = services.settings.log_origin

    def act_on(last: SignedCheckpoint) -> AdminAction:
        act = act_of(services, actor_id, MOVE_LOG, "log", wanted)
        return replace(act, detail={"checkpoint": last.note})

    seen = len(services.registry.log_origins)
    return await services.store.run(operation, LogMove(sequencer.claim(), wanted, seen, act_on))
