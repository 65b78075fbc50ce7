"""Checking every control: each has a time limit, and one that fails does not hide the others."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from inspect import isawaitable

from gateway.app import build_services, opened
from gateway.cli.controls.control import Check, Control, Finding, Needs, Sight
from gateway.cli.controls.table import CHECKS
from gateway.cli.terminal import words_for
from gateway.kit.clock import system_clock
from gateway.kit.secrets.key_ring import KeyRing, KeyRingError, read_key_ring
from gateway.kit.settings import Settings
from gateway.store.engine.probes import Findings, look_at
from gateway.store.engine.revision import DatabaseDown

PATIENCE = 20.0
"""Seconds that one control may take; requests to other machines time out sooner."""


async def check_controls(settings: Settings, clock: Callable[[], int] = system_clock) -> list[Control]:
    """Check every control whose needs are met."""
    sight = Sight(settings, clock(), _ring(settings), await _database(settings))
    async with AsyncExitStack() as stack:
        has = {Needs.NOTHING}
        if isinstance(sight.database, Findings):
            has.add(Needs.DATABASE)
            if sight.database.is_current and isinstance(sight.ring, KeyRing):
                services = await stack.enter_async_context(opened(build_services(settings, ring=sight.ring)))
                sight = replace(sight, services=services)
                has.add(Needs.SERVICES)
        wanted = [check for check in CHECKS if check.needs in has]
        return list(await asyncio.gather(*(_look(check, sight) for check in wanted)))


def _ring(settings: Settings) -> KeyRing | Exception:
    try:
        return read_key_ring(settings.key_ring_path)
    except KeyRingError as error:
        return error


async def _database(settings: Settings) -> Findings | Exception:
    try:
        return await asyncio.wait_for(look_at(settings.database), PATIENCE)
    except TimeoutError:
        return DatabaseDown(f"the database has not answered for {PATIENCE:.0f} s.")
    except DatabaseDown as error:
        return error


async def _look(check: Check, sight: Sight) -> Control:
    try:
        found = await asyncio.wait_for(_outcome(check, sight), PATIENCE)
    except TimeoutError:
        found = Finding(
            False, f"no answer within {PATIENCE:.0f} s", "Look why it hangs, then run this again."
        )
    except Exception as error:
        found = Finding(False, f"it could not be looked at: {words_for(error)}", "Mend this first.")
    remedy = "" if found.ok else found.remedy
    return Control(check.id, check.name, check.severity, found.ok, found.detail, remedy)


async def _outcome(check: Check, sight: Sight) -> Finding:
    outcome = check.look(sight)
    return await outcome if isawaitable(outcome) else outcome
