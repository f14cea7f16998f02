"""Lessons made in the test."""

from collections.abc import Sequence

import numpy as np

from tonewatch.models.centres import Centres, fit
from tonewatch.models.labels import DISGUSTED, FEARFUL, LABELS, NEUTRAL
from tonewatch.models.manifest import Calibration, Licence, Manifest
from tonewatch.stream.learning.lessons import Lesson
from tonewatch.stream.review.rules import Label

SIZE = 6
TOY = Manifest(
    name="toy",
    version="1",
    graph="toy.onnx",
    sha256="a" * 64,
    window_samples=16000,
    lengths=(16000,),
    labels=LABELS,
    known=("disgusted", "fearful", "neutral"),
    feature_dim=SIZE,
    calibration=Calibration(temperature=1.0),
    licence=Licence(name="none", commercial_use=False, notice="a toy"),
)


def lesson(
    session: str,
    outcome: Label,
    feature: Sequence[float],
    *,
    fear: float = 0.0,
    disgust: float = 0.0,
    neutral: float = 0.0,
) -> Lesson:
    logits = np.full(len(LABELS), -10.0, np.float32)
    logits[[FEARFUL, DISGUSTED, NEUTRAL]] = fear, disgust, neutral
    features = np.zeros(SIZE, np.float32)
    features[: len(feature)] = feature
    return Lesson(session=session, outcome=outcome, logits=logits, features=features)


def centres() -> Centres:
    """Fear points along the first axis, disgust along the second."""
    rng = np.random.default_rng(0)
    targets = np.repeat([FEARFUL, DISGUSTED, NEUTRAL], 40)
    rows = 0.3 * rng.standard_normal((120, SIZE)).astype(np.float32)
    rows[targets == FEARFUL, 0] += 3
    rows[targets == DISGUSTED, 1] += 3
    return fit(rows, targets, TOY, version="0")
