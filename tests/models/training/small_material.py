"""Tones whose pitch is the label's, as material for batches."""

from collections.abc import Sequence
from pathlib import Path

from tonewatch.models.labels import Label
from tonewatch.models.training.batches import Material, material
from tonewatch.models.training.corpus import Clip
from tonewatch.models.training.encoder import Encoder, EncoderConfig, load_encoder
from tonewatch.models.training.teacher import Lesson
from tonewatch.models.training.variants import Sounds

from .small import HEADS, LAYERS, WIDTH, variables, voice

KNOWN: tuple[Label, ...] = ("angry", "fearful", "neutral")


def tones(*, lessons: Sequence[Lesson] = (), unlabelled: int = 0, seconds: float = 2.0) -> Material:
    """Two speakers of two corpora, one clip a label; then sound without a label."""
    clips = [
        Clip(path=Path("x"), corpus=corpus, speaker=f"{corpus}{speaker}", label=label)
        for corpus in ("a", "b")
        for speaker in range(2)
        for label in KNOWN
    ]
    waves = [voice(i % 3, i // 3, seconds=seconds) for i in range(len(clips) + unlabelled)]
    sounds = Sounds(noise=[voice(4, 4)], voices=waves[:3])
    return material(clips, waves, KNOWN, "balanced", sounds, lessons)


def small_encoder() -> Encoder:
    """Random weights."""
    return load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
