import importlib.util
import json
from pathlib import Path

import pytest
from tests.models.evaluation.made import BandEngine, corpus

from tonewatch.models.training.corpus import CorpusError, read_manifest
from tonewatch.stream.assessment.assess import Assessment, assess
from tonewatch.stream.settings import StreamSettings

WITHOUT_TORCH = importlib.util.find_spec("torch") is None


@pytest.mark.torch
@pytest.mark.skipif(WITHOUT_TORCH, reason="needs torch")
def test_every_figure_is_written(tmp_path: Path) -> None:
    job = Assessment(manifest=corpus(tmp_path / "clips"), output=tmp_path / "out")
    found = assess(BandEngine(), job, StreamSettings(), lambda _: None)
    assert json.loads((tmp_path / "out" / "fear_disgust.json").read_text()) == found
    for copy in ("clean", "telephone"):
        assert found["clips"][copy]["made"]["clips"] == 16
        assert found["clips"][copy]["all"]["two_class"]["value"] >= 90.0
        assert found["calls"][copy]["false_flags"]["all"]["hours"] > 0
        assert found["calls"][copy]["splices"]["all"]["fearful"]["clips"] == 8
        assert found["calls"][copy]["splices_emergency"]["fearful"]["clips"] == 8


@pytest.mark.torch
@pytest.mark.skipif(WITHOUT_TORCH, reason="needs torch")
def test_a_corpus_without_the_two_is_refused(tmp_path: Path) -> None:
    manifest = corpus(tmp_path / "clips")
    rows = [row for row in manifest.read_text().splitlines() if "fearful" not in row]
    manifest.write_text("\n".join(rows))
    with pytest.raises(CorpusError, match="both fear and disgust"):
        assess(
            BandEngine(),
            Assessment(manifest=manifest, output=tmp_path / "out"),
            StreamSettings(),
            lambda _: None,
        )


def test_a_body_that_learned_these_speakers_is_refused_before_anything_is_read(
    tmp_path: Path,
) -> None:
    manifest = corpus(tmp_path / "clips")
    engine = BandEngine()
    learned = {"tuned": {"steps": 1}, "trained_speakers": [read_manifest(manifest)[0].speaker]}
    engine.manifest = engine.manifest.model_copy(update={"accuracy": learned})
    job = Assessment(manifest=manifest, output=tmp_path / "out")
    with pytest.raises(CorpusError, match="has learned these speakers' labels"):
        assess(engine, job, StreamSettings(), lambda _: None)
    assert engine.read == 0
