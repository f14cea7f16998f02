"""`tonewatch bench models`: models side by side in one run, and with FunASR's own `generate`.

Times are processor times of one thread: on a machine that others use too, only they mean anything.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..models.engine import Engine
from ..models.grid import FRAME_RATE, SAMPLE_RATE
from ..models.registry import load_engine
from ..models.settings import EngineSettings
from ..models.window import Float32, Window
from ..stream.engine_thread import RUN_WAITING
from ..stream.listener.heard import Heard
from ..stream.settings import StreamSettings
from .bench_models_call import assemble, every_hop, hear, speech_share, windows_of
from .bench_models_cost import Costs, Read, matrix_peak, measure, operations, ratio
from .bench_models_pairs import pair_rows, settings_of, work_of
from .bench_models_queue import Arrival, Held, capacity, simulate

FUNASR = "FunASR generate"
HOPS_MS = (240, 480, 960)
WIDTHS = {"large": 1024, "base": 768}
"""Width of the networks whose operations are known, by a word of the model's name."""
POLICIES: Mapping[str, Mapping[str, Any]] = {
    "without silence": {},
    "2 s windows, every fourth full": {"fast_ms": 2000, "full_every": 4},
    "1.5 s windows, every fourth full": {"fast_ms": 1500, "full_every": 4},
    "twice the hop": {"stretch": 2},
    "1.5 s windows and twice the hop": {"fast_ms": 1500, "full_every": 4, "stretch": 2},
}
"""Window settings that change, besides leaving out windows without new speech; `stretch` is the
factor of the hop that the pace may set under load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsBench:
    """What to measure."""

    models: tuple[str, ...]
    speech: Path
    """Manifest of the clips that the call is assembled from."""
    funasr: Path | None = None
    """Checkpoint folder in FunASR's format; its `generate` is measured beside the models."""
    rounds: int = 5
    call_s: float = 60.0
    run_s: float = 0.0
    """Seconds of the call that the first model and FunASR really read; 0: no such run."""
    hop_ms: int = 480
    most_channels: int = 512
    """Where the search for the channels that are held ends."""
    provider: str = "auto"


def run_models(bench: ModelsBench, *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Measure and return figures by name; `models`, `policies`, `channels` are rows."""
    call = assemble(bench.speech, bench.call_s)[:, 0]
    heard = hear(call)
    engines = {name: _engine(name, bench.provider) for name in bench.models}
    readers, lengths = _readers(engines, bench)
    fastest, peak = matrix_peak()
    costs = measure(readers, lengths, bench.rounds, progress)
    for name, engine in engines.items():
        if engine.manifest.streaming is not None:
            progress(f"{name}: two passes through the call")
            costs[name] = _streamed(engine, windows_of(heard, StreamSettings(), engine.manifest))
    figures: dict[str, Any] = {
        "matrix_peak_gflops": peak / 1e9,
        "matrix_peak_of": fastest,
        "speech_share": speech_share(heard),
        "models": [_model_row(name, engines.get(name), costs, peak) for name in costs],
        "policies": _policy_rows(bench, engines, costs, call, heard),
        "channels": _channel_rows(engines, costs, heard, bench),
        "curves": _curves(engines, costs, heard, bench),
    }
    if bench.run_s and bench.funasr is not None:
        progress(f"reading {bench.run_s:g} s of the call")
        first = engines[bench.models[0]]
        figures |= _real_run(first, readers[FUNASR], call[: int(bench.run_s * SAMPLE_RATE)], bench)
    return figures


def _engine(name: str, provider: str) -> Engine:
    settings = EngineSettings.model_validate({"model": name, "provider": provider, "threads": 1})
    return load_engine(settings)


def _readers(
    engines: Mapping[str, Engine], bench: ModelsBench
) -> tuple[dict[str, Read], dict[str, Sequence[int]]]:
    """What reads single windows, and the lengths of each."""
    readers: dict[str, Read] = {}
    lengths: dict[str, Sequence[int]] = {}
    for name, engine in engines.items():
        if engine.manifest.streaming is None:
            readers[name] = _reader(engine)
            lengths[name] = engine.manifest.lengths
    if bench.funasr is not None:
        from ..models.funasr_engine import FunasrEngine

        window = next(iter(engines.values())).manifest
        readers[FUNASR] = FunasrEngine(bench.funasr, threads=1).generate
        lengths[FUNASR] = (window.window_samples,)
    return readers, lengths


def _reader(engine: Engine) -> Read:
    def read(wave: Float32) -> object:
        return engine.infer(
            [Window(leg="bench", start_frame=0, samples=wave, speech=1.0, captured_at=0.0)]
        )

    return read


def _streamed(engine: Engine, windows: Sequence[Window]) -> Costs:
    """Costs of the windows of a call, in order, as an engine that remembers must have them."""
    taken: dict[int, list[tuple[float, float]]] = {}
    for counted in (False, True):
        engine.open(windows[0].leg)
        for window in windows:
            begun = time.process_time(), time.perf_counter()
            engine.infer([window])
            spent = time.process_time() - begun[0], time.perf_counter() - begun[1]
            if counted:
                taken.setdefault(len(window.samples), []).append(spent)
        engine.close(windows[0].leg)
    return Costs(
        processor={size: tuple(1e3 * a for a, _ in rows) for size, rows in taken.items()},
        wall={size: tuple(1e3 * b for _, b in rows) for size, rows in taken.items()},
    )


def _model_row(
    name: str, engine: Engine | None, costs: Mapping[str, Costs], peak: float
) -> dict[str, Any]:
    cost = costs[name]
    longest = max(cost.processor)
    width = next((WIDTHS[word] for word in WIDTHS if engine and word in engine.manifest.name), None)
    work = operations(width, longest).total if width else None
    reference = costs.get(FUNASR)
    return {
        "name": engine.manifest.name if engine else name,
        "precision": engine.manifest.precision if engine else "fp32",
        "provider": engine.provider if engine else "torch CPU",
        "processor_ms": {f"{n / SAMPLE_RATE:g} s": cost.median(n) for n in sorted(cost.processor)},
        "least_ms": min(cost.processor[longest]),
        "gflop": work / 1e9 if work else None,
        "share_of_peak": work / peak / (min(cost.processor[longest]) / 1e3) if work else None,
        "faster_than_funasr": (
            ratio(reference.processor[longest], cost.processor[longest])
            if reference and longest in reference.processor
            else None
        ),
    }


def _policy_rows(
    bench: ModelsBench,
    engines: Mapping[str, Engine],
    costs: Mapping[str, Costs],
    call: Float32,
    heard: Sequence[Heard],
) -> list[dict[str, Any]]:
    """Processor time for a second of the call, policy by policy, and against windows everywhere."""
    rows = []
    plain = {name: one for name, one in engines.items() if one.manifest.streaming is None}
    for name, engine in plain.items():
        full = every_hop(call, engine.manifest.window_samples, bench.hop_ms * FRAME_RATE // 1000)
        policies = {
            policy: windows_of(heard, settings_of(bench.hop_ms, **change), engine.manifest)
            for policy, change in POLICIES.items()
        }
        whole = work_of(full, costs[name])
        reference = costs.get(FUNASR)
        theirs = work_of(full, reference) if reference else None
        for policy, windows in {"every hop": full, **policies}.items():
            work = work_of(windows, costs[name])
            rows.append(
                {
                    "model": engine.manifest.name,
                    "policy": policy,
                    "windows": len(windows),
                    "ms_per_second": work / bench.call_s,
                    "gain": whole / work,
                    "faster_than_funasr": theirs / work if theirs else None,
                }
            )
    return rows + pair_rows(plain, costs, heard, hop_ms=bench.hop_ms, seconds=bench.call_s)


def _hold(
    engine: Engine,
    cost: Costs,
    heard: Sequence[Heard],
    seconds: float,
    hop_ms: int,
    pace: int,
) -> Callable[[int], Held]:
    """What becomes of a number of channels."""
    streaming = engine.manifest.streaming is not None
    windows = windows_of(heard, settings_of(hop_ms), engine.manifest)
    pattern = [
        Arrival(at=window.captured_at, cost=cost.median(len(window.samples)) / 1e3)
        for window in windows
    ]

    def hold(channels: int) -> Held:
        return simulate(
            pattern,
            seconds,
            channels,
            hop_s=hop_ms / 1000,
            most_pace=1 if streaming else pace,
            keep=RUN_WAITING if streaming else 1,
        )

    return hold


def _channel_rows(
    engines: Mapping[str, Engine],
    costs: Mapping[str, Costs],
    heard: Sequence[Heard],
    bench: ModelsBench,
) -> list[dict[str, Any]]:
    """Calls that one engine thread holds, by hop, with and without stretched hops."""
    return [
        {"model": engine.manifest.name, "hop_ms": hop, "most_pace": pace}
        | asdict(
            capacity(
                _hold(engine, costs[name], heard, bench.call_s, hop, pace), bench.most_channels
            )
        )
        for name, engine in engines.items()
        for hop in HOPS_MS
        for pace in ((1,) if engine.manifest.streaming is not None else (1, 4))
    ]


def _curves(
    engines: Mapping[str, Engine],
    costs: Mapping[str, Costs],
    heard: Sequence[Heard],
    bench: ModelsBench,
) -> list[dict[str, Any]]:
    """Cost against hop, and latency against channels, for the picture."""
    rows = []
    for name, engine in engines.items():
        hold = _hold(engine, costs[name], heard, bench.call_s, 480, 1)
        most = max(1, capacity(hold, bench.most_channels).channels)
        counts = sorted({max(1, round(most * share)) for share in (0.25, 0.5, 0.75, 1, 1.25, 1.5)})
        tried = [hold(count) for count in counts]
        by_hop = {
            hop: work_of(windows_of(heard, settings_of(hop), engine.manifest), costs[name])
            / bench.call_s
            for hop in (160, 240, 320, 480, 640, 960)
        }
        rows.append(
            {
                "model": engine.manifest.name,
                "channels": counts,
                "p95_ms": [one.p95_ms for one in tried],
                "ms_per_second_by_hop": by_hop,
            }
        )
    return rows


def _real_run(engine: Engine, generate: Read, call: Float32, bench: ModelsBench) -> dict[str, Any]:
    """The same leg, really read: by the product's windows, and by `generate` at every hop."""
    begun = time.process_time()
    windows = windows_of(hear(call), settings_of(bench.hop_ms), engine.manifest)
    listened = time.process_time() - begun
    for window in windows:
        engine.infer([window])
    ours = time.process_time() - begun
    every = every_hop(call, engine.manifest.window_samples, bench.hop_ms * FRAME_RATE // 1000)
    begun = time.process_time()
    for window in every:
        generate(np.array(window.samples))
    theirs = time.process_time() - begun
    return {
        "run_model": engine.manifest.name,
        "run_seconds": len(call) / SAMPLE_RATE,
        "run_windows": len(windows),
        "run_processor_s": ours,
        "run_listening_s": listened,
        "run_funasr_windows": len(every),
        "run_funasr_processor_s": theirs,
        "run_faster": theirs / ours,
    }
