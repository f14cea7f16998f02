import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.stream.record.world import flag
from tests.stream.test_picture import PNG, call

from tonewatch.stream.compare import Curves, compare, draw, read_curves
from tonewatch.stream.events import Episode
from tonewatch.stream.picture import PictureError


def curves(scores: np.ndarray, *episodes: Episode, name: str = "one") -> Curves:
    return Curves(
        model=name,
        scores=scores.astype(np.float32),
        spoken=np.ones(len(scores), np.bool_),
        emotion="neutral",
        confidence=0.5,
        episodes=episodes,
    )


def sure_of(label: int, frames: int) -> np.ndarray:
    scores = np.full((frames, 9), 0.05)
    scores[:, label] = 0.6
    return scores


@given(arrays(np.float32, (20, 9), elements=st.floats(0, 1, width=32)))
def test_a_model_agrees_with_itself(scores: np.ndarray) -> None:
    found = compare(curves(scores), curves(scores))
    assert found.same_top == 1
    assert set(found.mean_difference.values()) == {0}
    assert all(np.isnan(r) or r == pytest.approx(1, abs=1e-3) for r in found.correlation.values())


def test_differences_are_told_label_by_label() -> None:
    found = compare(curves(sure_of(0, 10)), curves(sure_of(2, 10)))
    assert found.same_top == 0
    assert found.mean_difference["angry"] == pytest.approx(0.55)
    assert found.mean_difference["fearful"] == pytest.approx(0.55)
    assert found.mean_difference["sad"] == 0


def test_only_frames_that_both_have_read_count() -> None:
    short, holed = sure_of(0, 8), sure_of(0, 10)
    holed[2:4] = np.nan
    assert compare(curves(short), curves(holed)).frames == 6


def test_nothing_in_common_is_no_agreement() -> None:
    found = compare(curves(sure_of(0, 0)), curves(sure_of(0, 5)))
    assert found.frames == 0
    assert np.isnan(found.same_top)


def test_flags_are_shared_where_both_ends_are_near() -> None:
    one = flag(kind="dual", start=50, end=100, peak=60)
    near = flag(kind="dual", start=60, end=110, peak=60)
    far = flag(kind="dual", start=60, end=140, peak=60)
    scores = sure_of(0, 200)
    assert compare(curves(scores, one), curves(scores, near)).shared_flags == 1
    assert compare(curves(scores, one), curves(scores, far)).shared_flags == 0


def test_curves_are_read_from_a_session_folder_and_drawn(tmp_path: Path) -> None:
    folder = call(tmp_path)
    read = read_curves(folder, "one", {"emotion": "sad", "confidence": 0.4})
    assert read.scores.shape == (500, 9)
    assert read.spoken.any()
    assert [episode.id for episode in read.episodes] == ["e1"]
    assert draw(read, read, tmp_path / "both.png").read_bytes().startswith(PNG)


def test_without_matplotlib_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    both = curves(sure_of(0, 5))
    with pytest.raises(PictureError, match=r"tonewatch\[plot\]"):
        draw(both, both, tmp_path / "x.png")
