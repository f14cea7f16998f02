from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.training.ct2 import CheckpointError, read_variables

from .small import write_ct2


def test_variables_come_back_as_stored(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = {
        "encoder/a": rng.standard_normal((2, 3)).astype(np.float32),
        "encoder/b": rng.standard_normal(4).astype(np.float16),
        "decoder/c": np.zeros(2, np.float32),
    }
    found = read_variables(write_ct2(tmp_path / "model.bin", values), prefix="encoder/")
    assert list(found) == ["encoder/a", "encoder/b"]
    for name, array in found.items():
        assert array.dtype == values[name].dtype
        assert (array == values[name]).all()


def test_another_checkpoint_is_refused(tmp_path: Path) -> None:
    path = write_ct2(tmp_path / "model.bin", {})
    with pytest.raises(CheckpointError, match=r"model\.bin: expected SHA-256 abc, found"):
        read_variables(path, sha256="abc")


@pytest.mark.parametrize("keep", [0, 3, 30, 60])
def test_a_truncated_file_is_said_to_be_one(tmp_path: Path, keep: int) -> None:
    path = write_ct2(tmp_path / "model.bin", {"encoder/a": np.zeros((4, 4), np.float32)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="truncated"):
        read_variables(path)


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"\x05\0\0\0" + bytes(100))
    with pytest.raises(CheckpointError, match="version 6"):
        read_variables(path)
