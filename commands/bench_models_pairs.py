"""Two models in one call: the smaller one for the curve, the larger one now and then."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..models.engine import Engine
from ..models.grid import FRAME_RATE
from ..models.window import Window
from ..stream.listener.heard import Heard
from ..stream.settings import StreamSettings, WindowSettings
from .bench_models_call import windows_of
from .bench_models_cost import Costs

PAIRS: Mapping[str, tuple[Mapping[str, Any], float]] = {
    "base for the curve, large once a second": ({}, 1.0),
    "base for the curve, large every 2 s": ({}, 2.0),
    "1.5 s windows of base, large once a second": ({"fast_ms": 1500, "full_every": 1 << 30}, 1.0),
    "1.5 s windows of base, large every 2 s": ({"fast_ms": 1500, "full_every": 1 << 30}, 2.0),
}
"""Window settings of base, and seconds between the full windows of large."""


def settings_of(hop_ms: int, **change: Any) -> StreamSettings:
    """Window settings with `change`; `stretch` is a factor of the hop."""
    hop = hop_ms * change.get("stretch", 1)
    rest = {key: value for key, value in change.items() if key != "stretch"}
    return StreamSettings(window=WindowSettings(hop_ms=hop, **rest))


def work_of(windows: Sequence[Window], cost: Costs) -> float:
    """Milliseconds of all the windows."""
    return sum(cost.median(len(window.samples)) for window in windows)


def pair_rows(
    engines: Mapping[str, Engine],
    costs: Mapping[str, Costs],
    heard: Sequence[Heard],
    *,
    hop_ms: int,
    seconds: float,
) -> list[dict[str, Any]]:
    """What each of PAIRS costs a second of the call, and its gain over large alone.

    The product serves no pairs: base costs two thirds of large, so large alone in shorter windows
    is cheaper than most of them, and its curve is one model's.
    """
    rows = []
    for large_name, base_name in _pairs(engines):
        large, base = engines[large_name].manifest, engines[base_name].manifest
        full = windows_of(heard, settings_of(hop_ms), large)
        alone = work_of(full, costs[large_name])
        for policy, (change, every) in PAIRS.items():
            fast = windows_of(heard, settings_of(hop_ms, **change), base)
            slow = spaced(full, every)
            work = work_of(fast, costs[base_name]) + work_of(slow, costs[large_name])
            rows.append(
                {
                    "model": f"{base.name} with {large.name}",
                    "policy": policy,
                    "windows": len(fast) + len(slow),
                    "ms_per_second": work / seconds,
                    "gain": alone / work,
                    "faster_than_funasr": None,
                }
            )
    return rows


def _pairs(engines: Mapping[str, Engine]) -> Iterator[tuple[str, str]]:
    """Names of a large and a base model of one precision."""
    for large_name, large in engines.items():
        for base_name, base in engines.items():
            facts = large.manifest, base.manifest
            named = "large" in facts[0].name and "base" in facts[1].name
            if named and facts[0].precision == facts[1].precision:
                yield large_name, base_name


def spaced(windows: Sequence[Window], seconds: float) -> list[Window]:
    """The first window, and each that ends so many seconds or more after the last one taken."""
    taken: list[Window] = []
    for window in windows:
        if not taken or window.stop_frame - taken[-1].stop_frame >= seconds * FRAME_RATE:
            taken.append(window)
    return taken
