"""What engines ask of a graph and of its answers."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.engine import EngineError
from tonewatch.models.labels import LABELS, MASKED_LOGIT
from tonewatch.models.manifest import Manifest
from tonewatch.models.onnx_answers import (
    check_graph,
    check_width,
    checked,
    named,
    quiet_noise,
    unlearned,
    verified,
)

from .tiny import tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def manifest(folder: Path) -> Manifest:
    return Manifest.load(folder)


def test_labels_that_were_never_learned_have_no_logit(manifest: Manifest) -> None:
    waves = np.zeros((2, 16_000), np.float32)
    logits = np.zeros((2, manifest.frames_of(16_000), len(LABELS)), np.float32)
    masked = checked(logits, manifest, waves)
    known = [LABELS.index(label) for label in manifest.known]
    assert (masked[:, :, known] == 0).all()
    assert (masked[:, :, unlearned(manifest)] == MASKED_LOGIT).all()


def test_numbers_of_another_shape_or_not_finite_are_errors(manifest: Manifest) -> None:
    waves = np.zeros((1, 16_000), np.float32)
    good = np.zeros((1, manifest.frames_of(16_000), len(LABELS)), np.float32)
    with pytest.raises(EngineError, match="do not belong together"):
        checked(good[:, 1:], manifest, waves)
    good[0, 3, 2] = np.inf
    with pytest.raises(EngineError, match="not finite"):
        checked(good, manifest, waves)


def test_another_width_of_features_is_an_error(folder: Path, manifest: Manifest) -> None:
    check_width(np.zeros((1, 3, manifest.feature_dim), np.float32), manifest, folder)
    with pytest.raises(EngineError, match=f"expected {manifest.feature_dim} features, found 1"):
        check_width(np.zeros((1, 3, 1), np.float32), manifest, folder)


def test_what_a_runtime_raises_names_the_model(manifest: Manifest) -> None:
    with pytest.raises(EngineError, match=f"model {manifest.name}: broken"), named(manifest):
        raise RuntimeError("broken")


def test_a_graph_that_is_not_the_manifests_is_refused_though_it_loads(
    folder: Path, manifest: Manifest, tmp_path: Path
) -> None:
    other = tmp_path / manifest.graph
    other.write_bytes((folder / manifest.graph).read_bytes() + b"x")
    with verified(folder / manifest.graph, manifest):
        pass
    with pytest.raises(EngineError, match="SHA-256 differs"), verified(other, manifest):
        pass
    with pytest.raises(EngineError, match="missing"), verified(tmp_path / "none.onnx", manifest):
        pass


def test_the_sound_to_warm_up_with_is_always_the_same(manifest: Manifest) -> None:
    noise = quiet_noise(manifest)
    assert noise.shape == (manifest.window_samples,)
    np.testing.assert_array_equal(noise, quiet_noise(manifest))
    assert 0.01 < np.abs(noise).max() < 0.5


def test_weights_beside_the_graph_must_be_there_and_those_of_the_manifest(tmp_path: Path) -> None:
    pin = hashlib.sha256(b"numbers").hexdigest()
    folder = tiny_model(tmp_path / "tiny", weights="weights.bin", weights_sha256=pin)
    graph, facts = folder / "tiny.onnx", Manifest.load(folder)
    with pytest.raises(EngineError, match=r"weights\.bin: missing, though the manifest of tiny"):
        check_graph(graph, facts)
    (folder / "weights.bin").write_bytes(b"numbers")
    check_graph(graph, facts)
    (folder / "weights.bin").write_bytes(b"other numbers")
    with pytest.raises(EngineError, match=r"weights\.bin: not the weights .*SHA-256 differs"):
        check_graph(graph, facts)
