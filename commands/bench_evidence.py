"""How often each piece of evidence agrees with the label, on labelled speech of many speakers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..models.evaluation.metrics import interval
from ..models.grid import FRAME_SAMPLES, SAMPLE_RATE
from ..models.training.augment import telephone
from ..models.training.corpus import Clip, read_clip, read_manifest
from ..models.window import Float32
from ..stream.audio import Chunk
from ..stream.decision.evidence.baseline import baseline
from ..stream.decision.evidence.compare import RULES, Rule, direction_of
from ..stream.decision.evidence.ear import STRETCH
from ..stream.decision.evidence.measures import Measures, measure
from ..stream.decision.evidence.pitch import SwiftF0
from ..stream.listener.gate import Vad
from ..stream.listener.heard import Bool
from ..stream.listener.listener import Listener, finish, listen
from ..stream.settings import EvidenceSettings, ListenerSettings
from .options import Failure

LABELS = ("fearful", "disgusted", "neutral")
_TAIL_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A clip against its speaker's baseline."""

    speaker: str
    label: str
    now: Measures
    usual: Measures


def run_evidence(
    manifest: Path, *, on_telephone: bool, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Shares told and agreement of every piece.

    A speaker's baseline is every second neutral clip; the other clips are judged, each a flagged
    span of its own. Intervals (95 %) are drawn over speakers.
    """
    clips = [clip for clip in read_manifest(manifest) if clip.role == "eval"]
    cases = list(_cases(clips, on_telephone, progress))
    if not {"fearful", "disgusted"} <= {case.label for case in cases}:
        raise Failure(
            f"{manifest}: needs fearful, disgusted and neutral clips of the same speakers"
        )
    figures: dict[str, Any] = {"clips": len(cases), "speakers": len({c.speaker for c in cases})}
    for rule in RULES:
        figures |= _figures(rule, cases)
    return figures


def _cases(
    clips: Sequence[Clip], on_telephone: bool, progress: Callable[[str], None]
) -> Iterator[_Case]:
    vad, pitch = Vad(), SwiftF0()
    speakers = sorted({clip.speaker for clip in clips})
    for number, speaker in enumerate(speakers):
        progress(f"speaker {number + 1} of {len(speakers)}")
        own = [clip for clip in clips if clip.speaker == speaker and clip.label in LABELS]
        heard = [(clip.label, *_heard(clip, vad, on_telephone)) for clip in own]
        heard = [one for one in heard if one[2].any()]
        calm = [one for one in heard if one[0] == "neutral"][::2]
        if not calm:
            continue
        usual = _baseline([(samples, speech) for _, samples, speech in calm], pitch)
        for one in heard:
            if not any(one is other for other in calm):
                label, samples, speech = one
                now = measure(samples, speech, pitch.track(samples))
                yield _Case(speaker=speaker, label=label, now=now, usual=usual)


def _heard(clip: Clip, vad: Vad, on_telephone: bool) -> tuple[Float32, Bool]:
    """A clip as a listener hears it, from its first to its last frame of speech."""
    wave = np.append(read_clip(clip.path), np.zeros(int(_TAIL_S * SAMPLE_RATE), np.float32))
    wave = telephone(wave) if on_telephone else wave
    listener = Listener("clip", SAMPLE_RATE, ListenerSettings())
    chunk = Chunk(leg="clip", start=0, samples=np.ascontiguousarray(wave), captured_at=0.0)
    pieces = [*listen([(listener, [chunk])], vad)[0], *finish(listener, vad)]
    samples = np.concatenate([piece.samples for piece in pieces])
    speech = np.concatenate([piece.speech for piece in pieces])
    at = np.flatnonzero(speech)
    first, last = (int(at[0]), int(at[-1]) + 1) if len(at) else (0, 0)
    return samples[first * FRAME_SAMPLES : last * FRAME_SAMPLES], speech[first:last]


def _baseline(calm: Sequence[tuple[Float32, Bool]], pitch: SwiftF0) -> Measures:
    """As in a call: of stretches of a fixed length."""
    samples = np.concatenate([one for one, _ in calm])
    speech = np.concatenate([one for _, one in calm])
    found = []
    for first in range(0, len(speech) - STRETCH + 1, STRETCH):
        part = samples[first * FRAME_SAMPLES : (first + STRETCH) * FRAME_SAMPLES]
        found.append(measure(part, speech[first : first + STRETCH], pitch.track(part)))
    return baseline(found, 1)


def _figures(rule: Rule, cases: Sequence[_Case]) -> dict[str, Any]:
    told = np.array([direction_of(rule, c.now, c.usual, EvidenceSettings()) for c in cases])
    labels = np.array([case.label for case in cases])
    figures: dict[str, Any] = {}
    for way, speaks_for in (("higher", rule.higher), ("lower", rule.lower)):
        if not speaks_for:
            continue
        shares = {label: float((told[labels == label] == way).mean()) for label in LABELS}
        figures[f"{rule.kind}_{way}_told"] = ", ".join(
            f"{label} {share:.0%}" for label, share in shares.items()
        )
        meant = {"both": ["fearful", "disgusted"]}.get(speaks_for, [speaks_for])
        against = ["neutral"] if speaks_for == "both" else sorted({*LABELS[:2]} - {*meant})
        figures[f"{rule.kind}_{way}_agrees"] = _agreement(cases, told == way, meant, against)
    return figures


def _agreement(
    cases: Sequence[_Case], told: npt.NDArray[np.bool_], meant: list[str], against: list[str]
) -> str:
    """P(label meant | told) where both sides are equally frequent: 50 % is chance."""
    is_meant = np.array([case.label in meant for case in cases])
    is_other = np.array([case.label in against for case in cases])

    def share(rows: npt.NDArray[np.intp]) -> float:
        hits = float(told[rows][is_meant[rows]].mean())
        misses = float(told[rows][is_other[rows]].mean())
        return hits / (hits + misses) if hits + misses else 0.5

    speakers = [case.speaker for case in cases]
    low, high = interval(share, speakers)
    middle = share(np.arange(len(cases)))
    sides = f"{'/'.join(meant)} against {'/'.join(against)}"
    return f"{middle:.0%} [{low:.0%}, {high:.0%}] {sides}"
