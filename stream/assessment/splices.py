"""Fear, then disgust, in one voice: when the curves tell them apart, and where episodes lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from ...models.grid import FRAME_RATE, frames_to_seconds
from ...models.labels import Label
from ..decision.arrays import Float64
from .calls import Call, Played
from .clips import percent

FEAR_S, DISGUST_S, SLACK_S = 0.5, 1.5, 0.3
"""After this long people recognise fear and disgust (gating studies); what is added to it."""
Where = Literal["fearful", "disgusted", "across"]
WHERE: Final[tuple[Where, ...]] = ("fearful", "disgusted", "across")


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """When one spliced emotion was the stronger of the two."""

    emotion: str
    after_s: float | None
    """Seconds of the utterance, from its first frame that was read, after which its curve went
    ahead and stayed there for 0.2 s; None if it never did before the utterance ended."""

    @property
    def in_time(self) -> bool:
        """Within SLACK_S of when people can tell."""
        limit = (FEAR_S if self.emotion == "fearful" else DISGUST_S) + SLACK_S
        return self.after_s is not None and self.after_s <= limit


def onsets(call: Call, played: Played) -> list[Onset]:
    """Of a call whose utterances are fear, disgust, fear, disgust and so on."""
    hold = 10
    found = []
    for number, (start, end) in enumerate(call.spans):
        emotion = "disgusted" if number % 2 else "fearful"
        sign = -1 if number % 2 else 1
        first, last = (round(second * FRAME_RATE) for second in (start, end))
        spoken = played.lead[first:last] * sign
        places = np.flatnonzero(~np.isnan(spoken))
        ahead = spoken[places] > 0
        run = np.convolve(ahead, np.ones(hold), "valid") == hold if len(ahead) >= hold else ahead
        at = int(np.flatnonzero(run)[0]) if run.any() else None
        after = None if at is None else frames_to_seconds(int(places[at] - places[0]))
        found.append(Onset(emotion=emotion, after_s=after))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Where an episode lies in a pair of fear, then disgust."""

    where: Where
    """Within one of the two, or over the change from fear to disgust."""
    opened_s: float
    """Seconds from where the voice of its utterance begins to where the episode begins."""
    outlasted_s: float | None
    """Across: seconds from where the voice of disgust begins to where the episode ends."""
    named: Label
    """Which of the two the episode names."""
    named_alone: Label
    """Which it would name without the centres."""

    @property
    def apart(self) -> bool:
        """Whether it leaves the two emotions apart: within one of them, or over by the time at
        which people can tell disgust."""
        return self.outlasted_s is None or self.outlasted_s <= DISGUST_S + SLACK_S


def bounds(call: Call, played: Played) -> list[Bounds]:
    """Of a call as for `onsets`; an episode belongs to the utterance whose voice began last."""
    voices = [_voice(played.lead, span) for span in call.spans]
    found = []
    for episode in played.episodes:
        begun = [(i, at) for i, at in enumerate(voices) if at is not None and at <= episode.start]
        if not begun:
            continue
        number, voice = begun[-1]
        turn = None if number % 2 else voices[number + 1]
        outlasted = None
        if turn is not None and episode.end > turn:
            outlasted = frames_to_seconds(episode.end - turn)
        within: Where = "disgusted" if number % 2 else "fearful"
        found.append(
            Bounds(
                where=within if outlasted is None else "across",
                opened_s=frames_to_seconds(episode.start - voice),
                outlasted_s=outlasted,
                named=episode.stronger,
                named_alone=replace(episode, tie_break=None).stronger,
            )
        )
    return found


def _voice(lead: Float64, span: tuple[float, float]) -> int | None:
    """The first frame of an utterance that was read."""
    first, last = (round(second * FRAME_RATE) for second in span)
    read = np.flatnonzero(~np.isnan(lead[first:last]))
    return first + int(read[0]) if len(read) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spliced:
    """One call of pairs."""

    onsets: Sequence[Onset]
    bounds: Sequence[Bounds]


def judged(call: Call, played: Played) -> Spliced:
    """Both views of a call whose utterances are fear, disgust, fear, disgust and so on."""
    return Spliced(onsets=onsets(call, played), bounds=bounds(call, played))


def figures_of(calls: Sequence[Spliced]) -> dict[str, Any]:
    """Percent of onsets in time for each of the two, and `episode_figures` of the pairs."""
    heard = [one for call in calls for one in call.onsets]
    rows = [one for call in calls for one in call.bounds]
    found: dict[str, Any] = {}
    for emotion in ("fearful", "disgusted"):
        some = [one.in_time for one in heard if one.emotion == emotion]
        found[emotion] = {
            "clips": len(some),
            "in_time": percent(np.mean(some)) if some else None,
        }
    found["episodes"] = {
        "pairs": len(heard) // 2,
        **episode_figures(rows),
    }
    return found


def episode_figures(rows: Sequence[Bounds]) -> dict[str, Any]:
    """How many episodes, where they lie, how many keep the two apart; and of those within one
    emotion how many name it, with the centres' say and without."""
    within = [one for one in rows if one.where != "across"]
    return {
        "episodes": len(rows),
        **{where: sum(one.where == where for one in rows) for where in WHERE},
        "opened_s": sorted(round(one.opened_s, 2) for one in rows),
        "outlasted_s": sorted(
            round(one.outlasted_s, 2) for one in rows if one.outlasted_s is not None
        ),
        "apart": sum(one.apart for one in rows),
        "named_rightly": sum(one.named == one.where for one in within),
        "named_rightly_without_centres": sum(one.named_alone == one.where for one in within),
    }
