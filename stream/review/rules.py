"""What the queue decides by: who goes first, when a flag is decided, and how; pure.

Nothing here knows a database, a clock or a thread. Moments are UTC milliseconds.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, get_args

from ..events import Episode
from .settings import ReviewSettings

Label = Literal["fearful", "disgusted", "both", "neither", "unsure"]
"""What a reviewer may answer. `neither`: the voice sounds neither fearful nor disgusted."""
State = Literal["waiting", "claimed", "decided", "second"]
"""`second`: somebody has voted, and another opinion is wanted."""

LABELS: Final[tuple[Label, ...]] = get_args(Label)
MOST_OPINIONS: Final = 3
"""Reviewers who disagree get one more; then the flag stays `unsure`."""
_MINUTE_MS: Final = 60_000


def model_label(episode: Episode) -> Label:
    """What the model would have voted on its own flag."""
    if episode.kind == "dual":
        return "both"
    if episode.kind == "lost_to_neutral":
        return "neither"
    return "fearful" if episode.stronger == "fearful" else "disgusted"


def outcome(labels: Sequence[Label]) -> Label:
    """What most reviewers say; `unsure` where nobody is sure or no label has more than another."""
    sure = Counter(label for label in labels if label != "unsure").most_common(2)
    if not sure or (len(sure) == 2 and sure[0][1] == sure[1][1]):
        return "unsure"
    return sure[0][0]


def opinions_wanted(labels: Sequence[Label], *, second: bool) -> int:
    """How many votes a flag needs that has these; `second`: two opinions were asked for.

    Doubt or disagreement asks for one more, up to MOST_OPINIONS.
    """
    asked = 2 if second else 1
    if labels and outcome(labels) == "unsure":
        return max(asked, min(MOST_OPINIONS, len(labels) + 1))
    return asked


def second_by_lot(session: str, episode: str, share: float) -> bool:
    """Whether a flag is among the `share` (0 to 1) that get two opinions from the start.

    Drawn from the flag's own name, so that it is the same on every machine and after a restart.
    """
    drawn = hashlib.sha256(f"{session}/{episode}".encode()).digest()[:8]
    return int.from_bytes(drawn) < share * 2**64


def strength(episode: Episode) -> float:
    """Mean of the two independent scores at the peak, points 0 to 100.

    The same for either of them being stronger, so the order of the queue does not tell which.
    """
    return (episode.fear + episode.disgust) / 2


def due(at: int, *, live: bool, strength: float, votes: int, settings: ReviewSettings) -> int:
    """The moment that decides a flag's place in the queue: the smaller, the sooner.

    The flag's own moment, made earlier by the head start of calls that run and of strong flags and
    later once somebody has voted. It does not change as time goes by, so a database can sort by it.
    """
    lead = settings.live_lead_min if live else 0.0
    lead += settings.strength_lead_min * strength / 100
    lead -= settings.second_lag_min if votes else 0.0
    return at - round(lead * _MINUTE_MS)


def urgency(due: int, now: int) -> float:
    """Minutes that a flag has waited, head starts counted; the larger, the sooner."""
    return round((now - due) / _MINUTE_MS, 1)


def state(*, votes: int, wanted: bool, claimed_until: int, now: int) -> State:
    """Where a flag stands. `wanted`: a vote is still missing; a claim lapses by itself."""
    if not wanted:
        return "decided"
    if claimed_until > now:
        return "claimed"
    return "second" if votes else "waiting"
