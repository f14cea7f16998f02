"""`tonewatch train --architecture`: a whole network by gradient descent, to a model folder.

Every fifth speaker of a corpus (in small ones every second) is held out: the figures and the
temperature are theirs. With a teacher, any engine, the network learns its frames as well, of sound
without labels too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import distributed

from ..engine import Engine
from ..manifest import Manifest
from .batches import Balance, Drawing, draw, material
from .classic import Classic
from .corpus import Clip, CorpusError, read_clip
from .deliver import Delivery, deliver
from .figures import card_figures, served
from .fitting import Fitting, Place, fit, processes
from .held import read_held
from .joined import load_body
from .networks import ARCHITECTURES, Architecture, Network, build
from .publish import accuracy_of, publish_figures
from .teacher import Lesson, lessons
from .temperature import calibrate
from .train import Training, clips_of, learnable, noise_of, unheard_noise
from .variants import MOVES_TIME, Sounds, VariantError, check_names

HELD = 5
"""One speaker in as many is held out of a corpus."""
VOICES = 40
"""Clips kept for babble."""
SOUND = (".wav", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """Which network, and how it learns."""

    architecture: Architecture = "whisper"
    fitting: Fitting = field(default_factory=Fitting)
    drawing: Drawing = field(default_factory=Drawing)
    balance: Balance = "balanced"
    unlabelled: Path | None = None
    """Folder of recordings that the teacher alone speaks about."""


def learn(
    job: Training, how: Learning, say: Callable[[str], None], teacher: Engine | None = None
) -> Path | None:
    """Run it, in one process or in those that torchrun started; returns the model folder, in all
    but the first of these None.

    Raises CorpusError, CheckpointError, VariantError, FittingError, EngineError.
    """
    clips = clips_of(job)
    job = replace(job, known=learnable(clips, job))
    _check(how, teacher)
    with processes() as place:
        if how.drawing.batch % place.world:
            raise CorpusError(f"--batch: expected a multiple of {place.world}, the processes")
        network, learned = _trained(job, how, clips, teacher, place, say)
        if place.rank == 0:
            _deliver(job, how, clips, learned, network, say)
            return job.output
    return None


def _check(how: Learning, teacher: Engine | None) -> None:
    check_names(how.drawing.augment)
    moved = [name for name in how.drawing.augment if name in MOVES_TIME]
    if teacher is not None and moved:
        raise VariantError(
            f"{', '.join(moved)}: moves frames in time, so a teacher's frames no longer fit; "
            "leave it out"
        )
    if how.unlabelled is not None and teacher is None:
        raise CorpusError("recordings without labels need a teacher: --teacher ENGINE")


def held_speakers(clips: Sequence[Clip]) -> set[str]:
    """Every fifth speaker of each corpus; every second where there are fewer than six."""
    held: set[str] = set()
    for corpus in sorted({clip.corpus for clip in clips}):
        speakers = sorted({clip.speaker for clip in clips if clip.corpus == corpus})
        every = HELD if len(speakers) > HELD else 2
        held |= set(speakers[::every] if len(speakers) > 1 else [])
    return held


def _trained(
    job: Training,
    how: Learning,
    clips: Sequence[Clip],
    teacher: Engine | None,
    place: Place,
    say: Callable[[str], None],
) -> tuple[Network, list[Clip]]:
    """The network, and the clips that it has learned from."""
    held = held_speakers(clips)
    if len(held) < 2:
        raise CorpusError(f"{job.manifest}: no corpus in it has four speakers: some to judge on")
    learned = [clip for clip in clips if clip.speaker not in held and clip.label in job.known]
    heard = [*learned, *_unlabelled(how.unlabelled)]
    waves = [read_clip(clip.path) for clip in heard]
    voices = waves[:: max(1, len(waves) // VOICES)]
    taught = _taught(teacher, heard, job.cache / "teacher", place, say)
    sounds = Sounds(noise=noise_of(job), voices=voices)
    of = material(learned, waves, job.known, how.balance, sounds, taught)
    torch.manual_seed(how.drawing.seed)
    encoder = load_body(job.encoders) if how.architecture == "whisper" else None
    network = build(how.architecture, job.known, encoder)
    if isinstance(network.body, Classic):
        network.body.measure(draw(of, how.drawing, 0).waves)
    fit(
        network,
        lambda step: draw(of, how.drawing, step, place.rank, place.world),
        how.fitting,
        job.cache / how.architecture,
        say,
        taught_width=taught[0].features.shape[1] if taught else None,
        place=place,
    )
    return network, learned


def _unlabelled(folder: Path | None) -> list[Clip]:
    if folder is None:
        return []
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUND)
    if not found:
        raise CorpusError(f"{folder}: no recordings ({', '.join(SOUND)}) in it")
    return [Clip(path=path, corpus="unlabelled", speaker="", label="unknown") for path in found]


def _taught(
    teacher: Engine | None,
    clips: Sequence[Clip],
    cache: Path,
    place: Place,
    say: Callable[[str], None],
) -> list[Lesson]:
    if teacher is None:
        return []
    if place.world == 1:
        return lessons(teacher, clips, cache, say)
    found = lessons(teacher, clips, cache, say) if place.rank == 0 else []
    # The others wait until all lessons lie on disk.
    distributed.barrier()
    return found or lessons(teacher, clips, cache, lambda _: None)


def _deliver(
    job: Training,
    how: Learning,
    clips: Sequence[Clip],
    learned: Sequence[Clip],
    network: Network,
    say: Callable[[str], None],
) -> None:
    """Figures of held-out speakers, graph, parity, model.json and card."""
    held = held_speakers(clips)
    rows = [i for i, c in enumerate(clips) if c.speaker in held and c.label in job.known]
    speakers = read_held(network, clips, rows, noise_of(job))
    calibration, _ = calibrate(speakers, [], clips, job.known)
    accuracy = accuracy_of(clips, learned, speakers, [], {})
    accuracy["ece_unseen_corpus"] = None
    accuracy["network"] = ARCHITECTURES[how.architecture]
    for corpus, row in accuracy["uar_unseen_speakers"].items():
        say(f"{corpus}: " + ", ".join(f"{copy} {value}" for copy, value in row.items()))
    delivery = Delivery(
        folder=job.output,
        name=job.name,
        version=job.version,
        known=job.known,
        commercial=job.commercial,
        calibration=calibration,
        accuracy=accuracy,
        feature_dim=network.width,
        small=how.architecture == "whisper",
    )
    folder = deliver(network, delivery, clips, learned, say)
    engines = dict.fromkeys(held, served(folder))
    manifest = Manifest.load(folder)
    figures = card_figures(clips, manifest, speakers, [], engines, unheard_noise(job), say)
    publish_figures(folder, manifest, figures)
