from pathlib import Path

import pytest
from tests.models.evaluation.made import BandEngine
from tests.stream.record.world import hear, made, session

from tonewatch.stream.learning.loop import refit_now
from tonewatch.stream.learning.refit import TooFewError
from tonewatch.stream.learning.versions import Versions
from tonewatch.stream.settings import LearningSettings, RecordSettings, StreamSettings

from .test_lessons import decided


def test_decided_flags_become_a_version(tmp_path: Path) -> None:
    folders = {}
    for number in range(8):
        folder = made(tmp_path, session(f"s{number}"))
        hear(folder, 0, 200)
        folder.flush()
        folders[f"s{number}"] = folder.path
    settings = StreamSettings(
        record=RecordSettings(output=tmp_path), learning=LearningSettings(least=8, held_back=0.5)
    )
    flags = [decided(name) for name in folders]
    version = refit_now(flags, folders.get, BandEngine(), settings)
    assert version.figures["learned_from"] + version.figures["held_back"] == 8
    assert Versions(tmp_path).all() == (version,)
    assert Versions(tmp_path).active is None


def test_too_few_flags_leave_no_version(tmp_path: Path) -> None:
    settings = StreamSettings(record=RecordSettings(output=tmp_path))
    with pytest.raises(TooFewError):
        refit_now([], lambda _: None, BandEngine(), settings)
    assert Versions(tmp_path).all() == ()


def test_decided_flags_that_cannot_be_heard_again_are_counted(tmp_path: Path) -> None:
    settings = StreamSettings(record=RecordSettings(output=tmp_path))
    with pytest.raises(TooFewError, match="2 more are decided, but their sound is gone"):
        refit_now([decided("a"), decided("b")], lambda _: None, BandEngine(), settings)
