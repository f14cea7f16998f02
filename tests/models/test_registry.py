from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.engine import EngineError, ModelNotFoundError
from tonewatch.models.grid import FRAME_SAMPLES
from tonewatch.models.manifest import MANIFEST_NAME
from tonewatch.models.registry import available, embedded_folder, find, load_engine, way_up
from tonewatch.models.settings import EngineSettings
from tonewatch.models.window import Window

from .tiny import tiny_model


def settings(folder: Path, model: str = "auto", **more: object) -> EngineSettings:
    return EngineSettings.model_validate({"model": model, "models_dir": folder, **more})


def test_a_model_is_found_by_name(tmp_path: Path) -> None:
    tiny_model(tmp_path / "mine")
    assert find(settings(tmp_path, "mine")).folder == tmp_path / "mine"


def test_a_model_is_found_by_folder(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "elsewhere" / "mine")
    assert find(settings(tmp_path, str(folder))).manifest.name == "mine"


def test_auto_prefers_emotion2vec_over_others(tmp_path: Path) -> None:
    for name in ("another", "emotion2vec_plus_base", "emotion2vec_plus_large"):
        tiny_model(tmp_path / name)
    best = find(settings(tmp_path)).manifest
    assert best.name == "emotion2vec_plus_large"
    assert way_up(best) == ""


def test_auto_leaves_out_a_model_that_failed_its_checks(tmp_path: Path) -> None:
    failed = [{"name": "parity", "value": 1.0, "limit": 0.1, "passed": False}]
    tiny_model(tmp_path / "emotion2vec_plus_large", checks=failed)
    tiny_model(tmp_path / "emotion2vec_plus_base")
    assert find(settings(tmp_path)).manifest.name == "emotion2vec_plus_base"


def test_auto_says_in_the_log_what_it_took_what_it_left_out_and_the_way_to_a_better_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failed = [{"name": "parity", "value": 1.0, "limit": 0.1, "passed": False}]
    tiny_model(tmp_path / "emotion2vec_plus_large", checks=failed)
    tiny_model(tmp_path / "emotion2vec_plus_base")
    with caplog.at_level("INFO"):
        load_engine(settings(tmp_path))
    assert "model emotion2vec_plus_large failed its checks and is left out" in caplog.text
    assert (
        "model auto took emotion2vec_plus_base; a better one: "
        "tonewatch export emotion2vec_plus_large" in caplog.text
    )


def test_a_model_that_failed_its_checks_loads_only_by_force(tmp_path: Path) -> None:
    failed = [{"name": "parity", "value": 1.0, "limit": 0.1, "passed": False}]
    tiny_model(tmp_path / "mine", checks=failed)
    with pytest.raises(EngineError, match=r"failed its checks \(parity\).*--force"):
        load_engine(settings(tmp_path, "mine"))
    assert load_engine(settings(tmp_path, "mine", force=True)).manifest.name == "mine"


def test_an_unknown_model_names_those_that_are_known(tmp_path: Path) -> None:
    tiny_model(tmp_path / "mine")
    with pytest.raises(ModelNotFoundError, match=r"unknown model 'yours': known are .*mine"):
        find(settings(tmp_path, "yours"))


def test_a_broken_folder_is_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiny_model(tmp_path / "mine")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.json").write_text("{")
    assert "mine" in {model.manifest.name for model in available(settings(tmp_path))}
    assert "broken" in caplog.text


@pytest.mark.parametrize(
    ("device", "openvino", "instructions", "best"),
    [
        ("cpu", False, False, "int8"),
        ("cpu", True, True, "bf16"),
        ("cpu", True, False, "int8-static"),
        ("cuda", False, False, "fp16"),
    ],
)
def test_auto_takes_the_precision_that_wins_on_this_machine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    openvino: bool,
    instructions: bool,
    best: str,
) -> None:
    from tonewatch.models import onnx_session, openvino_session, registry

    monkeypatch.setattr(openvino_session, "has_bf16", lambda: instructions)
    monkeypatch.setattr(onnx_session, "wanted", lambda provider: device)
    monkeypatch.setattr(registry, "find_spec", lambda name: openvino or None)
    for precision in ("fp32", "fp16", "bf16", "int8", "int8-static"):
        suffix = "" if precision == "fp32" else f"-{precision}"
        tiny_model(tmp_path / f"emotion2vec_plus_large{suffix}", precision=precision)
        tiny_model(tmp_path / f"emotion2vec_plus_base{suffix}", precision=precision)
    found = find(settings(tmp_path)).manifest
    assert found.name == f"emotion2vec_plus_large-{best}"
    assert way_up(found) == ""


def test_a_model_without_one_of_the_rivals_says_that_the_decision_is_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiny_model(tmp_path / "mine", known=["fearful", "happy"])
    load_engine(settings(tmp_path, "mine"))
    assert "does not know disgusted: the fear/disgust decision is off" in caplog.text


SHIPPED = sorted(path.parent.name for path in embedded_folder().glob(f"*/{MANIFEST_NAME}"))


@pytest.mark.parametrize("name", SHIPPED)
def test_each_model_that_comes_along_loads_and_answers(tmp_path: Path, name: str) -> None:
    engine = load_engine(settings(tmp_path, name, provider="cpu", threads=1))
    facts = engine.manifest
    assert facts.name == name
    assert len((embedded_folder() / name / facts.graph).read_bytes()) < 8_000_000
    assert facts.licence.commercial_use == all(source.commercial for source in facts.data)
    sound = 0.1 * np.random.default_rng(0).standard_normal(facts.lengths[-1])
    window = Window(
        leg="a/b",
        start_frame=0,
        samples=sound.astype(np.float32),
        speech=1.0,
        captured_at=0.0,
    )
    engine.open("a/b")
    (frames,) = engine.infer([window])
    delay = facts.streaming.delay_frames if facts.streaming else 0
    assert len(frames.logits) == max(0, facts.lengths[-1] // FRAME_SAMPLES - delay)
    assert frames.features.shape[1] == facts.feature_dim


def test_what_comes_along_has_weights_that_may_be_sold(tmp_path: Path) -> None:
    assert set(SHIPPED) == {"compact", "compact-free", "compact-stream"}
    assert find(settings(tmp_path, "compact-free")).manifest.licence.commercial_use
    assert find(settings(tmp_path)).manifest.name == "compact-stream", "the default stays"
