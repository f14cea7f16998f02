from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonewatch.onnx_export.errors import ExportError
from tonewatch.onnx_export.speech import speech_windows


def recording(path: Path, *, seconds: float = 10.0, rate: int = 16000, level: float = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).standard_normal((int(seconds * rate), 2)) * level
    noise[:, 1] = 0.0
    soundfile.write(path, noise, rate)
    return path


def test_windows_are_whole_audible_and_in_int16_steps(tmp_path: Path) -> None:
    windows = speech_windows(recording(tmp_path / "a.wav"), samples=48000)
    assert len(windows) == 3  # the second channel is silent, the rest of the first too short
    for window in windows:
        assert window.dtype == np.float32
        np.testing.assert_array_equal(window * 32768, np.round(window * 32768))


def test_another_rate_becomes_16_khz(tmp_path: Path) -> None:
    (window,) = speech_windows(recording(tmp_path / "a.wav", seconds=3.5, rate=8000), samples=48000)
    assert window.shape == (48000,)


def test_a_folder_gives_windows_from_all_its_recordings(tmp_path: Path) -> None:
    for i in range(4):
        recording(tmp_path / "deep" / f"{i}.flac", seconds=30)
    assert len(speech_windows(tmp_path, samples=48000, most=8)) == 8
    assert len(speech_windows(tmp_path, samples=48000, most=2)) == 2
    assert len(speech_windows(tmp_path, samples=48000, most=1000)) == 40


def test_a_folder_without_speech_is_named(tmp_path: Path) -> None:
    recording(tmp_path / "quiet.wav", level=1e-5)
    with pytest.raises(ExportError, match="no speech of 3 s"):
        speech_windows(tmp_path, samples=48000)


def test_a_broken_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(ExportError, match=r"broken\.wav: cannot be read"):
        speech_windows(tmp_path, samples=48000)


def test_short_recordings_are_made_up_for_by_others(tmp_path: Path) -> None:
    for i in range(20):
        recording(tmp_path / f"{i:02}.wav", seconds=1 if i % 10 == 0 else 4)
    assert len(speech_windows(tmp_path, samples=48000, most=2)) == 2
