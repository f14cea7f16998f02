"""`tonewatch train`: labelled clips to a model folder, with held-out figures and a card.

    tonewatch train --manifest clips.csv --encoder model.bin --noise noise/ --output models/compact

Steps: features of every clip, clean and degraded (cached, resumable); cross-validation over
speakers and over corpora; temperature on held-out logits; a last head on all clips; the graph, int8
weights, parity; model.json and README.md beside it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..evaluation.metrics import reliability, scores_of
from ..labels import LABELS, Label
from ..manifest import Calibration, DataSource, Licence, Manifest
from ..window import Float32
from .ablation import ablate, write_ablation
from .card import write_card, write_notice
from .corpus import Clip, CorpusError, read_clip, read_manifest
from .crossval import SHARED, HeldOut, corpus_folds, hold_out, speaker_folds, train_head, uar
from .ct2 import read_variables
from .distil import Distillation, distil
from .encoder import Encoder, EncoderConfig, load_encoder
from .features import COPIES, extract, windows
from .forms import FormName, network_of, parity, shape_of, write
from .head import fit_temperature
from .streaming import StreamingEncoder

EVERYBODY = -1
"""No half of the speakers is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What to train, from what, and where to."""

    manifest: Path
    encoder: Path
    """CTranslate2 file of Whisper tiny.en."""
    output: Path
    """The model folder."""
    cache: Path
    encoder_sha256: str = ""
    noise: Path | None = None
    """Folder of noise recordings; white noise alone without one."""
    noise_without: tuple[str, ...] = ()
    """Sub-folders of it that may not be used."""
    form: FormName = "windowed"
    """Whether the network reads windows, or only new sound with a state for each leg."""
    distillation: Distillation = field(default_factory=Distillation)
    """How the streaming form learns from the windowed one."""
    name: str = "compact"
    version: str = "2026.11"
    layers: int = 2
    penalty: float = 3e-3
    known: tuple[Label, ...] = tuple(label for label in LABELS if label not in ("other", "unknown"))
    fold_sizes: Mapping[str, int] = field(default_factory=dict)
    """Held-out speakers at a time, for each corpus that results are reported on; by default one for
    each corpus with the role `eval`, four where it has twelve or more speakers."""
    commercial: tuple[str, ...] = ("emodb",)
    """Corpora whose licence allows commercial use of the weights."""


def train(job: Training, say: Callable[[str], None]) -> Path:
    """Run it; returns the model folder. Raises CorpusError, CheckpointError."""
    clips = read_manifest(job.manifest)
    job = replace(job, known=_learnable(clips, job))
    variables = read_variables(job.encoder, prefix="encoder/", sha256=job.encoder_sha256)
    noise = _noise(job)
    encoder: Encoder | StreamingEncoder
    encoder = load_encoder(variables, EncoderConfig(layers=job.layers))
    if job.form == "streaming":
        encoder = distil(encoder, clips, noise, job.cache / "distillation", say, job.distillation)
    data = extract(clips, encoder, noise, job.cache, say)
    features = data.pooled[:, -1].astype(np.float32)
    say("cross-validation over speakers")
    sizes = job.fold_sizes or _fold_sizes(clips)
    speakers = hold_out(features, data, clips, speaker_folds(clips, sizes), job.known, job.penalty)
    corpora: list[HeldOut] = []
    names = sorted({clip.corpus for clip in clips})
    if len(names) > 1:
        say("cross-validation over corpora")
        folds = corpus_folds(clips, names)
        corpora = hold_out(features, data, clips, folds, job.known, job.penalty)
    judged = [part for part in corpora if part.corpus in sizes]
    calibration, outside = calibrate(speakers, judged, clips, job.known)
    say(f"temperature {calibration.temperature:.2f}, ECE {100 * (calibration.ece or 0):.1f} %")
    head = train_head(features, data, clips, np.ones(len(clips), bool), job.known, job.penalty)
    network = network_of(encoder, head)
    job.output.mkdir(parents=True, exist_ok=True)
    graph = job.output / f"{job.name}.onnx"
    write(network, graph)
    checks = parity(network, graph, _speech(clips))
    told = ", ".join(f"{check.name} {check.value:.3f}" for check in checks)
    say(f"graph of {graph.stat().st_size / 1e6:.1f} MB; {told}")
    accuracy = _accuracy(clips, speakers, corpora, sizes)
    accuracy["ece_unseen_corpus"] = outside
    manifest = Manifest(
        name=job.name,
        version=job.version,
        graph=graph.name,
        sha256=hashlib.sha256(graph.read_bytes()).hexdigest(),
        **shape_of(network),
        labels=LABELS,
        known=job.known,
        feature_dim=encoder.config.width,
        precision="int8 and fp16 weights, fp32 arithmetic",
        batching=False,
        calibration=calibration,
        checks=checks,
        data=_sources(clips, job),
        licence=_licence(clips, job),
        accuracy=accuracy,
    )
    content = manifest.model_dump(mode="json", by_alias=True)
    (job.output / "model.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    write_card(job.output, manifest)
    write_notice(job.output)
    return job.output


def try_augmentations(job: Training, say: Callable[[str], None]) -> Path:
    """What each augmentation does for a head on the frozen encoder: the path of a table."""
    clips = read_manifest(job.manifest)
    known = _learnable(clips, job)
    variables = read_variables(job.encoder, prefix="encoder/", sha256=job.encoder_sha256)
    encoder = load_encoder(variables, EncoderConfig(layers=job.layers))
    rows = ablate(clips, encoder, _noise(job), known, job.penalty, job.cache / "ablation", say)
    return write_ablation(rows, job.output)


def _learnable(clips: Sequence[Clip], job: Training) -> tuple[Label, ...]:
    """The labels asked for that any clip has; a model must not claim the others."""
    found = tuple(label for label in job.known if any(clip.label == label for clip in clips))
    if len(found) < 2:
        raise CorpusError(f"{job.manifest}: clips of two labels or more are needed to learn from")
    if len({clip.speaker for clip in clips}) < 4:
        raise CorpusError(f"{job.manifest}: four speakers or more are needed: some to judge on")
    return found


def _noise(job: Training) -> list[Float32]:
    rng = np.random.default_rng(0)
    noise = [(0.1 * rng.standard_normal(48_000)).astype(np.float32) for _ in range(8)]
    if job.noise is None:
        return noise
    paths = sorted(path for kind in ("*.flac", "*.wav") for path in job.noise.rglob(kind))
    used = [path for path in paths if path.parent.name not in job.noise_without]
    if not used:
        raise CorpusError(f"{job.noise}: no noise recordings (FLAC, WAV) in it")
    return [read_clip(path) for path in used] + noise


def _fold_sizes(clips: Sequence[Clip]) -> dict[str, int]:
    speakers = {
        corpus: len({clip.speaker for clip in clips if clip.corpus == corpus})
        for corpus in sorted({clip.corpus for clip in clips if clip.role == "eval"})
    }
    return {corpus: 4 if count >= 12 else 1 for corpus, count in speakers.items()}


def calibrate(
    speakers: Sequence[HeldOut],
    corpora: Sequence[HeldOut],
    clips: Sequence[Clip],
    known: Sequence[Label],
) -> tuple[Calibration, float | None]:
    """One temperature for unseen speakers and unseen corpora, and the expected calibration error
    of each: that of one half of the speakers at the temperature of the other half, both ways.
    Without unseen corpora that of speakers alone, and None.

    A call is an unseen corpus: a temperature of unseen speakers alone is too sure of it.
    """
    kinds = [_held(found, clips, known) for found in (speakers, corpora) if found]

    def temperature(side: int) -> float:
        rows = [half != side for _, _, half in kinds]
        return fit_temperature(
            np.concatenate([logits[row] for (logits, _, _), row in zip(kinds, rows, strict=True)]),
            np.concatenate([truth[row] for (_, truth, _), row in zip(kinds, rows, strict=True)]),
        )

    fitted = [temperature(side) for side in (0, 1)]
    errors = [
        np.mean(
            [
                reliability(scores_of(logits[half == side], fitted[side]), truth[half == side]).ece
                for side in (0, 1)
            ]
        )
        for logits, truth, half in kinds
    ]
    calibration = Calibration(
        temperature=temperature(EVERYBODY),
        ece=float(errors[0]),
        fitted_on=f"held-out speakers{' and corpora' * bool(corpora)}, clean and telephone",
    )
    return calibration, round(float(errors[1]), 4) if corpora else None


def _held(
    found: Sequence[HeldOut], clips: Sequence[Clip], known: Sequence[Label]
) -> tuple[Float32, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Logits [n, 9], truth [n] and half of the speakers [n] of clean and telephone copies."""
    parts = [part for part in found if part.copy in ("clean", "telephone")]
    rows = np.concatenate([part.clips for part in parts])
    logits = np.concatenate([part.logits for part in parts])
    kept = np.array([clips[i].label in known for i in rows])
    rows, logits = rows[kept], logits[kept]
    number = {name: i for i, name in enumerate(sorted({clip.speaker for clip in clips}))}
    truth = np.array([LABELS.index(clips[i].label) for i in rows])
    return logits, truth, np.array([number[clips[i].speaker] % 2 for i in rows])


def _speech(clips: Sequence[Clip], count: int = 200) -> list[Float32]:
    """Windows of clips taken evenly from the whole manifest."""
    chosen = clips[:: max(1, len(clips) // count)]
    return [windows(read_clip(clip.path))[0].copy() for clip in chosen]


def _accuracy(
    clips: Sequence[Clip],
    speakers: Sequence[HeldOut],
    corpora: Sequence[HeldOut],
    sizes: Mapping[str, int],
) -> dict[str, Any]:
    """UAR in percent: by corpus and copy over unseen speakers; over unseen corpora."""

    def table(found: Sequence[HeldOut], labels: Sequence[Label] | None) -> dict[str, Any]:
        names = sorted({part.corpus for part in found})
        return {
            corpus: {
                copy: round(
                    100
                    * uar(
                        [p for p in found if (p.corpus, p.copy) == (corpus, copy)], clips, labels
                    ),
                    1,
                )
                for copy in COPIES
            }
            for corpus in names
        }

    known = [label for label in LABELS if label not in ("other", "unknown")]
    return {
        "command": "tonewatch train",
        "held_out_speakers_at_a_time": dict(sizes),
        "uar_unseen_speakers": table(speakers, known),
        "uar_unseen_corpus_shared_labels": table(corpora, SHARED),
        "clips": len(clips),
        "speakers": len({clip.speaker for clip in clips}),
        "trained_speakers": sorted({clip.speaker for clip in clips}),
    }


def _sources(clips: Sequence[Clip], job: Training) -> tuple[DataSource, ...]:
    corpora = sorted({clip.corpus for clip in clips})
    return tuple(
        DataSource(
            corpus=corpus,
            licence=next(clip.licence for clip in clips if clip.corpus == corpus) or "not stated",
            commercial=corpus in job.commercial,
            clips=sum(clip.corpus == corpus for clip in clips),
        )
        for corpus in corpora
    )


def _licence(clips: Sequence[Clip], job: Training) -> Licence:
    if all(clip.corpus in job.commercial for clip in clips):
        return Licence(name="free", commercial_use=True, notice="Trained on free data alone.")
    return Licence(
        name="research and evaluation only",
        commercial_use=False,
        notice=(
            f"The weights of {job.name} saw corpora for research only: "
            "evaluation and research, no commercial use."
        ),
    )
