"""Parts of the precisions that need no export; the graphs themselves: test_export.py."""

import numpy as np
import pytest

from tonewatch.models.window import Float32

pytestmark = pytest.mark.torch


def reference(waves: Float32) -> tuple[Float32, Float32]:
    frames = waves[:, : waves.shape[1] // 320 * 320].reshape(len(waves), -1, 320)
    features = frames[:, :, :9].astype(np.float32)
    return features * 30, features


def shifted(by: float) -> object:
    def run(waves: Float32) -> tuple[Float32, Float32]:
        logits, features = reference(waves)
        return (logits + by * (np.arange(9) == 2)).astype(np.float32), features

    return run


def test_the_probe_allows_a_machine_about_what_was_seen_here() -> None:
    from tonewatch.onnx_export.emotion2vec.precision import Speech as Windows
    from tonewatch.onnx_export.emotion2vec.precision import lower_checks, make_probe

    known = [True] * 9
    exact = make_probe(reference, reference, None, known)
    assert exact.limit == pytest.approx(0.01)
    run = shifted(0.2)
    speech = Windows(windows=(), name="")
    _, said, found = lower_checks("int8", run, reference, speech, (16000,))  # type: ignore[arg-type]
    assert said["measured_on"] == "1 windows of noise"
    lower = make_probe(run, reference, found, known)  # type: ignore[arg-type]
    assert lower.logits == exact.logits
    assert lower.limit == pytest.approx(0.41, abs=0.01)


def test_a_precision_that_overflows_fails_its_checks_and_has_no_probe() -> None:
    from tonewatch.onnx_export.emotion2vec.precision import Speech as Windows
    from tonewatch.onnx_export.emotion2vec.precision import lower_checks, make_probe
    from tonewatch.onnx_export.errors import ExportError

    run = shifted(float("nan"))
    speech = Windows(windows=(), name="")
    checks, _, found = lower_checks("fp16", run, reference, speech, (16000,))  # type: ignore[arg-type]
    assert not all(check.passed for check in checks)
    with pytest.raises(ExportError, match="not finite"):
        make_probe(run, reference, found, [True] * 9)  # type: ignore[arg-type]
