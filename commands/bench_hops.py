"""Whether the flags of a recording depend on the hop."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..models.grid import FRAME_RATE, seconds_to_frames
from ..models.registry import load_engine
from ..models.settings import EngineSettings
from ..stream.listener.gate import Vad
from ..stream.offline import Tools, analyze
from ..stream.settings import RecordSettings, StreamSettings, WindowSettings

TOLERANCE_S = 0.3


def run_hops(
    recordings: Sequence[Path],
    model: str,
    hops_ms: tuple[int, int],
    *,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Analyse recordings at two hops; the share of flags that both have within 0.3 s."""
    engine, vad = load_engine(EngineSettings(model=model)), Vad()
    found: list[list[list[tuple[int, int]]]] = []
    with tempfile.TemporaryDirectory() as folder:
        for hop in hops_ms:
            settings = StreamSettings(
                window=WindowSettings(hop_ms=hop), record=RecordSettings(output=Path(folder))
            )
            tools = Tools(engine=engine, vad=vad, settings=settings)
            spans = []
            for path in recordings:
                progress(f"{path.name} at {hop} ms")
                episodes = analyze(path, tools).result["episodes"]
                spans.append(
                    [
                        (seconds_to_frames(one["start_s"]), seconds_to_frames(one["end_s"]))
                        for one in episodes
                    ]
                )
            found.append(spans)
    counts = [sum(map(len, spans)) for spans in found]
    agreed = sum(_matches(one, other) for one, other in zip(*found, strict=True))
    return {
        "recordings": len(recordings),
        **{f"flags_at_{hop}_ms": count for hop, count in zip(hops_ms, counts, strict=True)},
        "agree_within_0.3_s": agreed / max(1, *counts),
    }


def _matches(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> int:
    """Flags of the first that have a partner in the second, each partner used once."""
    free, within = list(other), round(TOLERANCE_S * FRAME_RATE)
    count = 0
    for start, end in one:
        partner = next(
            (f for f in free if abs(f[0] - start) <= within and abs(f[1] - end) <= within), None
        )
        if partner is not None:
            free.remove(partner)
            count += 1
    return count
