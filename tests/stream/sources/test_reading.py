from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile as sf

from tonewatch.stream.sources.reading import (
    Recording,
    RecordingError,
    leg_names,
    open_recording,
    recordings_in,
)

RATE = 16_000


def noise(count: int, channels: int = 1) -> npt.NDArray[np.float32]:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (count, channels))
    return samples.astype(np.float32)


def read_all(path: Path, seconds: float = 0.1) -> npt.NDArray[np.float32]:
    return np.concatenate(list(open_recording(path).blocks(seconds)))


@pytest.mark.parametrize(
    ("name", "subtype", "rate", "channels"),
    [
        ("a.wav", "PCM_U8", 8_000, 1),
        ("a.wav", "PCM_16", 44_100, 2),
        ("a.wav", "PCM_24", 96_000, 6),
        ("a.wav", "FLOAT", 48_000, 1),
        ("a.wav", "DOUBLE", 11_025, 3),
        ("a.wav", "ULAW", 8_000, 2),
        ("a.flac", "PCM_24", 48_000, 2),
    ],
)
def test_every_sample_is_read_whatever_the_format(
    tmp_path: Path, name: str, subtype: str, rate: int, channels: int
) -> None:
    path = tmp_path / name
    samples = noise(rate // 3, channels)
    sf.write(path, samples, rate, subtype=subtype)
    recording = open_recording(path)
    assert (recording.rate, recording.channels) == (rate, channels)
    assert recording.duration_s == pytest.approx(1 / 3, abs=1e-4)
    found = read_all(path)
    assert found.shape == samples.shape
    assert found.dtype == np.float32
    assert np.abs(found - samples).max() < 0.02


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg"])
def test_compressed_recordings_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    sf.write(path, noise(RATE), RATE)
    assert len(read_all(path)) == pytest.approx(RATE, abs=2000)


def test_blocks_of_any_length_give_the_same_samples(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sf.write(path, noise(5000, 2), RATE)
    assert np.array_equal(read_all(path, 0.001), read_all(path, 60.0))


def test_float_samples_beyond_the_range_are_clipped(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sf.write(path, np.linspace(-3, 3, 1000, dtype=np.float32), RATE, subtype="FLOAT")
    found = read_all(path)
    assert found.min() == -1.0
    assert found.max() == 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused_with_their_place(
    tmp_path: Path, bad: float
) -> None:
    path = tmp_path / "a.wav"
    samples = noise(RATE)
    samples[RATE // 2] = bad
    sf.write(path, samples, RATE, subtype="FLOAT")
    blocks = open_recording(path).blocks(0.1)
    good = []
    with pytest.raises(RecordingError, match=r"a\.wav: the samples at 0\.500 s are NaN"):
        good.extend(blocks)
    assert len(good) == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"hello, this is no sound" * 50, "not a sound file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "not a sound file"),
    ],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=words):
        open_recording(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.wav: no such file"):
        open_recording(tmp_path / "none.wav")
    with pytest.raises(RecordingError, match="is a folder"):
        open_recording(tmp_path)


def test_a_recording_without_samples_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sf.write(path, noise(10), RATE)
    with pytest.raises(RecordingError, match="holds 10 samples, at least 20 ms are needed"):
        open_recording(path)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3"])
def test_a_truncated_recording_gives_what_it_holds_and_then_says_so(
    tmp_path: Path, name: str
) -> None:
    whole, cut = tmp_path / name, tmp_path / f"cut_{name}"
    sf.write(whole, noise(2 * RATE), RATE)
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    good = []
    with pytest.raises(RecordingError, match="cut short"):
        good.extend(open_recording(cut).blocks(0.1))
    assert good
    assert sum(len(block) for block in good) < 2 * RATE


def recorded(path: Path, channels: int) -> Recording:
    sf.write(path, noise(RATE, channels), RATE)
    return open_recording(path)


def test_channels_have_their_usual_names(tmp_path: Path) -> None:
    assert leg_names(recorded(tmp_path / "a.wav", 1)) == ("customer",)
    assert leg_names(recorded(tmp_path / "b.wav", 2)) == ("customer", "agent")
    assert leg_names(recorded(tmp_path / "c.wav", 2), ["agent", "mix"]) == ("agent", "mix")


def test_more_channels_need_names_and_names_must_fit(tmp_path: Path) -> None:
    three = recorded(tmp_path / "a.wav", 3)
    with pytest.raises(
        RecordingError, match=r"has 3 channels; legs must name each .*customer,agent,leg3$"
    ):
        leg_names(three)
    for names in (["customer"], ["customer", "agent", "agent"]):
        with pytest.raises(RecordingError, match=r"has 3 channel\(s\), legs names"):
            leg_names(three, names)


def test_folders_are_searched_for_recordings(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    for name in ("b.wav", "a.FLAC", "day/c.mp3", "notes.txt"):
        (tmp_path / name).touch()
    found = [path.name for path in recordings_in([tmp_path, Path("named.bin")])]
    assert found == ["a.FLAC", "b.wav", "c.mp3", "named.bin"]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(RecordingError, match=r"empty: holds no recordings"):
        recordings_in([empty])
