"""Evidence in words, English and Chinese: what the voice does, never what a person is."""

from ...findings import EvidenceDirection, EvidenceKind, EvidenceUnit

_SUBJECT = {
    "pitch": ("the voice's pitch", "声音的音高"),
    "melody": ("the voice's pitch movement", "声音的音高起伏"),
    "high_band": ("the voice's share of 2 to 4 kHz", "声音在 2 至 4 kHz 的能量占比"),
    "rhythm": ("the voice's syllable rate", "声音的音节速度"),
}
_MOVED = {
    ("pitch", "higher"): ("the voice is higher than usual", "声音比平时高"),
    ("pitch", "lower"): ("the voice is lower than usual", "声音比平时低"),
    ("melody", "higher"): ("the voice moves more in pitch than usual", "声音的音高起伏比平时大"),
    ("melody", "lower"): ("the voice moves less in pitch than usual", "声音的音高起伏比平时小"),
    ("high_band", "higher"): (
        "the voice is sharper than usual (2 to 4 kHz)",
        "声音比平时尖锐（2 至 4 kHz）",
    ),
    ("high_band", "lower"): (
        "the voice is duller than usual (2 to 4 kHz)",
        "声音比平时沉闷（2 至 4 kHz）",
    ),
    ("rhythm", "higher"): ("the voice is faster than usual", "声音的语速比平时快"),
    ("rhythm", "lower"): ("the voice is slower than usual", "声音的语速比平时慢"),
}
_DIGITS = {"Hz": 0}
_CHINESE_UNITS = {"Hz": "Hz", "dB": "dB", "semitones": "个半音", "syllables/s": "音节/秒"}


def words(
    kind: EvidenceKind,
    direction: EvidenceDirection,
    value: float | None,
    usual: float | None,
    unit: EvidenceUnit,
) -> tuple[str, str]:
    """A piece of evidence in English and Chinese."""
    english, chinese = _MOVED.get((kind, direction), _SUBJECT[kind])
    if value is None:
        return (
            f"{english} is not measurable on this line or span",
            f"{chinese}在此线路或片段上无法测量",
        )
    digits = _DIGITS.get(unit, 1)
    told = f"{value:.{digits}f}"
    chinese_unit = _CHINESE_UNITS[unit]
    if usual is None:
        return (
            f"{english}: {told} {unit}; what is usual for it is not known yet",
            f"{chinese}：{told} {chinese_unit}；尚不知其平时水平",
        )
    if direction == "usual":
        return (
            f"{english} is as usual ({told} {unit})",
            f"{chinese}与平时相同（{told} {chinese_unit}）",
        )
    return (
        f"{english}: {told} against {usual:.{digits}f} {unit}",
        f"{chinese}：{told} {chinese_unit}，平时 {usual:.{digits}f} {chinese_unit}",
    )
