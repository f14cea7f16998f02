"""`/metrics` in Prometheus' format: the rooms' own counters, and what the bus tells."""

import threading
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from ..models.grid import samples_to_seconds
from ..stream.bus import Mail
from ..stream.events import (
    Activity,
    EngineStatus,
    EpisodeChanged,
    GapNoted,
    Readings,
    SessionChanged,
)
from ..stream.review.faults import UnavailableError
from .parts import Parts

BUCKETS_S: Final = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0)
MAILBOX: Final = 100_000


class Meters:
    """Follows the bus in the publisher's thread, where one event costs a few microseconds."""

    def __init__(self, parts: Parts) -> None:
        self.registry = CollectorRegistry()
        self.media_type = CONTENT_TYPE_LATEST
        self._latency = Histogram(
            "tonewatch_latency_seconds",
            "From the newest sample to its reading; live sessions",
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._gaps = self._counter("tonewatch_gaps", "Stretches of sound that were never had")
        self._gap_s = self._counter("tonewatch_gap_seconds", "Seconds of sound never had")
        self._begun = self._counter("tonewatch_sessions_begun", "Sessions that began", "source")
        self._ended = self._counter("tonewatch_sessions_ended", "Sessions that ended", "state")
        self._episodes = self._counter("tonewatch_episodes", "Fear/disgust episodes", "kind")
        self._lock = threading.Lock()
        self._known: set[str] = set()
        """Sessions that run and episodes that are open."""
        self._live: set[str] = set()
        """Sessions whose latency counts: those in real time."""
        self.registry.register(_Counts(parts))
        ProcessCollector(registry=self.registry)
        # Drained at once in the publisher's thread, so it is never full.
        self._mailbox = parts.bus.subscribe(
            "metrics", MAILBOX, "drop", but=(Activity, EngineStatus)
        )
        self._mailbox.on_ready(self._drain)

    def text(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)

    def close(self) -> None:
        """Stop following."""
        self._mailbox.close()

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def _drain(self) -> None:
        # Held over take and count: two publishers' events are counted in the order of the mailbox.
        with self._lock:
            for mail in self._mailbox.take():
                self._count(mail)

    def _count(self, mail: Mail) -> None:
        if isinstance(mail, Readings):
            if mail.session in self._live:
                self._latency.observe(mail.latency_ms / 1000)
        elif isinstance(mail, GapNoted):
            self._gaps.inc()
            self._gap_s.inc(samples_to_seconds(mail.length))
        elif isinstance(mail, EpisodeChanged):
            self._episode(mail)
        elif isinstance(mail, SessionChanged):
            self._session(mail)

    def _episode(self, event: EpisodeChanged) -> None:
        episode = event.episode
        key = f"{event.session}/{episode.id}"
        if key not in self._known:
            self._known.add(key)
            self._episodes.labels(episode.kind).inc()
        if episode.state == "closed":
            self._known.discard(key)

    def _session(self, event: SessionChanged) -> None:
        info = event.session
        if info.state in ("ended", "lost"):
            if info.id in self._known:
                self._ended.labels(info.state).inc()
            self._known -= {k for k in self._known if k == info.id or k.startswith(f"{info.id}/")}
            self._live.discard(info.id)
        elif info.id not in self._known:
            self._known.add(info.id)
            self._begun.labels(info.source).inc()
            if info.pace == "live":
                self._live.add(info.id)


class _Counts(Collector):
    """What the rooms count themselves, read when asked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """One metric for each count."""
        status, recorder = self._parts.monitor.status(), self._parts.recorder.statistics()
        quantiles = GaugeMetricFamily(
            "tonewatch_latency_recent_seconds",
            "Newest sample to reading, lately, as the page shows it",
            labels=["quantile"],
        )
        for name, value in (
            ("0.5", status.latency_p50_ms),
            ("0.95", status.latency_p95_ms),
            ("0.99", status.latency_p99_ms),
        ):
            if value is not None:
                quantiles.add_metric([name], value / 1000)
        yield quantiles
        yield GaugeMetricFamily("tonewatch_loading", "Engine is being loaded", int(status.loading))
        yield GaugeMetricFamily("tonewatch_sessions", "Live sessions", status.sessions)
        yield GaugeMetricFamily("tonewatch_sessions_max", "Admission limit", status.max_sessions)
        yield CounterMetricFamily("tonewatch_windows", "Windows read", status.windows)
        yield CounterMetricFamily("tonewatch_superseded", "Windows superseded", status.superseded)
        yield GaugeMetricFamily(
            "tonewatch_recorder_waiting", "Items that wait for the recorder", recorder.waiting
        )
        yield CounterMetricFamily(
            "tonewatch_recorder_refused", "Items that found the queue full", recorder.refused
        )
        yield CounterMetricFamily(
            "tonewatch_recorder_missed", "Items that reached no folder", recorder.missed
        )
        yield from self._reviews()
        yield from self._bus()

    def _reviews(self) -> Iterator[Metric]:
        reviews = self._parts.reviews
        try:
            waiting, oldest = reviews.waiting()
        except UnavailableError:
            # Told as a fault of the queue; the other counts are wanted all the more then.
            return
        age = 0.0 if oldest is None else max(0.0, (reviews.now - oldest) / 1000)
        yield GaugeMetricFamily(
            "tonewatch_reviews_waiting", "Flags that wait for a person", waiting
        )
        yield GaugeMetricFamily(
            "tonewatch_reviews_oldest_seconds", "How long the oldest of them has waited", age
        )

    def _bus(self) -> Iterator[Metric]:
        bus = self._parts.bus.statistics()
        viewers = [box for box in bus.mailboxes if box.name == "viewer"]
        yield CounterMetricFamily("tonewatch_events", "Events told", bus.published)
        yield GaugeMetricFamily("tonewatch_viewers", "Open pages", len(viewers))
        for name, what, count in (
            ("merged", "Readings merged for open pages", sum(box.merged for box in viewers)),
            ("lost", "Events that open pages never took", sum(box.lost for box in viewers)),
        ):
            yield GaugeMetricFamily(f"tonewatch_viewer_{name}", what, count)
