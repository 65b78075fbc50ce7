"""The metrics' own address: whichever process has it answers for all of them, and says how the installation stands.

The processes of a machine try for the address; where the one that has it ends, another has it a second later.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIServer

from cryptography.x509 import load_der_x509_certificate
from prometheus_client import CollectorRegistry, Metric, start_wsgi_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.logs import log
from gateway.kit.telemetry.metrics import DECLARED, Measure, address_of
from gateway.model.nodes import Work, is_running
from gateway.oauth.proofs.certificates import self_signed
from gateway.store.operation.measures import Measures, measure

TURN = 1.0
"""Seconds between two turns: how things stand is said anew, and the address is tried for."""
KEPT = 10
"""Seconds for which a look at the database is shown again, however often somebody asks."""
PATIENCE = 3.0
"""Seconds that whoever asks waits for the database; without it everything else is shown all the same."""

StateSample = tuple[str, tuple[str, ...], float]
"""A metric's name, the values of its labels, and its value."""


class Exposition(Collector):
    """One process's part in showing the metrics."""

    def __init__(self, services: Services, *say: Callable[[], None]) -> None:
        """Take the services, and what puts the gauges of this process into the metrics."""
        self._services = services
        self._say = say
        self._server: tuple[WSGIServer, Thread] | None = None
        self._loop = asyncio.get_running_loop()
        self._look: asyncio.Task[Measures | None] | None = None
        self._began_at = 0
        self._registry = CollectorRegistry()
        self._registry.register(self)

    async def run(self) -> None:
        """Take turns until cancelled."""
        while True:
            self.turn()
            await asyncio.sleep(TURN)

    def turn(self) -> None:
        """Say how this process stands, and take the address if nobody has it."""
        for say in self._say:
            say()
        if self._server is None:
            self._listen()

    def _listen(self) -> None:
        host, port = address_of(self._services.settings.metrics_address)
        try:
            self._server = start_wsgi_server(port, host, self._registry)
        except OSError:
            # Another process of this machine has it, as a rule one of the same gateway.
            return
        log().info("metrics_served", address=self._services.settings.metrics_address)

    async def close(self) -> None:
        """Give the address up."""
        if self._server is not None:
            server, thread = self._server
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            await asyncio.to_thread(thread.join)

    def collect(self) -> Iterator[Metric]:
        """Give everything, in the server's own thread."""
        yield from self._services.metrics.gathered().collect()
        found = asyncio.run_coroutine_threadsafe(self.look(), self._loop).result()
        samples = list(state_samples(self._services, found))
        for each in DECLARED:
            if each.measure is Measure.STATE:
                family = GaugeMetricFamily(each.name, each.help, labels=each.labels)
                for name, labels, value in samples:
                    if name == each.name:
                        family.add_metric(labels, value)
                yield family

    async def look(self) -> Measures | None:
        """Look at the database, or give what was seen a moment ago; None where it does not answer in time."""
        now, look = self._services.clock(), self._look
        if look is None or (look.done() and not 0 <= now - self._began_at < KEPT):
            look = self._look = asyncio.create_task(self._measure(now))
            self._began_at = now
        # The look goes on when nobody waits any more: the next one who asks would only begin another beside it.
        done, _ = await asyncio.wait({look}, timeout=PATIENCE)
        return look.result() if done else None

    async def _measure(self, now: int) -> Measures | None:
        try:
            return await self._services.store.read(measure, now)
        except Refusal as refusal:
            log().warning("not_measured", why=refusal.detail)
        except Exception as error:
            log().error("not_measured", error=error)
        return None


def state_samples(services: Services, found: Measures | None) -> Iterator[StateSample]:
    """Give the metrics of the installation's state, without those that are not known."""
    yield "gateway_database_up", (), float(found is not None)
    yield from _keys(services)
    if found is None:
        return
    for queue, held in found.queues.items():
        yield "gateway_outbox_waiting", (queue,), held.waiting
        yield "gateway_outbox_given_up", (queue,), held.given_up
        if held.oldest_at is not None:
            yield "gateway_outbox_oldest_timestamp_seconds", (queue,), held.oldest_at
    yield "gateway_log_unsigned_leaves", (), found.unsigned
    if found.signed_at is not None:
        yield "gateway_log_checkpoint_timestamp_seconds", (), found.signed_at
    for lease, expires_at in found.leases.items():
        yield "gateway_lease_expiry_timestamp_seconds", (lease,), expires_at
    running = [node for node in found.nodes if is_running(node, services.clock())]
    yield "gateway_nodes", (), len(running)
    for work in Work:
        doing = [node.last_done[work] for node in running if work in node.last_done]
        yield "gateway_work_nodes", (work,), len(doing)
        if any(doing):
            yield "gateway_work_last_timestamp_seconds", (work,), max(at or 0 for at in doing)
    # A partner without any is said to have none, so that its series does not vanish with its last one.
    for partner_id in services.registry.partners:
        yield "gateway_deletions_overdue", (partner_id,), found.overdue.get(partner_id, 0)


def _keys(services: Services) -> Iterator[StateSample]:
    registry = services.registry
    keys = [key for key in (*registry.signing_keys, *registry.log_keys) if key.retired_at is None]
    for alg in sorted({key.alg for key in keys}):
        newest = max(key.created_at for key in keys if key.alg == alg)
        yield "gateway_signing_key_created_timestamp_seconds", (alg,), newest
    ends = {
        "authority": services.authorities.certificates,
        "client": map(load_der_x509_certificate, self_signed(registry)),
    }
    for kind, certificates in ends.items():
        first = _first_end(certificates)
        if first is not None:
            yield "gateway_certificate_expiry_timestamp_seconds", (kind,), first


def _first_end(certificates: Iterable[Any]) -> float | None:
    return min((each.not_valid_after_utc.timestamp() for each in certificates), default=None)
