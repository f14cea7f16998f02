"""Reasons in words, English and Chinese: what the voice sounds like, never what a person is."""

from ..events import EpisodeKind


def reason(kind: EpisodeKind, fear: float, disgust: float) -> tuple[str, str]:
    """Why a person should listen, in English and Chinese; scores are points at the peak."""
    if kind == "dual":
        return (
            f"the voice sounds both fearful ({fear:.0f}) and disgusted ({disgust:.0f})",
            f"声音听起来既恐惧（{fear:.0f}）又厌恶（{disgust:.0f}）",
        )
    if kind == "lost_to_neutral":
        english, chinese, points = (
            ("fearful", "恐惧", fear) if fear >= disgust else ("disgusted", "厌恶", disgust)
        )
        return (
            f"the voice sounds neutral, only just ahead of {english} ({points:.0f})",
            f"声音听起来偏中性，仅略强于{chinese}（{points:.0f}）",
        )
    return (
        f"the voice sounds between fearful ({fear:.0f}) and disgusted ({disgust:.0f})",
        f"声音听起来介于恐惧（{fear:.0f}）与厌恶（{disgust:.0f}）之间",
    )
