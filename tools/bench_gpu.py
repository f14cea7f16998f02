"""What a GPU does with a model: matrix products' own rate, windows a second, memory.

python -m tools.bench_gpu MODEL_FOLDER [--provider cuda|tensorrt] [--hop-ms 480] [--seconds 5]

NEVER RUN on a GPU: none was at hand when it was written. `--provider cpu` rehearses it without one:
the same steps, small matrices, no memory figures. Needs tonewatch[gpu], onnx and nvidia-smi.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from tonewatch.commands.bench_models_cost import operations
from tonewatch.models.onnx_engine import OnnxEngine
from tonewatch.models.window import Window

BATCHES = (1, 4, 16, 32, 64)
SIZE, CHAIN = 8192, 8
REHEARSAL_SIZE = 128


def rate(act: Callable[[], object], seconds: float) -> float:
    """Calls a second, after one that is not counted."""
    act()
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        act()
        count += 1
    return count / (time.perf_counter() - begun)


def matrix_peak(seconds: float, device: str, size: int) -> float:
    """fp16 operations a second of CHAIN products of size x size that stay on the card."""
    matrix = (np.eye(size) * 0.5).astype(np.float16)
    nodes = [helper.make_node("MatMul", [f"x{i}", "w"], [f"x{i + 1}"]) for i in range(CHAIN)] + [
        helper.make_node("ReduceMax", [f"x{CHAIN}"], ["y"], keepdims=0)
    ]
    graph = helper.make_graph(
        nodes,
        "peak",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT16, [size, size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT16, [])],
        [numpy_helper.from_array(matrix, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=[f"{device.upper()}ExecutionProvider"]
    )
    if session.get_providers()[0] != f"{device.upper()}ExecutionProvider":
        raise SystemExit("bench_gpu: CUDA did not load: pip install 'tonewatch[gpu]'")
    bound = session.io_binding()
    bound.bind_ortvalue_input("x0", onnxruntime.OrtValue.ortvalue_from_numpy(matrix, device, 0))
    bound.bind_output("y", device)
    return rate(lambda: session.run_with_iobinding(bound), seconds) * CHAIN * 2.0 * size**3


def memory_mib() -> int:
    """Memory in use on the first card."""
    words = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return int(subprocess.run(words, check=True, capture_output=True).stdout.split()[0])


def windows(count: int, samples: int) -> list[Window]:
    """Noise of full length, a leg each."""
    noise = np.random.default_rng(0).standard_normal((count, samples)).astype(np.float32) * 0.05
    return [
        Window(leg=f"leg{row}", start_frame=0, samples=noise[row], speech=1.0, captured_at=0.0)
        for row in range(count)
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--provider", choices=["cuda", "tensorrt", "cpu"], default="cuda")
    parser.add_argument("--hop-ms", type=int, default=480)
    parser.add_argument("--seconds", type=float, default=5.0)
    words = parser.parse_args(arguments)
    on_gpu = words.provider != "cpu"
    device, size = ("cuda", SIZE) if on_gpu else ("cpu", REHEARSAL_SIZE)
    peak = matrix_peak(words.seconds, device, size)
    before, rows = memory_mib() if on_gpu else 0, []
    for batch in BATCHES:
        engine = OnnxEngine(words.folder, provider=words.provider, batch=batch)
        facts, some = engine.manifest, windows(batch, engine.manifest.window_samples)
        calls = rate(lambda engine=engine, some=some: engine.infer(some), words.seconds)
        work = operations(facts.feature_dim, facts.window_samples).total
        rows.append(
            {
                "batch": batch,
                "call_ms": 1e3 / calls,
                "windows_per_second": calls * batch,
                # Half of 500 ms is left for what is not the engine; a call waits for one other.
                "channels": int(calls * batch * words.hop_ms / 1e3) if calls > 8 else 0,
                "share_of_peak": calls * batch * work / peak,
                "memory_mib": memory_mib() - before if on_gpu else None,
            }
        )
        del engine
    found = {"model": facts.name, "provider": words.provider, "peak_tflops": peak / 1e12}
    print(json.dumps(found | {"batches": rows}, indent=1))


if __name__ == "__main__":
    main()
