"""A speaker's own running baseline: the medians of what was measured in the same call before."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from .measures import NAN, Measures


def baseline(before: Sequence[Measures], least: int) -> Measures:
    """Medians of earlier stretches; NaN where fewer than `least` of them say something."""
    return Measures(**{name: _median(before, name, least) for name in _NAMES})


_NAMES: Final = Measures.__slots__


def _median(before: Sequence[Measures], name: str, least: int) -> float:
    values = np.array([getattr(one, name) for one in before], np.float64)
    told = values[~np.isnan(values)]
    return float(np.median(told)) if len(told) >= least else NAN
