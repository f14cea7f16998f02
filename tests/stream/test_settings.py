from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.models.tiny_streaming import tiny_streaming_model

from tonewatch.models.manifest import Manifest
from tonewatch.models.settings import Section
from tonewatch.stream.settings import MonitorSettings, StreamSettings, WindowSettings


def sections() -> list[Section]:
    return [getattr(StreamSettings(), name) for name in StreamSettings.model_fields]


def test_every_setting_says_what_it_is() -> None:
    for section in sections():
        for name, field in type(section).model_fields.items():
            assert field.description, f"{type(section).__name__}.{name}"


def test_settings_cannot_be_changed_and_unknown_ones_are_refused() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        StreamSettings().window.hop_ms = 100  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        StreamSettings.model_validate({"window": {"hop": 240}})


@pytest.mark.parametrize("hop", [0, 10, 250, 2020])
def test_a_hop_is_whole_frames(hop: int) -> None:
    with pytest.raises(ValidationError, match="hop_ms"):
        WindowSettings(hop_ms=hop)


def test_settings_survive_the_session_folder() -> None:
    settings = StreamSettings(window=WindowSettings(hop_ms=480))
    assert StreamSettings.model_validate(settings.model_dump(mode="json")) == settings


def test_the_index_is_kept_without_its_password() -> None:
    url = "postgresql://anna:hidden@host/x"
    settings = StreamSettings.model_validate({"record": {"index": url}})
    assert settings.record.index_url == url
    assert "hidden" not in str(settings.model_dump(mode="json")) + str(settings)
    assert StreamSettings().record.index_url == ""


@pytest.mark.parametrize("told", ["score_agent_name", "score_agent_reason"])
def test_scoring_agents_needs_name_reason_and_confirmation(told: str) -> None:
    all_but_one = {
        "score_agent": True,
        "score_agent_name": "Dr Vogel",
        "score_agent_reason": "medical",
        "score_agent_confirm": True,
    }
    assert MonitorSettings.model_validate(all_but_one).score_agent
    with pytest.raises(ValidationError, match="score_agent needs"):
        MonitorSettings.model_validate({**all_but_one, told: ""})
    with pytest.raises(ValidationError, match="score_agent needs"):
        MonitorSettings.model_validate({**all_but_one, "score_agent_confirm": False})


def test_the_model_decides_the_hop_where_nobody_did(tmp_path: Path) -> None:
    manifest = Manifest.load(tiny_streaming_model(tmp_path / "tiny", hop_frames=8))
    assert StreamSettings().for_model(manifest).window.hop_frames == 8
    chosen = StreamSettings(window=WindowSettings(hop_ms=480))
    assert chosen.for_model(manifest) == chosen
