"""From what was measured of a line to how far it is trusted. Pure."""

from dataclasses import dataclass

from .settings import QualitySettings

BEST_DB = 60.0
"""Signal-to-noise ratios are told up to here; also what a line without any noise has."""
WORST = 0.5
"""What one fault leaves of the confidence at the brink of being too poor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line's quality so far."""

    snr_db: float = BEST_DB
    """Power of speech frames over that of silent ones."""
    bandwidth_hz: float = 0.0
    """Highest frequency of the speech; 0 before any was heard."""
    poor: str = ""
    """Why the line is too poor to say, in words."""
    level_dbfs: float = 0.0
    """Level of the speech."""
    clipped: float = 0.0
    """Share of clipped samples in speech."""
    loss: float = 0.0
    """Share of sound that was lost, within seconds that were not lost as a whole (a pause)."""
    trust: int = 100
    """Percent by which a confidence is multiplied."""


def poor_of(line: Line, poor_snr_db: float, settings: QualitySettings) -> str:
    """Why a line is too poor to say, in words; the first reason, empty without one."""
    if line.snr_db < poor_snr_db:
        return f"noise: {line.snr_db:.0f} dB signal to noise"
    if not settings.enabled:
        return ""
    if line.loss >= settings.poor_loss:
        return f"loss: {line.loss:.0%} of the sound is missing"
    if line.clipped >= settings.poor_clipped:
        return f"clipping: {line.clipped:.0%} of the samples"
    if line.level_dbfs < settings.poor_level_dbfs:
        return f"level: speech at {line.level_dbfs:.0f} dBFS"
    if line.bandwidth_hz < settings.poor_bandwidth_hz:
        return f"band: nothing above {line.bandwidth_hz:.0f} Hz"
    return ""


def trust_of(line: Line, poor_snr_db: float, settings: QualitySettings) -> int:
    """Percent that is left of a confidence: the product over the faults, at least 1."""
    if not settings.enabled:
        return 100
    left = (
        _left(line.snr_db, settings.good_snr_db, poor_snr_db)
        * _left(line.bandwidth_hz, settings.good_bandwidth_hz, settings.poor_bandwidth_hz)
        * _left(line.level_dbfs, settings.good_level_dbfs, settings.poor_level_dbfs)
        * _left(line.clipped, settings.good_clipped, settings.poor_clipped)
        * _left(line.loss, 0.0, settings.poor_loss)
    )
    return max(1, round(100 * left))


def _left(value: float, good: float, poor: float) -> float:
    """1 at the good limit and beyond, WORST at the poor one and beyond, straight between."""
    if good == poor:
        return 1.0
    share = (value - poor) / (good - poor)
    return WORST + (1.0 - WORST) * min(1.0, max(0.0, share))


def doubt(poor: bool, trust: int) -> int:
    """Both in one number, as the record keeps them; 0 is a line without fault."""
    return int(poor) + 2 * (100 - trust)


def undoubt(kept: int) -> tuple[bool, int]:
    """Whether the audio was poor, and the trust, out of that number."""
    return bool(kept % 2), 100 - kept // 2
