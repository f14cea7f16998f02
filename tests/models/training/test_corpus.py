from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonewatch.models.training.corpus import CorpusError, read_clip, read_manifest

from .small import write_corpus


def test_rows_become_clips(tmp_path: Path) -> None:
    clips = read_manifest(write_corpus(tmp_path))
    assert len(clips) == 2 * 2 * 3 * 2
    assert clips[0].path.is_file()
    assert (clips[0].corpus, clips[0].speaker, clips[0].label) == ("first", "first_0", "angry")
    assert (clips[0].licence, clips[0].role, clips[0].language) == ("own", "eval", "")


def test_a_wrong_label_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "clips.csv"
    path.write_text("path,corpus,speaker,label\na.wav,c,s,angry\nb.wav,c,s,cross\n")
    with pytest.raises(CorpusError, match="row 3: 'cross' is no label"):
        read_manifest(path)


@pytest.mark.parametrize("text", ["", "path,label\na.wav,angry\n", "path,corpus,speaker,label\n"])
def test_missing_columns_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clips.csv"
    path.write_text(text)
    with pytest.raises(CorpusError, match="columns missing"):
        read_manifest(path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read"):
        read_manifest(tmp_path / "none.csv")


def test_clips_come_at_16_khz_and_mono(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.full((44_100, 2), [0.5, 0.1]), 44_100)
    wave = read_clip(path)
    assert wave.dtype == np.float32
    assert abs(len(wave) - 16_000) <= 1
    assert wave[8_000] == pytest.approx(0.3, abs=1e-3)


def test_what_is_no_recording_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(CorpusError, match=r"clip\.wav: not a recording"):
        read_clip(path)
