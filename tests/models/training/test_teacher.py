from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonewatch.models.training.corpus import Clip
from tonewatch.models.training.teacher import lessons

from ..evaluation.scripted import ScriptedEngine


def clips(folder: Path) -> list[Clip]:
    made = []
    for number, level in enumerate((0.2, -0.5)):
        path = folder / f"{number}.wav"
        soundfile.write(path, np.full(24_000, level), 16_000)
        made.append(Clip(path=path, corpus="c", speaker="s", label="unknown"))
    return made


def test_a_lesson_is_what_the_engine_says_of_each_frame(tmp_path: Path) -> None:
    said: list[str] = []
    first, second = lessons(ScriptedEngine(), clips(tmp_path), tmp_path / "cache", said.append)
    assert first.logits.shape == (75, 9)
    assert first.logits[:, 0] == pytest.approx(0.2, abs=1e-4)
    assert second.logits[:, 0] == pytest.approx(-0.5, abs=1e-4)
    assert first.features.shape == (75, 1)
    assert said == ["scripted has read 2 of 2 clips"]


def test_lessons_on_disk_are_not_read_again(tmp_path: Path) -> None:
    of = clips(tmp_path)
    once = lessons(ScriptedEngine(), of, tmp_path / "cache", lambda _: None)
    again = lessons(ScriptedEngine(fail=True), of, tmp_path / "cache", lambda _: None)
    assert all(np.array_equal(a.logits, b.logits) for a, b in zip(once, again, strict=True))
