"""Pages that people and administrators look at, and looks in the background: how long each takes at any size."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx2

from bench.seeds import BUSY, OFFICER
from gateway.actions.authentication.sessions import open_session
from gateway.actions.consent.reminders import remind_people
from gateway.actions.operation.upkeep import sweep
from gateway.actions.services import Services
from gateway.app import build_services
from gateway.kit.settings import Settings
from gateway.model.people import Acr
from gateway.web.pages.visit import COOKIE
from tests.world import fixed_ring

LOOKS = 20
SPREAD = 7919
OWN = {
    "first page": "/",
    "connected services": "/connected",
    "one service": "/connected/gra_{number}",
    "profile": "/profile",
    "own record": "/connected/my-record.json",
}
OFFICE = {
    "administration": "/admin",
    "consents of a partner": "/admin/grants?partner=bench&state=active",
    "consents, none found": "/admin/grants?state=paused",
    "consents of a field nobody has": "/admin/grants?field=picture",
    "log": "/admin/log?partner=bench",
    "log, none found": "/admin/log?field=picture",
    "people": "/admin/people",
    "partners": "/admin/partners",
    "a partner": "/admin/partners/bench",
    "complaints": "/admin/complaints",
}
BACKGROUND: dict[str, Callable[[Services], Awaitable[int]]] = {
    "sweep": sweep,
    "reminders": remind_people,
}


def look_at_pages(url: str, folder: Path, port: int, people: int) -> dict[str, float]:
    """Ask a running server for every page again and again; give the median of each in ms."""
    return asyncio.run(_look(url, folder, port, people))


async def _look(url: str, folder: Path, port: int, people: int) -> dict[str, float]:
    services = build_services(Settings(database_url=url, data_dir=folder), ring=fixed_ring())
    await services.store.open()
    everybody = [look * SPREAD % people for look in range(LOOKS)]
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            found = await _pages(services, client, OWN, everybody)
            busy = await _pages(services, client, OWN, [BUSY] * LOOKS)
            found |= {f"{name}, thousands of hand-offs": ms for name, ms in busy.items()}
            found |= await _pages(services, client, OFFICE, [OFFICER] * LOOKS)
        for name, act in BACKGROUND.items():
            found[name] = await _median(partial(_once, services, act), [0] * LOOKS)
        return found
    finally:
        await services.store.close()
        services.passwords.close()


async def _pages(
    services: Services, client: httpx2.AsyncClient, paths: dict[str, str], people: list[int]
) -> dict[str, float]:
    """Look at pages as people who have signed in, each page once by each."""
    cookies = {
        number: f"{COOKIE}={(await open_session(services, f'per_{number}', None, Acr.PHR)).secret}"
        for number in set(people)
    }

    async def look(path: str, number: int) -> None:
        headers = {"Cookie": cookies[number]}
        answer = await client.get(path.format(number=number), headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")

    return {name: await _median(partial(look, path), people) for name, path in paths.items()}


async def _once(services: Services, act: Callable[[Services], Awaitable[object]], _: int) -> None:
    await act(services)


async def _median(act: Callable[[int], Awaitable[object]], people: list[int]) -> float:
    spent = []
    for number in people:
        at = time.perf_counter()
        await act(number)
        spent.append((time.perf_counter() - at) * 1000)
    return sorted(spent)[len(spent) // 2]
