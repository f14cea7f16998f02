"""A two-leg call assembled from labelled clips, and the windows cut from its scored leg."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..models.grid import FRAME_SAMPLES, SAMPLE_RATE
from ..models.manifest import Manifest
from ..models.training.corpus import Clip, read_clip, read_manifest
from ..models.window import Float32, Window
from ..stream.audio import Chunk
from ..stream.listener.gate import Vad
from ..stream.listener.heard import Heard
from ..stream.listener.listener import Listener, finish, listen
from ..stream.pipeline import LegCore
from ..stream.settings import ListenerSettings, StreamSettings
from .options import Failure

LEG = "bench/customer"
SHARE = 0.45
"""Share of time that each of the two speaks."""
TURN_S = 4.0
"""A speaker's turn is as many clips as first reach this."""
LEVEL = 0.05
"""Root mean square of a clip: a voice at about -26 dBFS."""


def assemble(manifest: Path, seconds: float) -> Float32:
    """Two speakers who take turns: [N, 2] at 16 kHz, each speaking SHARE of the time.

    Clips are those of two speakers of the corpus that comes first, in the order of the manifest.
    """
    clips = [clip for clip in read_manifest(manifest) if clip.role != "train"]
    speakers = sorted({clip.speaker for clip in clips if clip.corpus == clips[0].corpus})[:2]
    if len(speakers) < 2:
        raise Failure(f"{manifest}: a call needs two speakers of one corpus")
    said = [_voices([clip for clip in clips if clip.speaker == who]) for who in speakers]
    call = np.zeros((int(seconds * SAMPLE_RATE), 2), np.float32)
    at, turn = 0, 0
    while at < len(call):
        voice = said[turn % 2][turn // 2 % len(said[turn % 2])][: len(call) - at]
        call[at : at + len(voice), turn % 2] = voice
        at += round(len(voice) / (2 * SHARE))
        turn += 1
    return call


def _voices(clips: Sequence[Clip]) -> list[Float32]:
    """Turns of about TURN_S from a speaker's clips, at one level."""
    turns: list[Float32] = []
    parts: list[Float32] = []
    for clip in clips[:60]:
        wave = read_clip(clip.path)
        parts.append((wave * (LEVEL / max(np.sqrt((wave**2).mean()), 1e-6))).astype(np.float32))
        if sum(map(len, parts)) >= TURN_S * SAMPLE_RATE:
            turns.append(np.clip(np.concatenate(parts), -1, 1))
            parts = []
    return turns or [np.concatenate(parts)]


def hear(leg: Float32) -> list[Heard]:
    """What a listener makes of a leg [N] at 16 kHz."""
    listener, vad = Listener(LEG, SAMPLE_RATE, ListenerSettings()), Vad()
    heard: list[Heard] = []
    for start in range(0, len(leg), SAMPLE_RATE):
        part = leg[start : start + SAMPLE_RATE]
        end = (start + len(part)) / SAMPLE_RATE
        chunk = Chunk(leg=LEG, start=start, samples=part.copy(), captured_at=end)
        heard += listen([(listener, [chunk])], vad)[0]
    return heard + finish(listener, vad)


def speech_share(heard: Sequence[Heard]) -> float:
    """Share of frames that the gate takes for speech."""
    return float(np.concatenate([piece.speech for piece in heard]).mean())


def windows_of(
    heard: Sequence[Heard], settings: StreamSettings, manifest: Manifest, phase: int = 0
) -> list[Window]:
    """The windows that the product cuts from a leg."""
    core = LegCore(LEG, settings, manifest, phase_frames=phase)
    return [window for piece in heard for window in core.hear(piece)] + core.last()


def every_hop(leg: Float32, length: int, hop_frames: int) -> list[Window]:
    """The windows of somebody who slides one over all the sound, whoever speaks."""
    return [
        Window(
            leg=LEG,
            start_frame=(end - length) // FRAME_SAMPLES,
            samples=leg[end - length : end].copy(),
            speech=1.0,
            captured_at=end / SAMPLE_RATE,
        )
        for end in range(length, len(leg) + 1, hop_frames * FRAME_SAMPLES)
    ]
