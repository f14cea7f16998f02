import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.engine import EngineError
from tonewatch.models.funasr_engine import FunasrEngine
from tonewatch.models.window import Float32, Window


def test_a_folder_without_its_files_is_refused_before_funasr_sees_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"model\.pt, config\.yaml.*missing"):
        FunasrEngine(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ..onnx_export.tiny import checkpoint

    return checkpoint(tmp_path_factory.mktemp("funasr") / "tiny")


@pytest.fixture(scope="module")
def engine(folder: Path) -> FunasrEngine:
    return FunasrEngine(folder)


def noise(samples: int = 48000) -> Float32:
    return np.random.default_rng(0).standard_normal(samples).astype(np.float32) * 0.1


@pytest.mark.torch
def test_mean_frame_logits_are_funasrs_scores(engine: FunasrEngine) -> None:
    window = Window(leg="a", start_frame=3, samples=noise(), speech=1.0, captured_at=0.0)
    (frames,) = engine.infer([window])
    assert frames.logits.shape == (149, 9)
    scores, _ = engine.generate(noise())
    logits = frames.logits.astype(np.float64).mean(axis=0)
    mine = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(mine, scores, atol=1e-5)


@pytest.mark.torch
def test_side_effects_stay_out(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """FunASR reseeds all generators, takes four threads and talks on stdout."""
    import torch

    FunasrEngine(folder, threads=1)  # what importing says is said once
    capfd.readouterr()
    torch.manual_seed(5)
    np.random.seed(5)
    random.seed(5)
    before = torch.get_rng_state().clone(), np.random.get_state()[1].copy(), random.getstate()
    engine = FunasrEngine(folder, threads=2)
    engine.generate(noise(16000))
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    assert random.getstate() == before[2]
    assert torch.get_num_threads() == 2
    assert capfd.readouterr() == ("", "")


@pytest.mark.torch
@pytest.mark.parametrize(
    ("wave", "told"),
    [
        (np.full(16000, np.nan, np.float32), "finite"),
        (noise().reshape(-1, 2), "shape"),
        (noise()[None], "shape"),
        (noise().astype(np.float64), "float64"),
        ((noise() * 32768).astype(np.int16), "int16"),
        (noise() * 32768, "within"),
        (noise(399), "at least 400"),
        (noise(0), "at least 400"),
    ],
)
def test_what_funasr_would_misread_is_refused(
    engine: FunasrEngine, wave: Float32, told: str
) -> None:
    with pytest.raises(EngineError, match=told):
        engine.generate(wave)


def changed(folder: Path, target: Path) -> Path:
    return shutil.copytree(folder, target)


@pytest.mark.torch
def test_tensors_that_funasr_would_leave_random_are_named(folder: Path, tmp_path: Path) -> None:
    import torch

    mine = changed(folder, tmp_path / "prefix")
    content = torch.load(mine / "model.pt", weights_only=True)
    state = {name.replace("d2v_model.", "net."): x for name, x in content["model"].items()}
    torch.save({"model": state}, mine / "model.pt")
    with pytest.raises(EngineError, match="was not loaded"):
        FunasrEngine(mine)


@pytest.mark.torch
def test_a_tenth_label_does_not_get_a_random_head(folder: Path, tmp_path: Path) -> None:
    mine = changed(folder, tmp_path / "ten")
    with (mine / "tokens.txt").open("a") as file:
        file.write("\nunuse_9")
    with pytest.raises(EngineError, match="was not loaded"):
        FunasrEngine(mine)


@pytest.mark.torch
def test_code_in_the_configuration_is_refused_and_never_run(folder: Path, tmp_path: Path) -> None:
    mine = changed(folder, tmp_path / "code")
    text = (mine / "config.yaml").read_text()
    spec = text[text.index("feature_encoder_spec:") :].splitlines()[0]
    evil = f"feature_encoder_spec: \"open({str(tmp_path / 'ran')!r}, 'w')\""
    (mine / "config.yaml").write_text(text.replace(spec, evil))
    with pytest.raises(EngineError, match="feature_encoder_spec"):
        FunasrEngine(mine)
    assert not (tmp_path / "ran").exists()


@pytest.mark.torch
def test_code_beside_the_weights_is_never_imported(folder: Path, tmp_path: Path) -> None:
    mine = changed(folder, tmp_path / "remote")
    (mine / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with (mine / "config.yaml").open("a") as file:
        file.write(f"trust_remote_code: true\nremote_code: {mine / 'evil.py'}\n")
    FunasrEngine(mine)
    assert not (tmp_path / "ran").exists()


@pytest.mark.torch
def test_rows_are_put_where_tokens_say_and_those_unused_are_masked(tmp_path: Path) -> None:
    from tonewatch.models.labels import DISGUSTED, HAPPY, MASKED_LOGIT, SAD

    from ..onnx_export.tiny import TOKENS, checkpoint

    plain = FunasrEngine(checkpoint(tmp_path / "plain"))
    swapped = TOKENS.replace("开心/happy", "x").replace("难过/sad", "开心/happy")
    swapped = swapped.replace("x", "难过/sad").replace("厌恶/disgusted", "unuse_0")
    other = FunasrEngine(checkpoint(tmp_path / "other", tokens=swapped))
    window = Window(leg="a", start_frame=0, samples=noise(16000), speech=1.0, captured_at=0.0)
    (wanted,), (found,) = plain.infer([window]), other.infer([window])
    np.testing.assert_array_equal(found.logits[:, HAPPY], wanted.logits[:, SAD])
    np.testing.assert_array_equal(found.logits[:, SAD], wanted.logits[:, HAPPY])
    assert (found.logits[:, DISGUSTED] == MASKED_LOGIT).all()
    assert not other.manifest.decides_rivals


@pytest.mark.torch
def test_a_checkpoint_is_served_by_funasr_where_it_is_asked_for(folder: Path) -> None:
    from tonewatch.models.engine import ProviderError
    from tonewatch.models.registry import load_engine
    from tonewatch.models.settings import EngineSettings

    engine = load_engine(EngineSettings(model=str(folder)))
    assert engine.provider == "FunASR, torch CPU"
    assert (engine.manifest.name, engine.manifest.feature_dim) == ("tiny", 64)
    with pytest.raises(ProviderError, match="tonewatch export"):
        load_engine(EngineSettings(model=str(folder), provider="cuda"))
