import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.centres import (
    CENTRES_NAME,
    Centres,
    CentresError,
    Compass,
    compass_for,
    fit,
    read_centres,
    stale,
)
from tonewatch.models.labels import DISGUSTED, FEARFUL, LABELS, NEUTRAL
from tonewatch.models.manifest import Licence, Manifest
from tonewatch.models.registry import EMBEDDED, embedded_folder

SIZE = 12


def manifest_of(name: str = "toy", sha256: str = "a" * 64, size: int = SIZE) -> Manifest:
    return Manifest(
        schema=1,
        name=name,
        version="1",
        graph="toy.onnx",
        sha256=sha256,
        window_samples=16000,
        lengths=(16000,),
        labels=LABELS,
        known=("disgusted", "fearful", "neutral"),
        feature_dim=size,
        licence=Licence(name="none", commercial_use=False, notice="a toy"),
    )


def embeddings(seed: int, count: int = 60, apart: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Clouds around one direction for each of three labels, under a large common offset."""
    rng = np.random.default_rng(seed)
    targets = np.repeat([FEARFUL, DISGUSTED, NEUTRAL], count)
    rows = rng.standard_normal((len(targets), SIZE)) + 20.0
    rows[np.arange(len(targets)), targets] += apart
    return rows.astype(np.float32), targets


def fitted(seed: int = 0, **words: object) -> Centres:
    return fit(*embeddings(seed), manifest_of(), version="1", **words)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["means", "kmeans"])
def test_centres_tell_unheard_embeddings_apart(method: str):
    compass = Compass(fitted(method=method))
    rows, targets = embeddings(1)
    two = targets != NEUTRAL
    share = compass.fear_share(compass.place(rows[two]))
    assert ((share > 0.5) == (targets[two] == FEARFUL)).mean() > 0.9
    assert 0 <= share.min() <= share.max() <= 1


def test_what_all_voices_share_makes_no_difference():
    rows, targets = embeddings(0)
    far = fit(rows + 50, targets, manifest_of(), version="1")
    one, other = Compass(fitted()), Compass(far)
    share = one.fear_share(one.place(rows)), other.fear_share(other.place(rows + 50))
    assert np.allclose(*share, atol=0.02)


def test_kmeans_finds_two_ways_to_sound_afraid():
    rows, targets = embeddings(0)
    fear = np.flatnonzero(targets == FEARFUL)
    rows[fear[::2], 10] += 12
    rows[fear[1::2], 10] -= 12
    centres = fit(rows, targets, manifest_of(), version="1", method="kmeans")
    one, other = np.array(centres.fear)
    assert one @ other < 0.5


@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_a_place_does_not_depend_on_its_neighbours(seed: int, cut: int):
    compass = Compass(CENTRES)
    rows = np.random.default_rng(seed).standard_normal((21, SIZE)).astype(np.float32)
    parts = [compass.place(rows[:cut]), compass.place(rows[cut:])]
    assert np.array_equal(compass.place(rows), np.concatenate(parts))


def test_no_rows_have_no_places():
    assert Compass(CENTRES).place(np.zeros((0, SIZE), np.float32)).shape == (0, 6)


def test_a_file_says_the_same_as_what_was_saved(tmp_path: Path):
    CENTRES.save(tmp_path / "c.json")
    assert read_centres(tmp_path / "c.json") == CENTRES
    assert [path.name for path in tmp_path.iterdir()] == ["c.json"]


@pytest.mark.parametrize(
    "other", [manifest_of(name="else"), manifest_of(sha256="b" * 64), manifest_of(size=SIZE + 1)]
)
def test_another_model_is_refused(other: Manifest, tmp_path: Path):
    CENTRES.save(tmp_path / "c.json")
    with pytest.raises(CentresError, match="tonewatch centres fit"):
        compass_for(other, tmp_path / "c.json")


def test_a_model_without_centres_has_no_compass():
    assert compass_for(manifest_of()) is None


def test_the_model_folder_brings_its_own_centres(tmp_path: Path):
    CENTRES.save(tmp_path / CENTRES_NAME)
    (tmp_path / "model.json").write_text(manifest_of().model_dump_json(by_alias=True))
    compass = compass_for(Manifest.load(tmp_path))
    assert compass is not None
    assert compass.version == "1"


def test_a_model_s_own_centres_of_older_weights_are_left_out(tmp_path: Path):
    CENTRES.save(tmp_path / CENTRES_NAME)
    newer = manifest_of(sha256="b" * 64)
    (tmp_path / "model.json").write_text(newer.model_dump_json(by_alias=True))
    assert compass_for(Manifest.load(tmp_path)) is None
    assert "tonewatch centres fit" in stale(CENTRES, newer)
    assert stale(CENTRES, manifest_of()) == ""


@pytest.mark.parametrize("name", [EMBEDDED, "compact", "compact-free"])
def test_a_shipped_model_has_centres_of_its_own_weights(name: str):
    folder = embedded_folder() / name
    centres, manifest = read_centres(folder / CENTRES_NAME), Manifest.load(folder)
    assert stale(centres, manifest) == ""
    assert centres.model == name
    assert compass_for(manifest) is not None


def test_no_shipped_centres_are_of_other_weights():
    for path in embedded_folder().glob(f"*/{CENTRES_NAME}"):
        assert stale(read_centres(path), Manifest.load(path.parent)) == ""


def test_a_chosen_file_must_be_there(tmp_path: Path):
    with pytest.raises(CentresError, match="missing"):
        compass_for(manifest_of(), tmp_path / "none.json")


def test_a_replaced_file_is_read_again(tmp_path: Path):
    path = tmp_path / "c.json"
    for version in ("1", "2"):
        CENTRES.model_copy(update={"version": version}).save(path)
        compass = compass_for(manifest_of(), path)
        assert compass is not None
        assert compass.version == version


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 2}'])
def test_a_broken_file_is_named(text: str, tmp_path: Path):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(CentresError, match=r"c\.json"):
        read_centres(tmp_path / "c.json")


def test_a_file_whose_shapes_differ_is_refused(tmp_path: Path):
    content = json.loads(CENTRES.model_dump_json(by_alias=True))
    content["mean"] = content["mean"][:-1]
    (tmp_path / "c.json").write_text(json.dumps(content))
    with pytest.raises(CentresError, match="basis"):
        read_centres(tmp_path / "c.json")


def test_too_few_embeddings_are_refused():
    rows, targets = embeddings(0, count=9)
    with pytest.raises(CentresError, match="9 embeddings of fear"):
        fit(rows, targets, manifest_of(), version="1")


CENTRES = fitted()
