"""Names of the arrays that the decision computes with, and rows of them."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

T = TypeVar("T", bound=np.generic)


def chosen(rows: npt.NDArray[T], which: Bool) -> npt.NDArray[T]:
    """Rows [k, ...] of `rows` [n, ...] where `which` [n] is true; perhaps not copied.

    Without an index of flags or places: for that numpy hands Python's lock to another thread,
    however few they are, and waits to have it back.
    """
    return rows if which.all() else rows.compress(which, axis=0)


def spread(rows: npt.NDArray[Any], over: npt.NDArray[Any], which: Bool) -> None:
    """Lay rows [k, m] where `which` [n] is true over the rows [n, m]; see `chosen`."""
    over[np.broadcast_to(which[:, None], over.shape)] = rows.ravel()
