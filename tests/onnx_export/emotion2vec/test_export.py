import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tonewatch.models.window import Float32, Window

pytestmark = [pytest.mark.torch, pytest.mark.slow]

ALL = ("fp32", "fp16", "bf16", "int8", "int8-static")


def speech(count: int = 8) -> list[Float32]:
    """Something that swells and changes its colour, for want of recordings."""
    rng = np.random.default_rng(3)
    time = np.arange(48000) / 16000
    waves = []
    for i in range(count):
        tone = np.sin(2 * np.pi * (100 + 20 * i) * time + 3 * np.sin(5 * time))
        swell = np.abs(np.sin((1 + 0.3 * i) * time))
        waves.append((0.1 * swell * (tone + 0.3 * rng.standard_normal(48000))).astype(np.float32))
    return waves


def export_tiny(source: Path, target: Path, **job: Any) -> list[Path]:
    from tonewatch.onnx_export.emotion2vec.export import Export, export
    from tonewatch.onnx_export.emotion2vec.precision import Speech

    windows = Speech(windows=speech(), name="synthetic speech")
    return export(Export(source=source, target=target, speech=windows, **job), lambda line: None)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ..tiny import checkpoint

    return checkpoint(tmp_path_factory.mktemp("source") / "tiny")


@pytest.fixture(scope="module")
def folders(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One export of every precision."""
    made = export_tiny(source, tmp_path_factory.mktemp("models"), precisions=ALL)
    return dict(zip(ALL, made, strict=True))


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "model.json").read_text())


def window(samples: int, seed: int = 0) -> Window:
    noise = np.random.default_rng(seed).standard_normal(samples).astype(np.float32) * 0.1
    return Window(leg=f"{seed}", start_frame=0, samples=noise, speech=1.0, captured_at=0.0)


def test_each_precision_is_a_folder_of_its_own(folders: dict[str, Path]) -> None:
    home = folders["fp32"].parent
    assert sorted(path.name for path in home.iterdir()) == [
        "tiny",
        "tiny-bf16",
        "tiny-fp16",
        "tiny-int8",
        "tiny-int8-static",
    ]
    for precision, folder in folders.items():
        found = manifest(folder)
        assert found["precision"] == precision
        files = {f"{folder.name}.onnx", "model.json"}
        # A GPU has a copy of its own: nothing is gained by mapping its weights.
        assert {p.name for p in folder.iterdir()} == files | (
            set() if precision == "fp16" else {"weights.bin"}
        )


def test_weights_that_are_not_the_manifests_are_refused(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    from tonewatch.models.engine import EngineError
    from tonewatch.models.onnx_engine import OnnxEngine

    folder = shutil.copytree(folders["int8"], tmp_path / "mine")
    weights = folder / "weights.bin"
    assert weights.stat().st_mode == (folder / "tiny-int8.onnx").stat().st_mode
    data = bytearray(weights.read_bytes())
    data[1000] ^= 1
    weights.write_bytes(data)
    with pytest.raises(EngineError, match=r"weights\.bin: not the weights .*SHA-256 differs"):
        OnnxEngine(folder, provider="cpu")
    weights.unlink()
    with pytest.raises(EngineError, match=r"weights\.bin: missing"):
        OnnxEngine(folder, provider="cpu")


def test_the_fp32_graph_is_proven_equal_to_the_network_and_to_funasr(
    folders: dict[str, Path],
) -> None:
    checks = manifest(folders["fp32"])["checks"]
    names = {check["name"] for check in checks}
    for part in ("logits", "scores", "features"):
        assert {f"graph against network: {part}", f"graph against FunASR: {part}"} <= names
    assert all(check["passed"] for check in checks)


@pytest.mark.parametrize("samples", [16000, 24000, 32000, 48000])
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_identities_hold_through_the_serving_session(
    folders: dict[str, Path], source: Path, samples: int, rows: int
) -> None:
    """Mean frame logits = FunASR's utterance logits; their softmax = scores; features = feats."""
    from tonewatch.models.funasr_engine import FunasrEngine
    from tonewatch.models.onnx_engine import OnnxEngine

    engine = OnnxEngine(folders["fp32"], provider="cpu")
    funasr = FunasrEngine(source)
    windows = [window(samples, seed) for seed in range(rows)]
    for asked, answer in zip(windows, engine.infer(windows), strict=True):
        scores, features = funasr.generate(asked.samples)
        reference = funasr.infer([asked])[0].logits.astype(np.float64).mean(axis=0)
        pooled = answer.logits.astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(pooled, reference, atol=1e-4)
        softmax = np.exp(pooled) / np.exp(pooled).sum()
        np.testing.assert_allclose(softmax, scores, atol=1e-5)
        np.testing.assert_allclose(answer.features, features, atol=2e-4)


def test_rows_of_a_batch_are_independent_in_the_graph(folders: dict[str, Path]) -> None:
    from tonewatch.onnx_export.emotion2vec.precision import served_run

    for precision in ("fp32", "fp16", "int8-static"):
        run = served_run(folders[precision] / f"{folders[precision].name}.onnx", precision)
        waves = np.stack([window(24000, seed).samples for seed in range(3)])
        together, _ = run(waves)
        for row, wave in enumerate(waves):
            np.testing.assert_allclose(together[row], run(wave[None])[0][0], atol=2e-2)


def test_a_legs_numbers_do_not_depend_on_its_neighbours_in_any_precision(
    folders: dict[str, Path],
) -> None:
    from tonewatch.models.onnx_engine import OnnxEngine

    for precision in ("fp32", "int8", "int8-static"):
        engine = OnnxEngine(folders[precision], provider="cpu")
        windows = [window(48000, seed) for seed in range(3)]
        for alone, answer in zip(windows, engine.infer(windows), strict=True):
            np.testing.assert_array_equal(engine.infer([alone])[0].logits, answer.logits)


@pytest.mark.parametrize("precision", ALL[1:])
def test_a_lower_precision_says_how_far_it_is_from_fp32(
    folders: dict[str, Path], precision: str
) -> None:
    """With random weights: that it is measured, not how large it is."""
    found = manifest(folders[precision])
    said = found["accuracy"]["deviation_from_fp32"]
    assert said["measured_on"] == "4 windows of synthetic speech"
    assert 0 < said["scores_mean"] <= said["scores"]
    assert 0 <= said["changed"] <= 1
    assert said["rivals"] > 0
    finite = [c for c in found["checks"] if c["name"].endswith("logits that are no numbers")]
    assert [check["passed"] for check in finite] == [True]


def test_only_scales_of_a_whole_call_forbid_batches(folders: dict[str, Path]) -> None:
    assert [manifest(folders[precision])["batching"] for precision in ALL] == [
        True,
        True,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("precision", ALL)
def test_every_precision_serves_and_answers_the_probe(
    folders: dict[str, Path], precision: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tonewatch.models.onnx_engine import OnnxEngine

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = manifest(folders[precision])["probe"]
    assert found["limit"] >= 0.01
    provider = "openvino" if precision == "bf16" else "cpu"
    (frames,) = OnnxEngine(folders[precision], provider=provider).infer([window(48000)])
    assert frames.logits.shape == (149, 9)


def test_sizes_follow_the_precision(folders: dict[str, Path]) -> None:
    size = {p: sum(file.stat().st_size for file in f.iterdir()) for p, f in folders.items()}
    assert size["fp16"] < 0.8 * size["fp32"]
    assert size["bf16"] == pytest.approx(size["fp32"], rel=0.01)


def test_labels_that_are_not_known_switch_the_decision_off(tmp_path: Path) -> None:
    from tonewatch.models.labels import FEARFUL, MASKED_LOGIT
    from tonewatch.models.manifest import Manifest
    from tonewatch.models.onnx_engine import OnnxEngine

    from ..tiny import TOKENS, checkpoint

    mine = checkpoint(tmp_path / "mine", tokens=TOKENS.replace("恐惧/fearful", "unuse_1"))
    (folder,) = export_tiny(mine, tmp_path / "models")
    assert not Manifest.load(folder).decides_rivals
    assert all(check["passed"] for check in manifest(folder)["checks"])
    (frames,) = OnnxEngine(folder, provider="cpu").infer([window(16000)])
    assert (frames.logits[:, FEARFUL] == MASKED_LOGIT).all()


@pytest.fixture
def published(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny network in the place of the published one: its files pinned, an example beside."""
    import soundfile

    from tonewatch.onnx_export.emotion2vec import checkpoint
    from tonewatch.onnx_export.emotion2vec import export as module

    folder = shutil.copytree(source, tmp_path / "published")
    example = folder / "example" / "test.wav"
    example.parent.mkdir()
    soundfile.write(example, speech(1)[0], 16000)
    pins = {file: checkpoint.sha256(folder / file) for file in ("model.pt", "tokens.txt")}
    monkeypatch.setattr(checkpoint, "PINS", {"published": pins})
    monkeypatch.setattr(checkpoint, "BYTES", {"published": (folder / "model.pt").stat().st_size})
    monkeypatch.setattr(module, "EXAMPLE_SHA256", checkpoint.sha256(example))
    return folder


@pytest.mark.parametrize(("off", "passed"), [(0.0, True), (0.2, False)])
def test_a_published_model_must_give_its_known_scores_for_the_example(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: float, passed: bool
) -> None:
    """The mechanism; the numbers of the real weights are in pins.py."""
    import soundfile

    from tonewatch.models.engine import EngineError
    from tonewatch.models.funasr_engine import FunasrEngine
    from tonewatch.models.registry import load_engine
    from tonewatch.models.settings import EngineSettings
    from tonewatch.onnx_export.emotion2vec import export as module

    wave, _ = soundfile.read(published / "example" / "test.wav", dtype="float32")
    scores, _ = FunasrEngine(published).generate(wave)
    known = np.exp(np.log(scores) + off * (np.arange(9) == 4))
    monkeypatch.setattr(module, "GOLDEN", {"published": tuple(known)})
    (folder,) = export_tiny(published, tmp_path / "models", reference=False)
    (golden,) = [c for c in manifest(folder)["checks"] if c["name"].startswith("golden")]
    assert golden["passed"] is passed
    asked = EngineSettings(model=str(folder))
    if passed:
        load_engine(asked)
    else:
        with pytest.raises(EngineError, match=r"golden recording: log scores.*--force"):
            load_engine(asked)


def test_a_published_model_without_its_example_says_that_a_check_was_left_out(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tonewatch.onnx_export.emotion2vec import export as module

    shutil.rmtree(published / "example")
    monkeypatch.setattr(module, "GOLDEN", {"published": (1.0,) * 9})
    (folder,) = export_tiny(published, tmp_path / "models", reference=False)
    assert "left out" in manifest(folder)["accuracy"]["golden_check"]


def fails_with(
    message: str, source: Path, models: Path, prepare: Callable[[], None] = lambda: None, **job: Any
) -> None:
    from tonewatch.onnx_export.errors import ExportError

    prepare()
    with pytest.raises(ExportError, match=message) as error:
        export_tiny(source, models, **job)
    assert "\n" not in str(error.value)
    assert not models.exists() or not list(models.iterdir())


def test_a_failure_leaves_nothing_behind(source: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(source, tmp_path / "broken")
    (broken / "model.pt").write_bytes(b"")
    fails_with("truncated", broken, tmp_path / "models")


def test_a_failure_in_the_middle_leaves_nothing_behind(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tonewatch.onnx_export.emotion2vec import export as module

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_graph", full_disk)
    monkeypatch.setattr(module, "export_graph", lambda served, path: path.write_bytes(b"x"))
    monkeypatch.setattr(module, "part_weights", lambda path: None)
    monkeypatch.setattr(module, "served_run", lambda path, precision: None)
    monkeypatch.setattr(module, "deviation", lambda *_: None)
    monkeypatch.setattr(module, "exact_checks", lambda *_: [])
    fails_with("cannot be written: No space left", source, tmp_path / "models", reference=False)


def test_a_temperature_outlives_an_export_of_the_same_weights(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    from tonewatch.models.manifest import Manifest
    from tonewatch.onnx_export.emotion2vec.export import _calibration

    folder = shutil.copytree(folders["int8"], tmp_path / "tiny-int8")
    fitted = {"temperature": 8.0, "ece": 0.05, "fitted_on": "40 clips"}
    (folder / "model.json").write_text(json.dumps(manifest(folder) | {"calibration": fitted}))
    anew = Manifest.load(folders["int8"])
    assert _calibration(folder, anew).temperature == 8.0
    others = anew.model_copy(update={"version": "weights 00000000"})
    assert _calibration(folder, others).temperature == 1.0
    assert _calibration(tmp_path / "none", anew).temperature == 1.0


def test_what_a_killed_export_left_is_deleted_a_day_later(tmp_path: Path) -> None:
    from tonewatch.onnx_export.emotion2vec.export import _sweep

    for name in (".export.old", ".export.new", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half.onnx").write_text("")
    for name in (".export.old", "mine"):
        os.utime(tmp_path / name, (0, 0))
    _sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".export.new", "mine"]


def test_too_little_space_is_said_before_anything_is_written(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    fails_with("make room", source, tmp_path / "models")


def test_scales_need_speech(source: Path, tmp_path: Path) -> None:
    from tonewatch.onnx_export.emotion2vec.export import Export, export
    from tonewatch.onnx_export.errors import ExportError

    job = Export(source=source, target=tmp_path / "models", precisions=("int8-static",))
    with pytest.raises(ExportError, match="give some with --speech"):
        export(job, lambda line: None)
    assert not (tmp_path / "models").exists()


def test_an_export_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    from tonewatch.onnx_export.emotion2vec.export import _install

    (tmp_path / "models" / "tiny").mkdir(parents=True)
    (tmp_path / "models" / "tiny" / "old").write_text("")
    (tmp_path / "scratch" / "tiny").mkdir(parents=True)
    (tmp_path / "scratch" / "tiny" / "new").write_text("")
    final = _install(tmp_path / "scratch" / "tiny", tmp_path / "models", tmp_path / "scratch")
    assert [path.name for path in final.iterdir()] == ["new"]
