"""`tonewatch train`: labelled clips to a model folder, with held-out figures and a card.

    tonewatch train --manifest clips.csv --encoder model.bin --noise noise/ --output models/compact

Steps: features of every clip, clean and degraded (cached, resumable); cross-validation over
speakers and over corpora; temperature on held-out logits; a last head on all clips; the graph, int8
weights, parity; model.json and README.md beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..labels import LABELS, Label
from ..manifest import Calibration, Manifest
from ..window import Float32
from .ablation import ablate, write_ablation
from .corpus import Clip, CorpusError, read_clip, read_manifest
from .deliver import Delivery, deliver
from .distil import Distillation, distil
from .features import COPIES, extract
from .figures import card_figures, engines_of
from .forms import FormName, network_of
from .held import Known, frozen, read_held, tuned
from .joined import Body, Joined, Part, load_body, sentence_of
from .licences import free_noise, noise_credits
from .publish import accuracy_of, publish_figures
from .streaming import StreamingEncoder
from .temperature import calibrate, calibrate_for_strangers, error_at
from .tuning import Tuning
from .variants import check_names

VOICES: Final = 40
"""Clips kept for babble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What to train, from what, and where to."""

    manifest: Path
    encoders: tuple[Part, ...]
    """What the network starts from; several are read side by side."""
    output: Path
    """The model folder."""
    cache: Path
    noise: Path | None = None
    """Folder of noise recordings; white noise alone without one."""
    noise_without: tuple[str, ...] = ()
    """Sub-folders of it that may not be used."""
    form: FormName = "windowed"
    """Whether the network reads windows, or only new sound with a state for each leg, or windows as
    the latter would."""
    distillation: Distillation = field(default_factory=Distillation)
    """How the streaming form learns from the windowed one."""
    tuning: Tuning | None = None
    """How the streaming form's body learns labels; None: a head on frozen features."""
    name: str = "compact"
    version: str = "2026.11"
    half: bool = False
    """Compute frozen features in bfloat16."""
    penalty: float = 3e-3
    known: tuple[Label, ...] = tuple(label for label in LABELS if label not in ("other", "unknown"))
    fold_sizes: Mapping[str, int] = field(default_factory=dict)
    """Held-out speakers at a time, for each corpus that results are reported on; by default one for
    each corpus with the role `eval`, four where it has twelve or more speakers."""
    commercial: tuple[str, ...] = ("emodb",)
    """Corpora whose licence allows commercial use of the weights."""
    augment: tuple[str, ...] = ()
    """Further copies of each clip that a head learns from, by their names."""
    strangers: bool = False
    """Calibrate for voices unlike all that were learned from, without hearing any of them."""
    every: int = 1
    """Of the clips that augmentations are tried on, take every n-th."""
    free: bool = False
    """Use only those corpora, and noise whose licence allows it too."""


def train(job: Training, say: Callable[[str], None]) -> Path:
    """Run it; returns the model folder. Raises CorpusError, CheckpointError, VariantError."""
    check_names(job.augment)
    clips = clips_of(job)
    job = replace(job, known=learnable(clips, job))
    noise = noise_of(job)
    encoder = body_of(job, clips, noise, say)
    copies = (*COPIES, *job.augment)
    voices = [read_clip(c.path) for c in clips[:: max(1, len(clips) // VOICES)]]
    data = extract(
        clips, encoder, noise, job.cache, say, copies=copies, voices=voices, half=job.half
    )
    sizes = job.fold_sizes or fold_sizes_of(clips)
    of = Known(clips=clips, data=data, labels=job.known, sizes=sizes, penalty=job.penalty)
    if job.tuning is not None and isinstance(encoder, StreamingEncoder):
        judged = tuned(of, encoder, noise, job.cache / "tuning", say, job.tuning)
    else:
        judged = frozen(of, encoder, say)
    reported = [part for part in judged.corpora if part.corpus in sizes]
    calibration, outside = calibrate(judged.speakers, reported, clips, job.known)
    kinds = {"unseen speakers": judged.speakers, "unseen corpora": reported}
    accuracy: dict[str, Any] = {
        "calibration_alone": {
            name: calibrate(found, [], clips, job.known)[0].model_dump(
                include={"temperature", "ece"}
            )
            for name, found in kinds.items()
            if found
        }
    }
    everybody, corpora = [*clips, *foreign_of(job)], judged.corpora
    if len(everybody) > len(clips):
        say(f"{len(everybody) - len(clips)} clips of corpora that nothing is learned from")
        known = [i for i, c in enumerate(everybody) if i >= len(clips) and c.label in job.known]
        network = network_of(judged.encoder, judged.head, "unrolled")
        corpora = [*corpora, *read_held(network, everybody, known, noise)]
    if job.strangers:
        warm = calibrate_for_strangers(of, encoder, noise)
        calibration = Calibration(
            temperature=warm,
            ece=error_at(warm, judged.speakers, clips, job.known),
            fitted_on="single voices asked about other voices on the worst line",
        )
        outside = error_at(warm, corpora, everybody, job.known) if corpora else None
        accuracy["for_strangers"] = True
    say(f"temperature {calibration.temperature:.2f}, ECE {100 * (calibration.ece or 0):.1f} %")
    accuracy |= accuracy_of(everybody, clips, judged.speakers, corpora, judged.folds)
    if isinstance(judged.encoder, StreamingEncoder) and job.tuning is not None:
        accuracy["tuned"] = asdict(job.tuning)
    if job.form == "windowed" and not isinstance(encoder, StreamingEncoder):
        accuracy["network"] = sentence_of(encoder)
    if job.augment:
        accuracy["augment"] = list(job.augment)
    accuracy["unrolled"] = job.form == "unrolled"
    accuracy["ece_unseen_corpus"] = outside
    how = Delivery(
        folder=job.output,
        name=job.name,
        version=job.version,
        known=job.known,
        commercial=job.commercial,
        calibration=calibration,
        accuracy=accuracy,
        feature_dim=judged.head.weight.shape[1],
    )
    deliver(network_of(judged.encoder, judged.head, job.form), how, clips, clips, say)
    manifest = Manifest.load(job.output)
    figures = card_figures(
        everybody,
        manifest,
        judged.speakers,
        [part for part in corpora if part.corpus in sizes or part.corpus not in of.corpora],
        engines_of(judged, job.output, job.form, job.cache / "strangers"),
        unheard_noise(job),
        say,
    )
    if job.free and job.noise is not None:
        figures["credits"] = noise_credits(job.noise)
    publish_figures(job.output, manifest, figures)
    return job.output


def try_augmentations(job: Training, say: Callable[[str], None]) -> Path:
    """What each augmentation does for a head on the frozen encoder: the path of a table."""
    clips = clips_of(job)
    known = learnable(clips, job)
    noise = noise_of(job)
    encoder = body_of(job, clips, noise, say)
    used = [clip for clip in clips if clip.role == "eval"][:: job.every]
    rows = ablate(used, encoder, noise, known, job.penalty, job.cache / "ablation", say)
    return write_ablation(rows, job.output, clips=len(used))


def body_of(
    job: Training, clips: Sequence[Clip], noise: Sequence[Float32], say: Callable[[str], None]
) -> Body:
    """What a job's head reads: the layers of its files, or the streaming form distilled from them.
    Raises CorpusError, CheckpointError."""
    encoder = load_body(job.encoders)
    if job.form == "windowed":
        return encoder
    if isinstance(encoder, Joined):
        raise CorpusError(
            f"the {job.form} form is distilled from one layer of one encoder: one --encoder, one"
            " number for --layers; or --form windowed"
        )
    return distil(encoder, clips, noise, job.cache / "distillation", say, job.distillation)


def clips_of(job: Training) -> list[Clip]:
    """The clips that a job may learn from and be judged on. Raises CorpusError."""
    clips = read_manifest(job.manifest)
    if not job.free:
        return clips
    kept = [clip for clip in clips if clip.corpus in job.commercial]
    if not kept:
        raise CorpusError(
            f"{job.manifest}: none of its corpora is said to allow commercial use (--commercial)"
        )
    return kept


def foreign_of(job: Training) -> list[Clip]:
    """Clips of corpora that a free model may not learn from: it may be judged on them."""
    if not job.free:
        return []
    clips = read_manifest(job.manifest)
    return [c for c in clips if c.corpus not in job.commercial and c.role == "eval"]


def learnable(clips: Sequence[Clip], job: Training) -> tuple[Label, ...]:
    """The labels asked for that any clip has; a model must not claim the others."""
    found = tuple(label for label in job.known if any(clip.label == label for clip in clips))
    if len(found) < 2:
        raise CorpusError(f"{job.manifest}: clips of two labels or more are needed to learn from")
    if len({clip.speaker for clip in clips}) < 4:
        raise CorpusError(f"{job.manifest}: four speakers or more are needed: some to judge on")
    return found


def noise_of(job: Training) -> list[Float32]:
    """The noise recordings of a job [S each], and white noise. Raises CorpusError."""
    rng = np.random.default_rng(0)
    noise = [(0.1 * rng.standard_normal(48_000)).astype(np.float32) for _ in range(8)]
    if job.noise is None:
        return noise
    return [read_clip(path) for path in noise_paths(job, job.noise)] + noise


def noise_paths(job: Training, folder: Path) -> list[Path]:
    """The recordings of a folder of noise that a job may learn with. Raises CorpusError."""
    if job.free:
        return free_noise(folder)
    used = [path for path in recordings(folder) if path.parent.name not in job.noise_without]
    if not used:
        raise CorpusError(f"{folder}: no noise recordings (FLAC, WAV) in it")
    return used


def unheard_noise(job: Training) -> list[Float32]:
    """Noise that a job does not learn with, to judge with; room responses are no noise."""
    if job.noise is None:
        return []
    learned = set(noise_paths(job, job.noise))
    found = [p for p in recordings(job.noise) if p not in learned and p.parent.name != "rir"]
    return [read_clip(path) for path in found]


def recordings(folder: Path) -> list[Path]:
    """All FLAC and WAV files in a folder, sorted."""
    return sorted(path for kind in ("*.flac", "*.wav") for path in folder.rglob(kind))


def fold_sizes_of(clips: Sequence[Clip]) -> dict[str, int]:
    """Held-out speakers at a time, for each corpus that results are reported on."""
    speakers = {
        corpus: len({clip.speaker for clip in clips if clip.corpus == corpus})
        for corpus in sorted({clip.corpus for clip in clips if clip.role == "eval"})
    }
    return {corpus: 4 if count >= 12 else 1 for corpus, count in speakers.items()}
