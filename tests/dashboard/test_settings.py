from pathlib import Path

import pytest
from pydantic import ValidationError

from tonewatch.dashboard.settings import ServerSettings


def test_only_this_machine_is_served_unless_told_otherwise() -> None:
    settings = ServerSettings()
    assert (settings.host, settings.port, settings.audio_dirs) == ("127.0.0.1", 7860, ())


def test_several_values_come_as_a_list_or_as_one_text_with_commas() -> None:
    texts = ServerSettings.model_validate({"audio_dirs": "/a, /b", "origins": "https://a"})
    lists = ServerSettings(audio_dirs=(Path("/a"), Path("/b")), origins=("https://a",))
    assert texts == lists


@pytest.mark.parametrize(
    "wrong", [{"port": 70_000}, {"upload_mb": 0}, {"resume_for_s": 0}, {"prot": 1}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        ServerSettings(**wrong)
