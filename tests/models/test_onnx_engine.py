import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.engine import EngineError, ProviderError
from tonewatch.models.labels import MASKED_LOGIT, OTHER, UNKNOWN
from tonewatch.models.onnx_engine import OnnxEngine
from tonewatch.models.window import Window

from .tiny import FEATURES, tiny_model


def window(samples: int = 48000, *, leg: str = "a/customer", seed: int = 0) -> Window:
    noise = np.random.default_rng(seed).standard_normal(samples).astype(np.float32) * 0.1
    return Window(leg=leg, start_frame=7, samples=noise, speech=1.0, captured_at=3.0)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> OnnxEngine:
    return OnnxEngine(tiny_model(tmp_path_factory.mktemp("models") / "tiny"), provider="cpu")


@pytest.mark.parametrize("samples", [16000, 24000, 32000, 48000])
def test_a_window_gives_one_row_for_each_frame(engine: OnnxEngine, samples: int) -> None:
    (frames,) = engine.infer([window(samples)])
    assert frames.logits.shape == (samples // 320, 9)
    assert frames.features.shape == (samples // 320, FEATURES)
    assert (frames.leg, frames.start_frame, frames.captured_at) == ("a/customer", 7, 3.0)


def test_unknown_labels_have_no_mass(engine: OnnxEngine) -> None:
    (frames,) = engine.infer([window()])
    assert (frames.logits[:, [OTHER, UNKNOWN]] == MASKED_LOGIT).all()


def test_a_legs_numbers_never_depend_on_its_neighbours(engine: OnnxEngine) -> None:
    windows = [window(length, leg=f"{i}", seed=i) for i, length in enumerate([48000, 48000, 16000])]
    together = engine.infer(windows)
    for alone, answer in zip(windows, together, strict=True):
        np.testing.assert_array_equal(engine.infer([alone])[0].logits, answer.logits)


def test_the_provider_is_read_back_from_the_session(engine: OnnxEngine) -> None:
    assert engine.provider == "CPU"


def test_a_provider_demanded_by_name_must_load(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="'cuda' was demanded, but CPU loaded"):
        OnnxEngine(tiny_model(tmp_path / "tiny"), provider="cuda")


def test_a_graph_that_is_not_the_manifests_is_refused(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny")
    (folder / "tiny.onnx").write_bytes((folder / "tiny.onnx").read_bytes() + b"\0")
    with pytest.raises(EngineError, match="SHA-256 differs"):
        OnnxEngine(folder)


def test_a_manifest_without_its_graph_is_refused(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny")
    (folder / "tiny.onnx").unlink()
    with pytest.raises(EngineError, match=r"tiny\.onnx: missing"):
        OnnxEngine(folder)


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny", sha256="")
    (folder / "tiny.onnx").write_bytes(b"not a graph")
    with pytest.raises(EngineError, match="not a graph that ONNX Runtime can load"):
        OnnxEngine(folder)


def test_a_graph_of_another_feature_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="expected 12 features, found 4"):
        OnnxEngine(tiny_model(tmp_path / "tiny", feature_dim=12))


def test_a_graph_with_another_frame_count_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="do not belong together"):
        OnnxEngine(tiny_model(tmp_path / "tiny", receptive_field=400))


def test_broken_samples_are_an_error_and_not_numbers(engine: OnnxEngine) -> None:
    broken = window().samples.copy()
    broken[5] = np.nan
    with pytest.raises(EngineError, match="not finite"):
        engine.infer([dataclasses.replace(window(), samples=broken)])


def probe_of(folder: Path, *, off: float = 0.0) -> dict[str, object]:
    from tonewatch.models.probe import probe_wave

    engine = OnnxEngine(folder, provider="cpu")
    wave = dataclasses.replace(window(), samples=probe_wave(16000))
    (frames,) = engine.infer([wave])
    logits = frames.logits.astype(np.float64).mean(axis=0)
    return {"samples": 16000, "logits": [float(x) + off for x in logits], "limit": 0.01}


def test_a_machine_that_computes_what_was_exported_may_serve(tmp_path: Path) -> None:
    probe = probe_of(tiny_model(tmp_path / "tiny"))
    assert OnnxEngine(tiny_model(tmp_path / "tiny", probe=probe), provider="cpu").manifest.probe


def test_a_machine_that_computes_something_else_may_not_unless_forced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    probe = probe_of(tiny_model(tmp_path / "tiny"), off=0.5)
    folder = tiny_model(tmp_path / "tiny", probe=probe)
    with pytest.raises(EngineError, match=r"on this machine \(CPU\).*is 0\.5 from.*--force"):
        OnnxEngine(folder, provider="cpu")
    OnnxEngine(folder, provider="cpu", force=True)
    assert "on this machine (CPU)" in caplog.text
