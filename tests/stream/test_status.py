from tests.stream.record.world import MANIFEST, LoudnessEngine

from tonewatch.models.manifest import Manifest
from tonewatch.stream.engine_thread import EngineStatistics
from tonewatch.stream.events import EngineStatus
from tonewatch.stream.latency import Latency
from tonewatch.stream.settings import DecisionSettings, StreamSettings
from tonewatch.stream.status import engine_status

DEFAULTS = StreamSettings()


def status(
    engine: LoudnessEngine | None,
    manifest: Manifest = MANIFEST,
    settings: StreamSettings = DEFAULTS,
) -> EngineStatus:
    return engine_status(
        manifest,
        engine,
        EngineStatistics(windows=5, failed=0, superseded=2, waiting=1),
        Latency(count=3, p50=1.0, p95=2.0, p99=3.0),
        settings,
        loading=engine is None,
        sessions=4,
        dropped=6,
        way_up="tonewatch export",
    )


def test_the_status_tells_what_really_computes_and_under_which_licence() -> None:
    told = status(LoudnessEngine())
    assert (told.model, told.provider, told.loading) == ("fake", "CPU", False)
    assert (told.licence, told.commercial_use) == ("none", True)
    assert told.licence_notice == "made for tests"
    assert (told.windows, told.superseded, told.dropped, told.sessions) == (5, 2, 6, 4)
    assert told.latency_p95_ms == 2.0
    assert told.hop_ms == 240
    assert told.score_agent == ""


def test_while_the_engine_loads_no_provider_is_claimed() -> None:
    assert (status(None).provider, status(None).loading) == ("", True)


def test_it_says_why_fear_is_not_told_from_disgust() -> None:
    off = StreamSettings(decision=DecisionSettings(enabled=False))
    fearless = MANIFEST.model_copy(update={"known": ("disgusted",)})
    assert status(None).decision_off == ""
    assert status(None, settings=off).decision_off == "settings"
    assert status(None, manifest=fearless).decision_off == "model"
