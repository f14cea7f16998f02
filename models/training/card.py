"""README.md of a model folder, written from its manifest: no figure in it is typed by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..evaluation.report import (
    changes_text,
    conditions_table,
    confusion_table,
    groups_table,
    rivals_text,
    unknown_table,
)
from ..manifest import Manifest
from .card_files import FIGURES_NAME, PICTURE_NAME

_FAILURES = """## Known failures

- All training speech is acted, in single sentences: figures on acted speech overstate accuracy on
  real calls. On an unseen acted corpus they fall as the second table says; on calls expect less.
- Languages other than those of the data below were never heard.
- {unread} cannot be read: the model gives them no mass. `unknown` comes from the
  product's own checks of confidence and line quality.
- Disgust is scarce in the data, and people themselves hear it as neutral more often than not.
- Noise and telephone lines cost accuracy (columns of the tables).

## Law

Not for inferring the emotions of employees (EU AI Act, Article 5(1)(f)); for customers it is
high-risk and must be announced. Output is advice for a person, never a decision about one.

## A model of one's own

`tonewatch train --manifest your.csv --encoder model.bin --output your-model` trains on a site's own
labelled calls (CSV: path, corpus, speaker, label) from the same encoder, and writes this card anew.
"""


NOTICE = """\
The graph in this folder contains layers of Whisper (README.md says which), under this licence:

MIT License

Copyright (c) 2022 OpenAI

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
"""The encoder's licence asks that its text goes wherever its weights go."""


CREDITS = """
The weights were trained among these recordings of noise:

"""


def write_notice(folder: Path, credited: Sequence[str] = ()) -> None:
    """Write `folder/NOTICE`; `credited` are recordings whose makers are to be named."""
    told = CREDITS + "".join(f"- {one}\n" for one in credited) if credited else ""
    (folder / "NOTICE").write_text(NOTICE + told, encoding="utf-8")


def write_card(folder: Path, manifest: Manifest, figures: Mapping[str, Any] | None = None) -> None:
    """Write `folder/README.md`; `figures` are those of card.json, where there are any."""
    accuracy = manifest.accuracy
    measured = (
        f"measured by `{accuracy.get('command')}` on {accuracy.get('clips')} clips of "
        f"{accuracy.get('speakers')} speakers"
    )
    lines = [
        f"# {manifest.name} {manifest.version}",
        "",
        _what(manifest),
        "",
        f"**Licence:** {manifest.licence.name}. {manifest.licence.notice}",
        "",
        "## Accuracy",
        "",
        f"Unweighted average recall in percent, {measured}. Unseen speakers (the other speakers of"
        " the corpus and all other corpora named below were trained on):",
        "",
        *_table(accuracy["uar_unseen_speakers"]),
        "",
        *_learned_too(accuracy),
        *_unseen_corpora(accuracy),
        *_rivals(accuracy),
        _calibration(manifest),
        "",
        *(_told(figures) if figures else []),
        "## Data",
        "",
        "| corpus | clips | licence | commercial use of weights |",
        "|---|---|---|---|",
        *(
            f"| {s.corpus} | {s.clips} | {s.licence} | {'yes' if s.commercial else 'no'} |"
            for s in manifest.data
        ),
        "",
        _FAILURES.format(unread=_unread(manifest)),
    ]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


def _unread(manifest: Manifest) -> str:
    names = [f"`{label}`" for label in manifest.labels if label not in manifest.known]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _calibration(manifest: Manifest) -> str:
    accuracy, error = manifest.accuracy, 100 * (manifest.calibration.ece or 0)
    fitted = manifest.calibration.fitted_on
    told = (
        f"Calibration: temperature {manifest.calibration.temperature:.2f}, expected calibration"
        f" error {error:.1f} % on unseen speakers{_outside(accuracy)} (fitted on {fitted}"
    )
    if accuracy.get("for_strangers"):
        return (
            f"{told}, without any clip of another corpus: it is meant for voices unlike those that"
            f" were learned from, and too unsure of voices like them).{_alone(accuracy)}"
        )
    return f"{told}; the error is that of speakers left out of the fit).{_alone(accuracy)}"


def _told(figures: Mapping[str, Any]) -> list[str]:
    """What card.json holds, but for its longest tables."""
    speakers, corpora = figures["speakers"], figures["corpora"]
    noise = figures["noise"]
    of = f"{noise} recordings that were not learned with" if noise else "white noise"
    every = figures["clips_taken"]
    lines = [
        f"![How sure and how right; what calling the least sure unknown is worth]({PICTURE_NAME})",
        "",
        "With intervals of 95 % over speakers, clean, at the temperature above. Unseen speakers:",
        "",
        *_groups(speakers),
        "",
    ]
    if corpora:
        lines += ["Unseen corpora:", "", *_groups(corpora), ""]
    lines += ["### Confusions of unseen speakers", "", *confusion_table(speakers["confusion"]), ""]
    for title, found in (("speakers", speakers), ("corpora", corpora)):
        if found and found["rivals"]:
            lines += [f"Fear, disgust and neutral among themselves, unseen {title}:", ""]
            lines += [*rivals_text(found["rivals"]), ""]
    lines += ["### When the least sure are called unknown", "", "Percent; unseen speakers:", ""]
    lines += [*unknown_table(speakers), ""]
    if corpora:
        lines += ["Unseen corpora:", "", *unknown_table(corpora), ""]
    lines += [
        "### Conditions",
        "",
        f"One clip in {every} of each label of unseen speakers ({figures['condition_clips']}), read"
        f" as the model reads a recording; recall over all of them together. Noise: {of}.",
        "",
        *conditions_table(figures["conditions"]),
        "",
    ]
    if figures["changes"]:
        lines += ["### When the emotion changes", "", "Unseen speakers."]
        lines += [*changes_text(figures["changes"]), ""]
    if figures["languages"]:
        lines += [f"Languages heard: {', '.join(figures['languages'])}.", ""]
    told = f"By language and gender, and all of this as numbers: [{FIGURES_NAME}]({FIGURES_NAME})."
    return [*lines, told, ""]


def _groups(found: Mapping[str, Any]) -> list[str]:
    return groups_table(found["groups"]["all"] | found["groups"]["corpus"])


def _what(manifest: Manifest) -> str:
    known = ", ".join(manifest.known)
    window = f"{manifest.window_samples / manifest.sample_rate:g} s of 16 kHz sound"
    told = manifest.accuracy.get("network")
    if told:
        return f"Frame logits of {known}, 50 a second, from {window}. {told}"
    if manifest.streaming is not None:
        delay = 20 * manifest.streaming.delay_frames
        read = f"new 16 kHz sound and a state for each leg, {delay} ms behind it"
    elif manifest.accuracy.get("unrolled"):
        read = f"windows of up to {window}, by a streaming network that hears silence around them"
    else:
        return (
            f"Frame logits of {known}, 50 a second, from {window}. The first layers of Whisper"
            " tiny.en (MIT, see NOTICE), frozen, and a linear head."
        )
    learned = (
        ", then trained on with the labels, with a linear head; without those of the held-out"
        " speakers and corpora wherever a figure is told below."
        if "tuned" in manifest.accuracy
        else ", and a linear head."
    )
    return (
        f"Frame logits of {known}, 50 a second, from {read}. The first layers of Whisper tiny.en"
        " (MIT, see NOTICE) in a form that looks back a fixed way and hardly ahead, distilled from"
        f" them on the clips below without their labels{learned} The clips of held-out speakers and"
        " corpora were heard by that distillation, too, but none of their labels."
    )


def _learned_too(accuracy: Mapping[str, Any]) -> list[str]:
    copies = accuracy.get("augment")
    if not copies:
        return []
    told = ", ".join(copies)
    return [f"Learned from these copies of each clip, and from further ones: {told}.", ""]


def _unseen_corpora(accuracy: Mapping[str, Any]) -> list[str]:
    rows = accuracy["uar_unseen_corpus_shared_labels"]
    if not rows:
        return ["Whole corpora were not left out: nothing is known of others.", ""]
    return [
        "Unseen corpora (nothing of the corpus was trained on; labels angry, disgusted, fearful,"
        " happy, neutral, sad, as far as the corpus has them):",
        "",
        *_table(rows),
        "",
    ]


def _rivals(accuracy: Mapping[str, Any]) -> list[str]:
    kinds = {
        "speakers": accuracy.get("fear_against_disgust_unseen_speakers"),
        "corpora": accuracy.get("fear_against_disgust_unseen_corpus"),
    }
    told = [
        f"{', '.join(f'{copy} {value}' for copy, value in row.items())} on unseen {kind}"
        for kind, row in kinds.items()
        if row
    ]
    if not told:
        return []
    return [f"Fear against disgust alone, percent right: {'; '.join(told)}.", ""]


def _alone(accuracy: Mapping[str, Any]) -> str:
    """What the error would be with a temperature for each: how much the compromise costs."""
    found = accuracy.get("calibration_alone", {})
    if len(found) < 2:
        return ""
    parts = [
        f"{name} alone would have temperature {one['temperature']:.2f} and"
        f" error {100 * one['ece']:.1f} %"
        for name, one in found.items()
    ]
    told = "; ".join(parts)
    return f" {told[0].upper()}{told[1:]}: one temperature has to serve both."


def _outside(accuracy: Mapping[str, Any]) -> str:
    error = accuracy.get("ece_unseen_corpus")
    return "" if error is None else f", {100 * error:.1f} % on unseen corpora"


def _table(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    copies = list(next(iter(rows.values())))
    head = f"| corpus | {' | '.join(copies)} |"
    body = [
        f"| {name} | {' | '.join(str(row[copy]) for copy in copies)} |"
        for name, row in rows.items()
    ]
    return [head, "|---" * (len(copies) + 1) + "|", *body]
