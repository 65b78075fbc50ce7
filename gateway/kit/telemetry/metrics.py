"""The table of all metrics, and the instruments of one process (docs/operate/metrics.md).

Processes share a folder, so that any one of them can report for all.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum, auto
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's own name for the folder in which processes count together."""


class Measure(StrEnum):
    """How something is measured: the types of Prometheus, and how processes are put together."""

    COUNTER = auto()
    HISTOGRAM = auto()
    GAUGE = auto()
    STATE = auto()
    """Read from the database when somebody asks, so that every node says the same."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: without the suffix `_total` that a counter is shown with.
        labels: none can take a value that a stranger chooses, nor one that stands for a person.
        buckets: upper bounds of a histogram.
    """

    name: str
    measure: Measure
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def shown(self) -> str:
        """The name that queries use."""
        return self.name + "_total" * (self.measure is Measure.COUNTER)


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_ITEMS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0)
_COUNTER, _HISTOGRAM, _GAUGE, _STATE = Measure

DECLARED: tuple[Metric, ...] = (
    Metric("gateway_requests", _COUNTER, "Requests that were answered.", ("method", "route", "status")),
    Metric(
        "gateway_request_seconds", _HISTOGRAM, "Time to the end of the answer.", ("method", "route"), _SECONDS
    ),
    Metric("gateway_failures", _COUNTER, "Answers with status 500."),
    Metric("gateway_requests_turned_away", _COUNTER, "Requests answered 503 at the entrance."),
    Metric("gateway_requests_in_progress", _GAUGE, "Requests in progress, as of a second ago."),
    Metric("gateway_releases", _COUNTER, "Answers of the release gate, committed.", ("partner", "endpoint")),
    Metric(
        "gateway_refusals",
        _COUNTER,
        "Refusals by error code; the partner is none until a client or a token was found.",
        ("code", "partner"),
    ),
    Metric("gateway_consent_moves", _COUNTER, "Consent events that this process gave a place.", ("move",)),
    Metric("gateway_logins", _COUNTER, "Attempts to sign in, by what came of them.", ("outcome",)),
    Metric("gateway_throttled", _COUNTER, "Attempts that had to wait, by what was counted.", ("what",)),
    Metric("gateway_lane_batch_items", _HISTOGRAM, "Items of one transaction.", ("lane",), _ITEMS),
    Metric("gateway_lane_waiting_items", _GAUGE, "Items that wait, as of a second ago.", ("lane",)),
    Metric("gateway_lane_refusals", _COUNTER, "Items refused because a lane was full.", ("lane",)),
    Metric("gateway_database_failures", _COUNTER, "Failures of the database, by what helps.", ("remedy",)),
    Metric("gateway_database_connections", _GAUGE, "Connections in use, as of a second ago.", ("pool",)),
    Metric("gateway_database_connections_most", _GAUGE, "Connections that may be open.", ("pool",)),
    Metric("gateway_database_up", _STATE, "Whether the database answered the last look in time."),
    Metric("gateway_outbox_waiting", _STATE, "What waits to be sent: mail, log-outs, deletions.", ("queue",)),
    Metric(
        "gateway_outbox_oldest_timestamp_seconds",
        _STATE,
        "When the oldest of what waits was written; absent where nothing waits.",
        ("queue",),
    ),
    Metric("gateway_outbox_given_up", _STATE, "What was given up in the last seven days.", ("queue",)),
    Metric("gateway_log_unsigned_leaves", _STATE, "Entries that no signed checkpoint covers yet."),
    Metric("gateway_log_checkpoint_timestamp_seconds", _STATE, "When the log was last signed."),
    Metric(
        "gateway_lease_expiry_timestamp_seconds",
        _STATE,
        "When a lease runs out; in the past: nobody holds it.",
        ("lease",),
    ),
    Metric("gateway_nodes", _STATE, "Processes that have said of late that they run."),
    Metric("gateway_work_nodes", _STATE, "Processes that do a kind of background work.", ("work",)),
    Metric(
        "gateway_work_last_timestamp_seconds",
        _STATE,
        "When background work was last done; absent until then.",
        ("work",),
    ),
    Metric(
        "gateway_signing_key_created_timestamp_seconds",
        _STATE,
        "When the key in use was made, by algorithm.",
        ("alg",),
    ),
    Metric(
        "gateway_certificate_expiry_timestamp_seconds",
        _STATE,
        "When the first certificate ends: of an authority (the setting client_ca), or of a client.",
        ("kind",),
    ),
    Metric("gateway_deletions_overdue", _STATE, "Requests to delete that are late.", ("partner",)),
)
"""Every metric, as docs/operate/metrics.md shows them."""

NAMED: Mapping[str, Metric] = MappingProxyType({each.name: each for each in DECLARED})


class Metrics:
    """The instruments of one process; what the table does not have raises KeyError."""

    def __init__(self) -> None:
        """Make every instrument that is not read from the database."""
        self.registry = CollectorRegistry()
        of = {measure: [each for each in DECLARED if each.measure is measure] for measure in Measure}
        self._counters = {
            each.name: Counter(each.name, each.help, each.labels, registry=self.registry)
            for each in of[Measure.COUNTER]
        }
        self._histograms = {
            each.name: Histogram(
                each.name, each.help, each.labels, registry=self.registry, buckets=each.buckets
            )
            for each in of[Measure.HISTOGRAM]
        }
        self._gauges = {
            each.name: Gauge(
                each.name, each.help, each.labels, registry=self.registry, multiprocess_mode="livesum"
            )
            for each in of[Measure.GAUGE]
        }
        # Finding a series by its labels costs more than counting, so each is found once.
        self._counted: dict[tuple[str, ...], Counter] = {}
        self._observed: dict[tuple[str, ...], Histogram] = {}
        self._put: dict[tuple[str, ...], Gauge] = {}

    def count(self, name: str, *labels: str) -> None:
        """Count one more."""
        series = self._counted.get((name, *labels))
        if series is None:
            counter = self._counters[name]
            series = self._counted[name, *labels] = counter.labels(*labels) if labels else counter
        series.inc()

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Add a value to a distribution."""
        series = self._observed.get((name, *labels))
        if series is None:
            series = self._observed[name, *labels] = self._histograms[name].labels(*labels)
        series.observe(value)

    def put(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge of this process; readers see the sum over the processes that still run."""
        series = self._put.get((name, *labels))
        if series is None:
            gauge = self._gauges[name]
            series = self._put[name, *labels] = gauge.labels(*labels) if labels else gauge
        series.set(value)

    def gathered(self) -> CollectorRegistry:
        """Give what this process counted, or all processes together where they share a folder."""
        folder = os.environ.get(FOLDER_VARIABLE)
        if not folder:
            return self.registry
        _forget_the_dead(Path(folder))
        gathered = CollectorRegistry()
        MultiProcessCollector(gathered, folder)  # type: ignore[no-untyped-call]  # the library has none
        return gathered


@contextmanager
def counting_together() -> Iterator[None]:
    """Let the processes that begin from here on count into one folder, which is empty at first.

    It is the one that the environment names, for a place that is kept in memory, or else one below the system's
    folder for temporary files.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named or tempfile.mkdtemp(prefix="consent-gateway-metrics-"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink()
    os.environ[FOLDER_VARIABLE] = str(folder)
    # The library picks the class when it is imported, before the folder was known.
    before = values.ValueClass
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]  # the library has none
    try:
        yield
    finally:
        values.ValueClass = before
        if named is None:
            del os.environ[FOLDER_VARIABLE]
            shutil.rmtree(folder, ignore_errors=True)


def _forget_the_dead(folder: Path) -> None:
    """Drop the gauges of processes that have ended; their counters stay, because a counter never falls."""
    for number in {file.stem.rpartition("_")[2] for file in folder.glob("gauge_live*.db")}:
        try:
            os.kill(int(number), 0)
        except (ProcessLookupError, PermissionError):
            mark_process_dead(number, str(folder))  # type: ignore[no-untyped-call]  # the library has none


def address_of(text: str) -> tuple[str, int]:
    """Read the host and the port of an address to listen on.

    Raises:
        ValueError: it has no host, or no port from 1 to 65,535.
    """
    parts = urlsplit(f"//{text}")
    # A port beyond the last one is refused by the library itself.
    if not parts.hostname or not parts.port or f"//{parts.netloc}" != f"//{text}" or "@" in text:
        raise ValueError("must be host:port, such as 127.0.0.1:9464 or [::1]:9464")
    return parts.hostname, parts.port


@dataclass(slots=True)
class Seen:
    """What is known about a request, for its metrics.

    Attributes:
        partner_id: of the client or the token that was found; of a registered partner, never what was sent.
        refused: the error code that it was refused with.
    """

    partner_id: str = "none"
    refused: str = ""


_SEEN: ContextVar[Seen | None] = ContextVar("seen", default=None)


def begin_seeing() -> Seen:
    """Begin a request."""
    found = Seen()
    _SEEN.set(found)
    return found


def seen() -> Seen:
    """Give the record of this request; outside of one, a record that nobody reads."""
    return _SEEN.get() or Seen()
