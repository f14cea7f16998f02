from tonewatch.stream.latency import Latency, LatencyMeter


def test_without_a_reading_there_is_no_latency() -> None:
    assert LatencyMeter().latency() == Latency(count=0, p50=None, p95=None, p99=None)


def test_percentiles_of_the_newest_readings_alone() -> None:
    meter = LatencyMeter(keep=101)
    for value in range(1000):
        meter.add(5000.0)
        meter.add(float(value))
    for value in range(101):
        meter.add(float(value))
    assert meter.latency() == Latency(count=101, p50=50.0, p95=95.0, p99=99.0)
