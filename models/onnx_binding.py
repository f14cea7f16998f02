"""Fixed shapes and bound buffers: what a GPU wants.

A call's shape is one of a few (bucket, length); input and outputs of each have their memory for
good, so nothing is planned, allocated or searched for while calls are live. Tested on the CPU;
never run on a GPU so far.
"""

from dataclasses import dataclass

import numpy as np
import onnxruntime as ort

from .window import Float32


def buckets(batch: int) -> tuple[int, ...]:
    """Batch sizes that a call may have: powers of four below `batch`, and `batch`."""
    sizes = [1]
    while sizes[-1] * 4 < batch:
        sizes.append(sizes[-1] * 4)
    return tuple(sizes) if batch == 1 else (*sizes, batch)


def bucket_of(rows: int, sizes: tuple[int, ...]) -> int:
    """The smallest bucket that holds `rows`, at least one and at most the largest."""
    return next(size for size in sizes if size >= rows)


@dataclass(frozen=True, slots=True)
class _Shape:
    binding: ort.IOBinding
    wave: ort.OrtValue


class BoundRuns:
    """Runs of one session in fixed shapes, each with memory of its own on `device`."""

    def __init__(
        self,
        session: ort.InferenceSession,
        *,
        batch: int,
        device: str = "cuda",
        outputs: tuple[str, ...] = ("logits", "features"),
    ) -> None:
        self._session = session
        self._buckets = buckets(batch)
        self._device = device
        self._outputs = outputs
        self._shapes: dict[tuple[int, int], _Shape] = {}

    @property
    def sizes(self) -> tuple[int, ...]:
        """The batch sizes that are really run."""
        return self._buckets

    def run(self, waves: Float32) -> tuple[Float32, ...]:
        """Waves [B, S] to the outputs' first B rows; the rest of the bucket is silence."""
        rows, samples = waves.shape
        size = bucket_of(rows, self._buckets)
        shape = self._shapes.get((size, samples)) or self._bind(size, samples)
        padded = np.zeros((size, samples), np.float32)
        padded[:rows] = waves
        shape.wave.update_inplace(padded)
        self._session.run_with_iobinding(shape.binding)
        return tuple(output[:rows] for output in shape.binding.copy_outputs_to_cpu())

    def _bind(self, size: int, samples: int) -> _Shape:
        wave = ort.OrtValue.ortvalue_from_shape_and_type(
            [size, samples], np.float32, self._device, 0
        )
        binding = self._session.io_binding()
        binding.bind_ortvalue_input("wave", wave)
        for name in self._outputs:
            binding.bind_output(name, self._device)
        shape = self._shapes[size, samples] = _Shape(binding, wave)
        return shape
