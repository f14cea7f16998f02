import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.stream.record.world import flag, hear, made, rows, session

from tonewatch.stream.events import EpisodeChanged
from tonewatch.stream.picture import PictureError, draw, read_drawing
from tonewatch.stream.record.files import FolderError
from tonewatch.stream.record.folder import SessionFolder

PNG = b"\x89PNG\r\n"


def ended(folder: SessionFolder) -> Path:
    for _ in folder.end(replace(folder.info, state="ended")):
        pass
    return folder.path


def call(output: Path) -> Path:
    folder = made(output, session(name="客户 王", legs=("customer", "agent")))
    hear(folder, 0, 200)
    hear(folder, 250, 250)
    hear(folder, 0, 500, "agent", speech=False)
    folder.settle("customer", 0, rows(0, 190))
    folder.settle("customer", 260, rows(260, 200, label=1))
    episode = flag(kind="dual", start=50, end=100, peak=60)
    folder.log(EpisodeChanged(session="s1", episode=episode, captured_at_ns=0))
    return ended(folder)


def test_a_session_is_drawn(tmp_path: Path) -> None:
    target = draw(call(tmp_path / "out"), tmp_path / "curves.png")
    assert target.read_bytes().startswith(PNG)


def test_a_drawing_holds_curves_speech_gaps_and_flags(tmp_path: Path) -> None:
    drawing = read_drawing(call(tmp_path))
    assert drawing.duration_s == 10.0
    assert drawing.scores.shape == (500, 9)
    assert np.isnan(drawing.scores[195:255]).all()
    assert drawing.scores[100, 2] == 0.75
    assert [(gap.start, gap.stop) for gap in drawing.gaps] == [(200, 250)]
    assert [span.start for span in drawing.speech["customer"]] == [0, 250]
    assert drawing.speech["agent"] == ()
    assert [episode.id for episode in drawing.episodes] == ["e1"]


def test_a_long_session_is_thinned(tmp_path: Path) -> None:
    folder = made(tmp_path)
    for start in range(0, 12_000, 1000):
        hear(folder, start, 1000)
        folder.settle("customer", start, rows(start, 1000))
    drawing = read_drawing(ended(folder))
    assert len(drawing.seconds) == len(drawing.scores) == 4000
    assert drawing.seconds[-1] == pytest.approx(239.94)


def test_silence_is_drawn_without_a_curve(tmp_path: Path) -> None:
    folder = made(tmp_path / "out")
    hear(folder, 0, 100, speech=False)
    assert draw(ended(folder), tmp_path / "a.png").read_bytes().startswith(PNG)


def test_an_agent_has_no_curve(tmp_path: Path) -> None:
    folder = made(tmp_path, session(legs=("agent",)))
    with pytest.raises(FolderError, match="no leg was scored"):
        draw(ended(folder), tmp_path / "a.png")


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(PictureError, match=r"pip install 'tonewatch\[plot\]'"):
        draw(tmp_path, tmp_path / "a.png")
