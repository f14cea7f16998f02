"""What a window costs: operations on paper, processor time as measured, the machine's own peak."""

import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..models.window import Float32

FRONT = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""Kernel and stride of emotion2vec's convolutions over the wave."""
CHANNELS = 512
DEPTH = 12
"""Transformer blocks: eight and, before them, four of the audio's own."""
EXTRA_TOKENS = 10
POSITIONS, KERNEL, GROUPS = 5, 19, 16
"""Positional convolutions: their number, kernel and groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Floating-point operations of one window; a multiplication and an addition count as two."""

    front: float
    positions: float
    products: float
    """Matrix products of the blocks."""
    attention: float
    """The two products of attention that grow with the square of the length."""

    @property
    def total(self) -> float:
        """All of them."""
        return self.front + self.positions + self.products + self.attention


def operations(width: int, samples: int) -> Operations:
    """Operations of emotion2vec+ (width 1024: large; 768: base) for a window of `samples`."""
    front, length, below = 0.0, samples, 1
    for kernel, stride in FRONT:
        length = (length - kernel) // stride + 1
        front += 2.0 * length * CHANNELS * below * kernel
        below = CHANNELS
    front += 2.0 * length * CHANNELS * width
    tokens = length + EXTRA_TOKENS
    return Operations(
        front=front,
        positions=2.0 * POSITIONS * length * width * (width // GROUPS) * KERNEL,
        products=2.0 * DEPTH * tokens * 12 * width**2,
        attention=2.0 * DEPTH * 2 * tokens**2 * width,
    )


def weights(width: int) -> int:
    """Numbers in the matrices of the same network: what must be read for each call."""
    front, below = 0, 1
    for kernel, _ in FRONT:
        front += kernel * below * CHANNELS
        below = CHANNELS
    positions = POSITIONS * KERNEL * (width // GROUPS) * width
    return front + CHANNELS * width + positions + DEPTH * 12 * width**2


def matrix_peak(size: int = 1536, rounds: int = 5) -> tuple[str, float]:
    """The library that is fastest at an fp32 matrix product here, and its operations for a second
    of processor time in the best round: NumPy's, or ONNX Runtime's where `onnx` is at hand."""
    left = np.random.default_rng(0).standard_normal((size, size)).astype(np.float32)
    products: dict[str, Callable[[], object]] = {"NumPy": lambda: left @ left}
    if importlib.util.find_spec("onnx") is not None:
        products["ONNX Runtime"] = _product(left)
    rates = {name: _rate(product, size, rounds) for name, product in products.items()}
    best = max(rates, key=rates.__getitem__)
    return best, rates[best]


def _rate(product: Callable[[], object], size: int, rounds: int) -> float:
    product()
    best = 0.0
    for _ in range(rounds):
        begun = time.process_time()
        product()
        best = max(best, 2.0 * size**3 / (time.process_time() - begun))
    return best


def _product(left: Float32) -> Callable[[], object]:
    """ONNX Runtime's product of a matrix with itself, on one thread as the models have it."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    shape = list(left.shape)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["left", "right"], ["product"])],
        "product",
        [helper.make_tensor_value_info("left", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("product", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(left, "right")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"left": left})


Read = Callable[[Float32], object]
"""Reads one window [S]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Costs:
    """Milliseconds of one reader: for each length in samples, the rounds in order."""

    processor: Mapping[int, tuple[float, ...]]
    wall: Mapping[int, tuple[float, ...]]

    def median(self, length: int) -> float:
        """Milliseconds of processor time of a window; a length between two is interpolated."""
        lengths = sorted(self.processor)
        return float(
            np.interp(length, lengths, [np.median(self.processor[one]) for one in lengths])
        )


def measure(
    readers: Mapping[str, Read],
    lengths: Mapping[str, Sequence[int]],
    rounds: int,
    say: Callable[[str], None],
) -> dict[str, Costs]:
    """Time readers in turn, round by round, so that what else the machine does meets all alike.

    The first call of a length is not counted.
    """
    noise = np.random.default_rng(0).standard_normal(max(max(some) for some in lengths.values()))
    wave = (0.05 * noise).astype(np.float32)
    taken: dict[str, dict[int, list[tuple[float, float]]]] = {
        name: {length: [] for length in lengths[name]} for name in readers
    }
    for number in range(rounds + 1):
        say(f"round {number} of {rounds}" if number else "warming up")
        for name, read in readers.items():
            for length in lengths[name]:
                begun = time.process_time(), time.perf_counter()
                read(wave[:length].copy())
                spent = time.process_time() - begun[0], time.perf_counter() - begun[1]
                if number:
                    taken[name][length].append(spent)
    return {
        name: Costs(
            processor={size: tuple(1e3 * a for a, _ in rows) for size, rows in some.items()},
            wall={size: tuple(1e3 * b for _, b in rows) for size, rows in some.items()},
        )
        for name, some in taken.items()
    }


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """How many times faster: the median over rounds in which both were timed."""
    return float(np.median(np.array(slow) / np.array(fast)))
