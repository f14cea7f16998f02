"""The nine labels, their order and their names in English and Chinese."""

from typing import Final, Literal, get_args

Label = Literal[
    "angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown"
]

LABELS: Final[tuple[Label, ...]] = get_args(Label)
"""The order of every logits and scores axis in the product (that of emotion2vec+)."""

ANGRY, DISGUSTED, FEARFUL, HAPPY, NEUTRAL, OTHER, SAD, SURPRISED, UNKNOWN = range(9)

CHINESE: Final[dict[Label, str]] = {
    "angry": "愤怒",
    "disgusted": "厌恶",
    "fearful": "恐惧",
    "happy": "快乐",
    "neutral": "中性",
    "other": "其他",
    "sad": "悲伤",
    "surprised": "惊讶",
    "unknown": "未知",
}

MASKED_LOGIT: Final = -1.0e4
"""Logit of a label that a model does not know: finite, so that sums stay finite, and without
mass after a softmax in float32 (exp underflows to exactly zero)."""
