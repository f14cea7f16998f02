import io
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.record.formats import (
    FRAME,
    no_header,
    npy_columns,
    npy_header,
    read_npy,
    wav_header,
)


@given(st.integers(0, 200))
def test_a_wav_header_is_read_by_the_standard_library_and_by_libsndfile(frames: int) -> None:
    content = wav_header(frames) + bytes(640 * frames)
    with wave.open(io.BytesIO(content)) as file:
        assert file.getparams()[:4] == (1, 2, 16_000, 320 * frames)
    assert sf.info(io.BytesIO(content)).frames == 320 * frames


def test_a_wav_header_refuses_more_than_the_format_holds() -> None:
    with pytest.raises(OSError, match="37 hours"):
        wav_header(40 * 3600 * 50)


@given(st.integers(0, 300))
def test_an_npy_header_has_one_length_and_is_read_by_numpy(count: int) -> None:
    header = npy_header(FRAME, (), count)
    assert len(header) == len(npy_header(FRAME, (), 10**12))
    rows = np.zeros(count, FRAME)
    rows["state"] = 3
    assert np.array_equal(np.load(io.BytesIO(header + rows.tobytes())), rows)


def test_columns_of_an_npy_file_are_read_from_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(npy_header("<f4", (7,), 0))
    assert npy_columns(path) == 7
    assert read_npy(path).shape == (0, 7)


def test_a_missing_npy_file_has_no_rows(tmp_path: Path) -> None:
    assert len(read_npy(tmp_path / "none.npy")) == 0


def test_flags_have_no_header() -> None:
    assert no_header(100) == b""
