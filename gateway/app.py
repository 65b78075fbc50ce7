"""The composition root: builds the services from the settings, and the application from the services."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from gateway.accounts.passwords import Passwords
from gateway.actions.client_keys import KeyCache
from gateway.actions.deletions import DeletionCourier
from gateway.actions.logout import Courier
from gateway.actions.postman import Postman
from gateway.actions.release import Gate
from gateway.actions.sequencer import Sequencer
from gateway.actions.services import Services
from gateway.actions.upkeep import run_upkeep
from gateway.actions.witnessing import Witnessing, asked_witnesses
from gateway.kit.clock import Clock, system_clock
from gateway.kit.ids import Ids, random_ids
from gateway.kit.key_ring import KeyRing, read_key_ring
from gateway.kit.logs import configure_logs
from gateway.kit.mail import open_mailer
from gateway.kit.outbound import Outbound
from gateway.kit.sealing import Seal
from gateway.kit.settings import Settings, SettingsError, read_settings
from gateway.oauth.certificates import NOBODY, Authorities
from gateway.oauth.server import Protocol
from gateway.store.engine import Store, open_backend
from gateway.web.capacity import BusyAnswers, Capacity
from gateway.web.certificates import Trust
from gateway.web.edge import Edge, security_headers
from gateway.web.routes import HANDLERS, PARTNER_PATHS, StaticDispatch, all_routes


def build_services(
    settings: Settings, *, ring: KeyRing | None = None, clock: Clock = system_clock, ids: Ids = random_ids
) -> Services:
    """Build the services; the store is not open yet.

    Raises:
        KeyRingError: the key ring is missing or damaged.
    """
    seal = Seal(ring or read_key_ring(settings.key_ring_path))
    backend = open_backend(settings.database)
    return Services(
        store=Store(backend, lane_width=settings.lane_width, lane_depth=settings.lane_depth),
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
    )


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
    if settings.outbound_ca is None:
        return Outbound(settings.outbound_networks)
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(settings.outbound_ca)
    except OSError as error:
        raise SettingsError([f"outbound_ca: {settings.outbound_ca}: {error}"]) from None
    return Outbound(settings.outbound_networks, context)


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
async def keeping_up(services: Services) -> AsyncIterator[None]:
    """Let the sweep of grants run in the background, unless this node is told not to."""
    if not services.settings.upkeep_interval:
        yield
        return
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
    turns = asyncio.create_task(Postman(services).run())
    try:
        yield
    finally:
        turns.cancel()
        await asyncio.wait({turns})


@asynccontextmanager
async def sequencing(services: Services) -> AsyncIterator[None]:
    """Let the log's sequencer run in the background, unless this node is told not to."""
    if not services.settings.sequencer_interval:
        yield
        return
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
            sequencing(services),
            delivering(services),
            mailing(services),
            keeping_up(services),
        ):
            yield {"trust": Trust(lambda: services.registry)}

    app = Starlette(routes=all_routes(), exception_handlers=HANDLERS, lifespan=lifespan)
    # An address with a slash too many is no address of ours; a 307 would carry a POST elsewhere (FAPI 2.0 §5.3.2.2).
    app.router.redirect_slashes = False
    app.state.services = services
    app.state.gate = Gate(services)
    app.state.metrics = CollectorRegistry()
    is_https = services.settings.issuer.startswith("https://")
    edge = Edge(
        StaticDispatch(app),
        ids=services.ids,
        is_https=is_https,
        metrics=app.state.metrics,
        unlisted=PARTNER_PATHS,
        body_timeout=services.settings.body_timeout,
    )
    return Capacity(
        edge,
        most=services.settings.max_requests_in_progress,
        refuse=BusyAnswers(services, security_headers(is_https=is_https).items()),
        metrics=app.state.metrics,
    )


def app_from_environment() -> Capacity:
    """Make the application that uvicorn's workers serve."""
    configure_logs()
    return make_app(build_services(read_settings()))
