"""`/metrics` in Prometheus' format, read from the rooms' own counters when asked."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from .parts import Parts


class Counters(Collector):
    """Everything that the rooms count, at one moment."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """One metric for each count."""
        status = self._parts.monitor.status()
        latency = GaugeMetricFamily(
            "tonewatch_latency_seconds", "Newest sample to event", labels=["quantile"]
        )
        for quantile, value in (
            ("0.5", status.latency_p50_ms),
            ("0.95", status.latency_p95_ms),
            ("0.99", status.latency_p99_ms),
        ):
            if value is not None:
                latency.add_metric([quantile], value / 1000)
        yield latency
        yield GaugeMetricFamily("tonewatch_sessions", "Live sessions", status.sessions)
        yield CounterMetricFamily("tonewatch_windows", "Windows read", status.windows)
        yield CounterMetricFamily("tonewatch_superseded", "Windows superseded", status.superseded)
        yield CounterMetricFamily("tonewatch_dropped", "Readings and records lost", status.dropped)
        lost = CounterMetricFamily("tonewatch_mail_lost", "Events never taken", labels=["mailbox"])
        totals: dict[str, int] = {}
        for box in self._parts.bus.statistics().mailboxes:
            totals[box.name] = totals.get(box.name, 0) + box.lost
        for name, value in totals.items():
            lost.add_metric([name], value)
        yield lost


def exposition(registry: CollectorRegistry) -> bytes:
    """The text that Prometheus reads."""
    return generate_latest(registry)
