from collections.abc import Sequence

import numpy as np
import pytest

from tonewatch.commands.bench_models_cost import (
    Costs,
    matrix_peak,
    measure,
    operations,
    ratio,
    weights,
)


def test_the_operations_of_large_are_those_of_its_shapes() -> None:
    work = operations(1024, 48_000)
    assert work.total == pytest.approx(66e9, rel=0.01)
    assert work.front / work.total == pytest.approx(0.22, abs=0.02)


def test_the_matrices_are_nearly_all_of_the_parameters() -> None:
    """162,140,185 parameters in large; biases, norms and the head are left out."""
    assert weights(1024) == pytest.approx(162_140_185, rel=0.01)


def test_a_shorter_window_costs_less_than_its_share_of_the_attention() -> None:
    full, half = operations(768, 48_000), operations(768, 24_000)
    assert half.attention < full.attention / 3
    assert half.products == pytest.approx(full.products / 2, rel=0.1)


def test_readers_are_timed_in_turn_and_the_first_call_is_not_counted() -> None:
    order: list[tuple[str, int]] = []

    def reader(name: str) -> object:
        return lambda wave: order.append((name, len(wave)))

    lengths: dict[str, Sequence[int]] = {"a": (10, 20), "b": (20,)}
    costs = measure({name: reader(name) for name in lengths}, lengths, 2, lambda line: None)  # type: ignore[misc]
    assert order == [("a", 10), ("a", 20), ("b", 20)] * 3
    assert len(costs["a"].processor[10]) == 2


def test_a_length_between_two_is_interpolated() -> None:
    costs = Costs(processor={100: (1.0, 3.0), 200: (4.0,)}, wall={})
    assert costs.median(150) == pytest.approx(3.0)


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratio((4.0, 40.0, 4.0), (1.0, 10.0, 2.0)) == 4.0


def test_the_machines_peak_is_a_rate() -> None:
    library, rate = matrix_peak(512, 2)
    assert library in ("NumPy", "ONNX Runtime")
    assert np.isfinite(rate)
    assert rate > 0
