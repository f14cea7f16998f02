import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonewatch.models.evaluation.evaluate import Evaluation, OverlapError, evaluate
from tonewatch.models.training.corpus import CorpusError

from .scripted import ScriptedEngine

LEVELS = {"angry": 0.8, "neutral": 0.05, "disgusted": -0.8, "fearful": 0.2, "sad": 0.5}
"""Heard as angry, neutral, disgusted; fear is never heard, sad is not known."""


def corpus(folder: Path, labels: tuple[str, ...] = tuple(LEVELS)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "corpus", "speaker", "label", "gender", "language"])
        for speaker in ("a", "b", "c"):
            for label in labels:
                name = f"{speaker}_{label}.wav"
                soundfile.write(folder / name, np.full(16_000, LEVELS[label]), 16_000)
                writer.writerow([name, "made", speaker, label, "f" if speaker == "a" else "m", "x"])
    return folder / "clips.csv"


def test_figures_go_to_json_markdown_and_pictures(tmp_path: Path) -> None:
    output = tmp_path / "out"
    said: list[str] = []
    job = Evaluation(manifest=corpus(tmp_path / "corpus"), output=output)
    figures = evaluate(ScriptedEngine(), job, said.append)
    assert figures["clips"] == 12, "a label that the model does not know is no task for it"
    row = figures["groups"]["corpus"]["made"]
    assert (row["uar"], row["wa"], row["clips"], row["speakers"]) == (75.0, 75.0, 12, 3)
    assert row["uar_interval"] == [75.0, 75.0]
    assert figures["confusion"]["fearful"]["neutral"] == 3
    assert figures["rivals"]["confusion"]["disgusted"]["disgusted"] == 3
    assert figures["rivals"]["two_class_accuracy"] == 100.0
    assert set(figures["groups"]["gender"]) == {"f", "m"}
    clean = {"uar": 75.0, "change": 0.0, "change_interval": [0.0, 0.0]}
    assert figures["robustness"]["clean"] == clean
    assert figures["robustness"]["gain -30 dB"]["uar"] < 75
    assert len(said) == len(figures["robustness"]) + 1
    assert set(figures["groups"]["all"]) == {"all"}
    assert set(figures["groups"]["band"]) <= {"narrow", "wide"}
    assert figures["changes"]["onsets"]["angry"]["found"] == 100.0
    assert figures["changes"]["onsets"]["fearful"]["found"] == 0.0
    assert json.loads((output / "evaluation.json").read_text(encoding="utf-8")) == figures
    text = (output / "evaluation.md").read_text(encoding="utf-8")
    assert "| made | 12 | 3 | 75.0 (75.0 to 75.0) |" in text
    assert "too good" not in text
    for name in ("confusion", "reliability", "risk_coverage"):
        assert (output / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_seen_speakers_are_refused_by_name(tmp_path: Path) -> None:
    job = Evaluation(manifest=corpus(tmp_path / "corpus"), output=tmp_path / "out")
    with pytest.raises(OverlapError, match="2 of these speakers: a, c;"):
        evaluate(ScriptedEngine(trained=["c", "a", "z"]), job, lambda _: None)
    assert not (tmp_path / "out").exists()


def test_the_manifest_of_the_training_may_name_them(tmp_path: Path) -> None:
    manifest = corpus(tmp_path / "corpus")
    job = Evaluation(manifest=manifest, output=tmp_path / "out", trained_on=manifest)
    with pytest.raises(OverlapError, match="a, b, c"):
        evaluate(ScriptedEngine(), job, lambda _: None)


def test_seen_speakers_that_are_allowed_are_told(tmp_path: Path) -> None:
    job = Evaluation(
        manifest=corpus(tmp_path / "corpus"),
        output=tmp_path / "out",
        allow_seen=True,
        robustness=False,
    )
    figures = evaluate(ScriptedEngine(trained=["a"]), job, lambda _: None)
    assert figures["seen_speakers"] == ["a"]
    assert "too good" in (tmp_path / "out" / "evaluation.md").read_text(encoding="utf-8")


def test_labels_that_occur_are_the_possible_answers(tmp_path: Path) -> None:
    """Without neutral among the clips, fear cannot be lost to it."""
    manifest = corpus(tmp_path / "corpus", ("fearful", "disgusted"))
    job = Evaluation(manifest=manifest, output=tmp_path / "out", robustness=False)
    figures = evaluate(ScriptedEngine(), job, lambda _: None)
    assert figures["groups"]["corpus"]["made"]["uar"] == 100.0
    assert figures["rivals"] is None


def test_nothing_to_judge_and_no_noise_are_said(tmp_path: Path) -> None:
    manifest = corpus(tmp_path / "corpus", ("sad",))
    with pytest.raises(CorpusError, match="no clip has a label that the model knows"):
        evaluate(
            ScriptedEngine(), Evaluation(manifest=manifest, output=tmp_path / "o"), lambda _: None
        )
    manifest = corpus(tmp_path / "second", ("angry", "neutral"))
    job = Evaluation(manifest=manifest, output=tmp_path / "o", noise=tmp_path / "o")
    with pytest.raises(CorpusError, match="no noise recordings"):
        evaluate(ScriptedEngine(), job, lambda _: None)
