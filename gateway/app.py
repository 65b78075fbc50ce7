"""The composition root: builds the services from the settings, and the application from the services."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette

from gateway.accounts.passwords import Passwords
from gateway.actions.key_cache import KeyCache
from gateway.actions.ledger.log_state import check_name
from gateway.actions.ledger.sequencer import Sequencer
from gateway.actions.ledger.witnessing import Witnessing, asked_witnesses
from gateway.actions.logouts import Courier
from gateway.actions.oauth.release import ReleaseGate
from gateway.actions.operation.exposition import Exposition
from gateway.actions.operation.postman import Postman
from gateway.actions.operation.presence import Presence
from gateway.actions.operation.readiness import Readiness
from gateway.actions.operation.upkeep import run_upkeep
from gateway.actions.partners.deletions import DeletionCourier
from gateway.actions.services import Services
from gateway.kit.clock import Clock, system_clock
from gateway.kit.ids import Ids, random_ids
from gateway.kit.logs import configure_logs
from gateway.kit.mail import open_mailer
from gateway.kit.outbound import Outbound
from gateway.kit.secrets.key_ring import KeyRing
from gateway.kit.secrets.ring_file import RingFile
from gateway.kit.secrets.sealing import Seal
from gateway.kit.settings import Settings, SettingsError, read_settings
from gateway.kit.telemetry.metrics import Metrics
from gateway.model.nodes import Work
from gateway.oauth.flows.server import Protocol
from gateway.oauth.proofs.certificates import NOBODY, Authorities
from gateway.store.engine.backend import Store, open_backend
from gateway.web.capacity import BusyAnswers, Capacity
from gateway.web.oauth.certificates import Trust
from gateway.web.paths import ShownPaths
from gateway.web.routes import HANDLERS, PARTNER_PATHS, StaticDispatch, all_routes
from gateway.web.server.outer_middleware import NO_PATH, OuterMiddleware, security_headers


def build_services(
    settings: Settings, *, ring: KeyRing | None = None, clock: Clock = system_clock, ids: Ids = random_ids
) -> Services:
    """Build the services; the store is not open yet.

    Raises:
        KeyRingError: the key ring is missing or damaged.
    """
    seal = open_seal(settings) if ring is None else Seal(ring)
    backend, metrics = open_backend(settings.database), Metrics()
    return Services(
        store=Store(backend, lane_width=settings.lane_width, lane_depth=settings.lane_depth, metrics=metrics),
        clock=clock,
        ids=ids,
        seal=seal,
        settings=settings,
        passwords=Passwords(workers=settings.password_workers, queue=settings.password_queue),
        mailer=open_mailer(settings),
        protocol=Protocol(),
        authorities=read_authorities(settings),
        outbound=open_outbound(settings),
        key_cache=KeyCache(),
        metrics=metrics,
    )


def open_seal(settings: Settings) -> Seal:
    """Open the key ring's file, which is looked at again while we run.

    Raises:
        KeyRingError: the key ring is missing or damaged.
    """
    file = RingFile(settings.key_ring_path)
    return Seal(file.ring, file)


def read_authorities(settings: Settings) -> Authorities:
    """Read the authorities that may issue clients' certificates.

    Raises:
        SettingsError: the file cannot be read, or holds no certificate.
    """
    if settings.client_ca is None:
        return NOBODY
    try:
        return Authorities.from_pem(settings.client_ca.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError([f"client_ca: {settings.client_ca}: {error}"]) from None


def open_outbound(settings: Settings) -> Outbound:
    """Make the way out to partners' servers.

    Raises:
        SettingsError: the file of further authorities cannot be read.
    """
    loopback = not settings.is_production
    if settings.outbound_ca is None:
        return Outbound(settings.outbound_networks, allow_loopback=loopback)
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(settings.outbound_ca)
    except OSError as error:
        raise SettingsError([f"outbound_ca: {settings.outbound_ca}: {error}"]) from None
    return Outbound(settings.outbound_networks, context, allow_loopback=loopback)


@asynccontextmanager
async def opened(services: Services) -> AsyncIterator[Services]:
    """Open the store for a while; every lane finishes before it closes."""
    await services.store.open()
    try:
        yield services
    finally:
        await services.store.close()
        services.passwords.close()


@asynccontextmanager
async def present(services: Services) -> AsyncIterator[None]:
    """Let others know of this node, and look whether the key ring has changed, unless this node is told not to."""
    if not services.settings.key_ring_interval:
        yield
        return
    presence = Presence(services)
    await presence.begin()
    running = asyncio.create_task(presence.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})
        await presence.end()


@asynccontextmanager
async def measured(services: Services, *say: Callable[[], None]) -> AsyncIterator[None]:
    """Show the metrics, unless this node is told not to."""
    if not services.settings.metrics_address:
        yield
        return
    exposition = Exposition(services, *say)
    running = asyncio.create_task(exposition.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})
        await exposition.close()


@asynccontextmanager
async def keeping_up(services: Services) -> AsyncIterator[None]:
    """Let the sweep of grants run in the background, unless this node is told not to."""
    if not services.settings.upkeep_interval:
        yield
        return
    services.background_work.begin(Work.UPKEEP)
    rounds = asyncio.create_task(run_upkeep(services))
    try:
        yield
    finally:
        rounds.cancel()
        await asyncio.wait({rounds})


@asynccontextmanager
async def mailing(services: Services) -> AsyncIterator[None]:
    """Let the mail's outbox be emptied in the background, unless this node is told not to."""
    if not services.settings.mail_interval:
        yield
        return
    services.background_work.begin(Work.MAIL)
    running = asyncio.create_task(Postman(services).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})


@asynccontextmanager
async def named(services: Services) -> AsyncIterator[None]:
    """Serve only under the name that the hand-off log bears; `check_name` says what becomes of another."""
    await check_name(services)
    yield


@asynccontextmanager
async def sequencing(services: Services) -> AsyncIterator[None]:
    """Let the log's sequencer run in the background, unless this node is told not to."""
    if not services.settings.sequencer_interval:
        yield
        return
    services.background_work.begin(Work.SEQUENCER)
    tasks = {asyncio.create_task(Sequencer(services).run())}
    if services.settings.log_witnesses:
        asked = asked_witnesses(services.settings.log_witnesses)
        tasks.add(asyncio.create_task(Witnessing(services, asked).run()))
    try:
        yield
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)


@asynccontextmanager
async def delivering(services: Services) -> AsyncIterator[None]:
    """Let notices be delivered in the background, unless this node is told not to."""
    if not services.settings.delivery_interval:
        yield
        return
    services.background_work.begin(Work.LOGOUTS)
    services.background_work.begin(Work.DELETIONS)
    rounds = {asyncio.create_task(each(services).run()) for each in (Courier, DeletionCourier)}
    try:
        yield
    finally:
        for each in rounds:
            each.cancel()
        await asyncio.wait(rounds)


def make_app(services: Services) -> Capacity:
    """Make the application over services; its lifespan opens and closes the store."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with (
            opened(services),
            named(services),
            sequencing(services),
            delivering(services),
            mailing(services),
            keeping_up(services),
            present(services),
            measured(services, services.store.say_how_it_stands, entrance.say_how_it_stands),
        ):
            yield {"trust": Trust(lambda: services.registry)}

    routes = all_routes()
    app = Starlette(routes=routes, exception_handlers=HANDLERS, lifespan=lifespan)
    # An address with a slash too many is no address of ours; a 307 would carry a POST elsewhere (FAPI 2.0 §5.3.2.2).
    app.router.redirect_slashes = False
    app.state.services = services
    app.state.gate = ReleaseGate(services)
    app.state.readiness = Readiness(services)
    is_https = services.settings.issuer.startswith("https://")
    edge = OuterMiddleware(
        StaticDispatch(app),
        ids=services.ids,
        is_https=is_https,
        metrics=services.metrics,
        paths=ShownPaths(route.path for route in routes),
        unlisted=frozenset() if services.settings.log_every_request else PARTNER_PATHS,
        body_timeout=services.settings.body_timeout,
    )
    entrance = Capacity(
        edge,
        most=services.settings.max_requests_in_progress,
        refuse=BusyAnswers(services, (security_headers(is_https=is_https) | NO_PATH).items()),
        metrics=services.metrics,
    )
    return entrance


def app_from_environment() -> Capacity:
    """Make the application that uvicorn's workers serve."""
    configure_logs()
    return make_app(build_services(read_settings()))
