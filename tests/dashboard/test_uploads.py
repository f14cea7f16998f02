import io
from pathlib import Path

import pytest
from starlette.datastructures import UploadFile

from tonewatch.dashboard.errors import ApiError
from tonewatch.dashboard.uploads import allowed, keep, legs_of, name_of, unreadable
from tonewatch.stream.sources.reading import RecordingError


def upload(content: bytes, name: str | None = "call.wav") -> UploadFile:
    return UploadFile(io.BytesIO(content), size=len(content), filename=name)


def test_an_upload_is_kept_whole_under_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    paths = [keep(upload(b"abc", "../../x.wav"), 1) for _ in range(2)]
    assert [path.read_bytes() for path in paths] == [b"abc", b"abc"]
    assert {path.parent for path in paths} == {tmp_path}
    assert paths[0] != paths[1]


@pytest.mark.parametrize(("size", "status"), [(0, 422), ((1 << 20) + 1, 413)])
def test_nothing_is_kept_of_what_is_empty_or_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, status: int
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ApiError) as refused:
        keep(upload(b"x" * size), 1)
    assert (refused.value.status_code, list(tmp_path.iterdir())) == (status, [])


def test_nothing_is_left_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        keep(upload(b"abc"), 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b.wav", "a b"),
        ("通话.mp3", "通话"),
        (None, "recording"),
        ("x" * 300 + ".wav", "x" * 128),
    ],
)
def test_a_recording_is_named_as_its_person_named_it(name: str | None, shown: str) -> None:
    assert name_of(upload(b"x", name)) == shown


def test_an_error_names_the_recording_and_not_the_temporary_file() -> None:
    error = RecordingError("/tmp/tonewatch_x.wav: no sound")
    told = unreadable(error, Path("/tmp/tonewatch_x.wav"), "call.wav")
    assert (told.status_code, told.message) == (422, "call.wav: no sound")


@pytest.mark.parametrize("path", ["../secret.wav", "/etc/passwd", "link.wav", "sub/../../x"])
def test_no_path_leads_out_of_the_allowed_folder(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "allowed"
    folder.mkdir()
    (tmp_path / "secret.wav").write_bytes(b"x")
    (folder / "link.wav").symlink_to(tmp_path / "secret.wav")
    with pytest.raises(ApiError, match="outside the allowed folders"):
        allowed(str(folder / path), [folder])


def test_names_of_channels_come_by_commas() -> None:
    assert legs_of("customer, agent") == ["customer", "agent"]
    assert legs_of("") is legs_of(None) is None
