"""Corpora as their publishers lay them out, brought to clips; one table of label names.

Most corpora write speaker and label into the file's path; IEMOCAP and MELD keep labels in text
files beside the sound.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..labels import Label
from .corpus import Clip, CorpusError

NAMES: Final[dict[str, Label]] = {
    "angry": "angry",
    "anger": "angry",
    "ang": "angry",
    "rab": "angry",
    "disgust": "disgusted",
    "disgusted": "disgusted",
    "dis": "disgusted",
    "fear": "fearful",
    "fearful": "fearful",
    "fea": "fearful",
    "pau": "fearful",
    "happy": "happy",
    "happiness": "happy",
    "hap": "happy",
    "joy": "happy",
    "gio": "happy",
    "exc": "happy",
    "neutral": "neutral",
    "neu": "neutral",
    "calm": "neutral",
    "sad": "sad",
    "sadness": "sad",
    "tri": "sad",
    "surprise": "surprised",
    "surprised": "surprised",
    "sur": "surprised",
    "sor": "surprised",
    "ps": "surprised",
    "boredom": "other",
    "fru": "other",
    "oth": "other",
}
"""Names and codes that mean the same in every corpus that uses them. IEMOCAP's excitement counts as
happy, as is usual; its frustration and EMO-DB's boredom as other."""

_RAVDESS: Final[dict[str, Label]] = {
    "01": "neutral",
    "02": "neutral",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgusted",
    "08": "surprised",
}
_EMODB: Final[dict[str, Label]] = {
    "W": "angry",
    "L": "other",
    "E": "disgusted",
    "A": "fearful",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}
_SAVEE: Final[dict[str, Label]] = {
    "a": "angry",
    "d": "disgusted",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}

SOUND: Final = (".wav", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True, slots=True)
class _Paths:
    """A corpus whose file names say everything: groups `speaker` and `label` of a pattern on the
    path without its extension."""

    pattern: str
    language: str
    labels: Mapping[str, Label]

    def clips(self, root: Path, corpus: str) -> Iterator[Clip]:
        form = re.compile(f"(?:^|.*/){self.pattern}$")
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() not in SOUND:
                continue
            name = path.relative_to(root).with_suffix("").as_posix()
            found = form.match(name)
            if not found:
                continue
            code = found["label"]
            label = self.labels.get(code) or self.labels.get(code.lower())
            if label is None:
                raise CorpusError(f"{path}: {code!r} is no label of {corpus}")
            yield Clip(
                path=path,
                corpus=corpus,
                speaker=f"{corpus}_{found['speaker']}",
                label=label,
                language=self.language,
            )


def _iemocap(root: Path, corpus: str) -> Iterator[Clip]:
    """Labels of Session*/dialog/EmoEvaluation/*.txt; utterances without agreement are left out."""
    form = re.compile(r"^\[[\d. -]+\]\t(Ses\d\d[FM]_\w+_([FM])\d+)\t(\w+)\t")
    for table in sorted(root.glob("Session*/dialog/EmoEvaluation/*.txt")):
        for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
            found = form.match(line)
            if not found or found[3] not in NAMES:
                continue
            session = table.parents[2]
            yield Clip(
                path=session / "sentences" / "wav" / table.stem / f"{found[1]}.wav",
                corpus=corpus,
                speaker=f"{corpus}_{found[1][:5]}{found[2]}",
                label=NAMES[found[3]],
                gender=found[2].lower(),
                language="en",
            )


def _meld(root: Path, corpus: str) -> Iterator[Clip]:
    """Labels of *_sent_emo.csv; sound as dia<D>_utt<U> beside it, in a folder of the split's name
    (`train`, `dev`, `test`) or anywhere below: dialogue numbers start again in each split."""
    for table in sorted(root.glob("*_sent_emo.csv")):
        split = table.name.removesuffix("_sent_emo.csv")
        base = root / split if (root / split).is_dir() else root
        sound = {path.stem: path for path in base.rglob("dia*_utt*") if path.suffix in SOUND}
        with table.open(newline="", encoding="utf-8", errors="replace") as file:
            for row in csv.DictReader(file):
                path = sound.get(f"dia{row['Dialogue_ID']}_utt{row['Utterance_ID']}")
                if path is not None:
                    yield Clip(
                        path=path,
                        corpus=corpus,
                        speaker=f"{corpus}_{row['Speaker']}",
                        label=NAMES[row["Emotion"].lower()],
                        language="en",
                    )


LAYOUTS: Final[dict[str, Callable[[Path, str], Iterator[Clip]]]] = {
    "casia": _Paths(r"(?P<speaker>\w+)/(?P<label>[a-z]+)/\d+", "zh", NAMES).clips,
    "cremad": _Paths(r"(?P<speaker>\d{4})_\w{3}_(?P<label>[A-Z]{3})_\w+", "en", NAMES).clips,
    "emodb": _Paths(r"(?P<speaker>\d\d)[ab]\d\d(?P<label>[A-Z])[a-z]?", "de", _EMODB).clips,
    "emovo": _Paths(r"(?P<label>[a-z]{3})-(?P<speaker>[fm]\d)-\w+", "it", NAMES).clips,
    "esd": _Paths(
        r"(?P<speaker>00\d\d)/(?P<label>[A-Z][a-z]+)/(?:\w+/)?\d{4}_\d+", "", NAMES
    ).clips,
    "iemocap": _iemocap,
    "meld": _meld,
    "nemo": _Paths(r"(?P<speaker>[A-Z]+\d*)_(?P<label>[a-z]+)_\d+", "pl", NAMES).clips,
    "ravdess": _Paths(
        r"03-01-(?P<label>\d\d)-\d\d-\d\d-\d\d-(?P<speaker>\d\d)", "en", _RAVDESS
    ).clips,
    "savee": _Paths(r"(?P<speaker>[A-Z]{2})[_/](?P<label>[a-z]{1,2})\d\d", "en", _SAVEE).clips,
    "tess": _Paths(r"(?P<speaker>[OY]AF)_\w+_(?P<label>[a-z]+)", "en", NAMES).clips,
}
"""Readers of a corpus's root folder, by its name. RAVDESS: speech alone, no song, sound alone."""


def read_layout(corpus: str, root: Path) -> list[Clip]:
    """The labelled clips of a corpus in its publisher's layout. Raises CorpusError."""
    if corpus not in LAYOUTS:
        raise CorpusError(f"{corpus!r} is no corpus known here: {', '.join(LAYOUTS)}")
    clips = [clip for clip in LAYOUTS[corpus](root, corpus) if clip.path.is_file()]
    if not clips:
        raise CorpusError(f"{root}: no clip in the layout of {corpus} in it")
    return clips


def write_manifest(clips: list[Clip], path: Path) -> None:
    """Write clips as a manifest that `read_manifest` reads; paths relative to it where possible."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["path", "corpus", "speaker", "label", "gender", "language", "license", "role"]
        )
        for clip in clips:
            inside = clip.path.is_relative_to(path.parent)
            where = clip.path.relative_to(path.parent) if inside else clip.path.absolute()
            row = [where.as_posix(), clip.corpus, clip.speaker, clip.label]
            writer.writerow([*row, clip.gender, clip.language, clip.licence, clip.role])
