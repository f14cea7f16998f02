import json
from pathlib import Path

import pytest
from tests.stream.record.world import MANIFEST

from tonewatch.stream.record.files import FolderError, write_json
from tonewatch.stream.record.in_force import SETTINGS_NAME, in_force, read_in_force
from tonewatch.stream.settings import DecisionSettings, StreamSettings


def test_settings_and_model_come_back_as_they_were(tmp_path: Path) -> None:
    settings = StreamSettings(decision=DecisionSettings(smooth_ms=400))
    write_json(tmp_path / SETTINGS_NAME, in_force(settings, MANIFEST))
    found = read_in_force(tmp_path)
    assert found.settings == settings
    assert found.model == MANIFEST


@pytest.mark.parametrize(("told", "expected"), [(None, 1.0), (2.5, 2.5)])
def test_a_temperature_that_was_set_wins_over_the_models(
    tmp_path: Path, told: float | None, expected: float
) -> None:
    settings = StreamSettings(decision=DecisionSettings(temperature=told))
    write_json(tmp_path / SETTINGS_NAME, in_force(settings, MANIFEST))
    assert read_in_force(tmp_path).temperature == expected


def test_faults_of_the_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"settings\.json is missing"):
        read_in_force(tmp_path)
    path = tmp_path / SETTINGS_NAME
    path.write_text("{")
    with pytest.raises(FolderError, match="cannot be read"):
        read_in_force(tmp_path)
    path.write_text("{}")
    with pytest.raises(FolderError, match="cannot be read: 'settings'"):
        read_in_force(tmp_path)
    content = in_force(StreamSettings(), MANIFEST)
    content["settings"]["window"]["hop_ms"] = -1
    path.write_text(json.dumps(content))
    with pytest.raises(FolderError, match=r"window\.hop_ms.*another version"):
        read_in_force(tmp_path)
