import pytest

from tonewatch.stream.decision.reasons import reason


@pytest.mark.parametrize(
    ("kind", "fear", "disgust", "english", "chinese"),
    [
        (
            "dual",
            72.1,
            68.9,
            "the voice sounds both fearful (72) and disgusted (69)",
            "声音听起来既恐惧（72）又厌恶（69）",
        ),
        (
            "needs_review",
            64.2,
            58.1,
            "the voice sounds between fearful (64) and disgusted (58)",
            "声音听起来介于恐惧（64）与厌恶（58）之间",
        ),
        (
            "lost_to_neutral",
            20.0,
            41.0,
            "the voice sounds neutral, only just ahead of disgusted (41)",
            "声音听起来偏中性，仅略强于厌恶（41）",
        ),
    ],
)
def test_reasons_speak_of_the_voice(kind, fear, disgust, english, chinese):
    assert reason(kind, fear, disgust) == (english, chinese)
