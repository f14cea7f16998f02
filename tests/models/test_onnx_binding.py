from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.models.tiny import tiny_model

from tonewatch.models.onnx_binding import BoundRuns, bucket_of, buckets
from tonewatch.models.onnx_session import load_session


@given(st.integers(1, 256), st.data())
def test_every_number_of_windows_fits_a_bucket(batch: int, data: st.DataObject) -> None:
    sizes = buckets(batch)
    assert sizes[0] == 1
    assert sizes[-1] == batch
    assert list(sizes) == sorted(set(sizes))
    rows = data.draw(st.integers(1, batch))
    assert rows <= bucket_of(rows, sizes)
    assert all(size < rows for size in sizes if size < bucket_of(rows, sizes))


def test_buckets_are_few() -> None:
    assert [buckets(n) for n in (1, 2, 8, 64)] == [(1,), (1, 2), (1, 4, 8), (1, 4, 16, 64)]


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize("samples", [16000, 48000])
def test_bound_runs_give_the_plain_runs_numbers(tmp_path: Path, rows: int, samples: int) -> None:
    session, _ = load_session(tiny_model(tmp_path / "tiny") / "tiny.onnx", provider="cpu")
    bound = BoundRuns(session, batch=8, device="cpu")
    rng = np.random.default_rng(rows)
    for _ in range(3):
        waves = rng.standard_normal((rows, samples)).astype(np.float32) * 0.1
        plain = session.run(["logits", "features"], {"wave": waves})
        for found, wanted in zip(bound.run(waves), plain, strict=True):
            assert found.shape == wanted.shape
            np.testing.assert_array_equal(found, wanted)


def test_an_answer_outlives_the_next_call(tmp_path: Path) -> None:
    session, _ = load_session(tiny_model(tmp_path / "tiny") / "tiny.onnx", provider="cpu")
    bound = BoundRuns(session, batch=4, device="cpu")
    first, _ = bound.run(np.ones((1, 16000), np.float32))
    copy = first.copy()
    bound.run(np.full((1, 16000), 0.3, np.float32))
    np.testing.assert_array_equal(first, copy)
