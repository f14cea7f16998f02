"""Centres: where fear and disgust lie among a model's features, and which of the two is nearer.

A second opinion for spans whose scores are too close. Features are centred on the mean over labels
and whitened within them (what differs between voices of one label counts less: the linear
discriminant of Fisher, 1936), so that an angle between two of them says more of the emotion than
of the speaker. A feature's similarity to an emotion is its cosine with that emotion's nearest
centre; the difference of the two similarities becomes a share between 0 and 1 by a fitted scale.
"""

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .engine import EngineError
from .labels import DISGUSTED, FEARFUL
from .manifest import Manifest
from .window import Float32

CENTRES_NAME: Final = "centres.json"
"""File name inside a model folder."""
DIMENSIONS: Final = 6
"""Directions kept, those in which seven labels differ: more are no better (docs/measured.md)."""
SHRINKAGE: Final = 0.3
"""Share of the mean variance that is added to every direction before it is whitened."""
LEAST: Final = 10
"""Fewest embeddings of each of the two that centres are fitted from."""

Float64 = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Method = Literal["means", "kmeans"]


class CentresError(EngineError):
    """Centres are missing, broken, or belong to another model; the message names the way out."""


class Centres(BaseModel):
    """Fitted centres of one model. Immutable; as a file it is JSON of a few dozen kilobytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal[1] = Field(1, alias="schema")
    version: str
    model: str = Field(description="name of the model whose features these are")
    model_sha256: str = Field(description="of that model's graph")
    method: Method
    fitted_on: str
    mean: tuple[float, ...] = Field(description="[D] mean over labels of the labels' means")
    basis: tuple[tuple[float, ...], ...] = Field(description="[P, D] whitening directions")
    fear: tuple[tuple[float, ...], ...] = Field(description="[k, P] unit vectors")
    disgust: tuple[tuple[float, ...], ...] = Field(description="[k, P] unit vectors")
    slope: float = Field(description="of the logistic map from the difference of similarities")
    offset: float
    figures: dict[str, Any] = Field(default_factory=dict, description="how good, and measured how")

    @model_validator(mode="after")
    def _consistent(self) -> "Centres":
        if any(len(row) != len(self.mean) for row in self.basis) or not self.basis:
            raise ValueError("basis: expected rows as long as mean")
        if any(len(row) != len(self.basis) for row in (*self.fear, *self.disgust)):
            raise ValueError("fear, disgust: expected a value for each row of basis")
        if not self.fear or not self.disgust:
            raise ValueError("fear, disgust: expected a centre or more")
        return self

    def check(self, manifest: Manifest) -> None:
        """Raises CentresError unless these are of the model's own features."""
        if (self.model, self.model_sha256) != (manifest.name, manifest.sha256):
            raise CentresError(
                f"centres {self.version} belong to {self.model} ({self.model_sha256[:12]}), not to "
                f"{manifest.name} ({manifest.sha256[:12]}); fit others: tonewatch centres fit"
            )
        if len(self.mean) != manifest.feature_dim:
            raise CentresError(
                f"centres {self.version}: {len(self.mean)} features, the model has "
                f"{manifest.feature_dim}; fit others: tonewatch centres fit"
            )

    def save(self, path: Path) -> None:
        """Write the file whole or not at all. Raises OSError."""
        part = path.with_name(path.name + ".part")
        part.write_text(self.model_dump_json(by_alias=True) + "\n", encoding="utf-8")
        part.replace(path)


class Compass:
    """Centres as arrays: which way a feature points."""

    def __init__(self, centres: Centres) -> None:
        self.version = centres.version
        self._mean = np.array(centres.mean, np.float32)
        self._basis = np.array(centres.basis, np.float32)
        self._fear = np.array(centres.fear)
        self._disgust = np.array(centres.disgust)
        self._slope, self._offset = centres.slope, centres.offset

    @property
    def dimensions(self) -> int:
        """P, the length of a place."""
        return len(self._basis)

    def place(self, features: Float32) -> Float32:
        """Places [n, P] of features [n, D], row by row: no row depends on its neighbours."""
        rows = [self._basis @ (row - self._mean) for row in features]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def similarities(self, places: npt.ArrayLike) -> Float64:
        """Cosines [n, 2] of places [n, P] with the nearest centre of fear and of disgust."""
        unit = _unit(np.asarray(places, np.float64))
        return np.stack(
            [(unit @ centres.T).max(axis=1) for centres in (self._fear, self._disgust)], axis=1
        )

    def fear_share(self, places: npt.ArrayLike) -> Float64:
        """[n] from 0 (disgust) to 1 (fear), of places [n, P]."""
        both = self.similarities(places)
        return logistic(self._slope * (both[:, 0] - both[:, 1]) + self._offset)


def logistic(x: Float64) -> Float64:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))


def read_centres(path: Path) -> Centres:
    """Read a centres file. Raises CentresError."""
    try:
        return Centres.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise CentresError(f"{path}: missing; make it by: tonewatch centres fit") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CentresError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise CentresError(f"{path}: {where}: {first['msg']}") from error


@functools.lru_cache(maxsize=8)
def _compass(path: Path, changed_ns: int) -> tuple[Centres, Compass]:
    centres = read_centres(path)
    return centres, Compass(centres)


def compass_for(manifest: Manifest, chosen: Path | None = None) -> Compass | None:
    """The compass of the chosen file, else of the one in the model's folder; None without any.

    Centres in the model's folder that belong to other weights are left out: a model can be trained
    anew before they are (`stale` tells). A file is read again once it has changed. Raises
    CentresError.
    """
    own = manifest.folder / CENTRES_NAME if manifest.folder is not None else None
    path = chosen or own
    if path is None or (chosen is None and not path.is_file()):
        return None
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    centres, compass = _compass(path, changed)
    if chosen is None and stale(centres, manifest):
        return None
    centres.check(manifest)
    return compass


def stale(centres: Centres, manifest: Manifest) -> str:
    """Why centres are not of the model's own features; empty where they are."""
    try:
        centres.check(manifest)
    except CentresError as error:
        return str(error)
    return ""


def fit(
    features: Float32,
    targets: Ints,
    manifest: Manifest,
    *,
    version: str,
    method: Method = "means",
    dimensions: int = DIMENSIONS,
    fitted_on: str = "",
    weights: Float64 | None = None,
) -> Centres:
    """Centres from embeddings [n, D] and their labels [n], numbers in LABELS.

    Labels other than the two shape the mean and the whitening. `kmeans` makes two centres of each
    emotion. `weights` [n] count embeddings; default: all alike. Raises CentresError where one of
    the two has fewer than LEAST, or embeddings do not differ.
    """
    for label, name in ((FEARFUL, "fear"), (DISGUSTED, "disgust")):
        found = int((targets == label).sum())
        if found < LEAST:
            raise CentresError(f"{found} embeddings of {name}: expected {LEAST} or more")
    rows = features.astype(np.float64)
    weights = np.ones(len(rows)) if weights is None else weights
    groups = [np.flatnonzero(targets == label) for label in np.unique(targets)]
    means = [np.average(rows[group], axis=0, weights=weights[group]) for group in groups]
    mean = np.mean(means, axis=0)
    within = np.zeros((rows.shape[1], rows.shape[1]))
    for group, centre in zip(groups, means, strict=True):
        apart = rows[group] - centre
        within += (apart * weights[group, None]).T @ apart
    basis = _whitening(within / weights.sum(), np.stack(means) - mean, dimensions)
    places = _unit((rows - mean) @ basis.T)
    fear, disgust = (
        _centres(places[targets == label], weights[targets == label], method)
        for label in (FEARFUL, DISGUSTED)
    )
    two = np.isin(targets, (FEARFUL, DISGUSTED))
    apart = (places[two] @ fear.T).max(axis=1) - (places[two] @ disgust.T).max(axis=1)
    slope, offset = _scale(apart, targets[two] == FEARFUL)
    return Centres(
        version=version,
        model=manifest.name,
        model_sha256=manifest.sha256,
        method=method,
        fitted_on=fitted_on,
        mean=_rounded(mean),
        basis=tuple(_rounded(row) for row in basis),
        fear=tuple(_rounded(row) for row in fear),
        disgust=tuple(_rounded(row) for row in disgust),
        slope=slope,
        offset=offset,
    )


def _whitening(within: Float64, between: Float64, dimensions: int) -> Float64:
    """[P, D]: directions that whiten `within` [D, D], those first in which labels differ most.

    `between` [labels, D] are the labels' means. Behind as many directions as labels come those
    in which the embeddings vary most.
    """
    size = len(within)
    if not np.trace(within) > 0:
        raise CentresError("the embeddings of each label are all alike: there is nothing to fit")
    values, vectors = np.linalg.eigh(within + np.eye(size) * SHRINKAGE * np.trace(within) / size)
    white = vectors[:, ::-1] / np.sqrt(values[::-1])
    _, strength, lead = np.linalg.svd(between @ white, full_matrices=False)
    lead = lead[strength > 1e-6 * strength[0]]
    rest = np.eye(size)[: max(0, dimensions - len(lead))]
    turned = np.linalg.qr(np.concatenate([lead, rest]).T)[0].T
    return np.asarray(turned[: min(dimensions, size)] @ white.T)


def _centres(places: Float64, weights: Float64, method: Method) -> Float64:
    """Unit vectors [k, P] of unit rows [n, P]."""
    middle = _unit(np.average(places, axis=0, weights=weights)[None])
    if method == "means":
        return middle
    # Spherical k-means with K = 2 from a fixed start: the row furthest from the middle, and the one
    # furthest from that row.
    first = places[int((places @ middle[0]).argmin())]
    found = np.stack([first, places[int((places @ first).argmin())]])
    for _ in range(100):
        nearest = (places @ found.T).argmax(axis=1)
        moved = _unit(
            np.stack(
                [
                    np.average(places[nearest == i], axis=0, weights=weights[nearest == i])
                    if (nearest == i).any()
                    else found[i]
                    for i in range(2)
                ]
            )
        )
        if np.array_equal(moved, found):
            break
        found = moved
    return found


def _scale(apart: Float64, fear: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of P(fear) = logistic(slope * apart + offset), both labels weighing alike.

    Newton's method with a weak prior on the slope, so that separable embeddings stay finite.
    """
    target = fear.astype(np.float64)
    weight = np.where(fear, 0.5 / fear.sum(), 0.5 / (~fear).sum())
    x = np.stack([apart, np.ones(len(apart))], axis=1)
    prior = np.diag([1e-3, 1e-6])
    at = np.zeros(2)
    for _ in range(50):
        share = logistic(x @ at)
        slope = x.T @ (weight * (share - target)) + prior @ at
        curve = (x * (weight * share * (1 - share))[:, None]).T @ x + prior
        step = np.linalg.solve(curve, slope)
        at = at - step
        if np.abs(step).max() < 1e-9:
            break
    return float(at[0]), float(at[1])


def _unit(rows: Float64) -> Float64:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _rounded(row: Sequence[float] | Float64) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in row)
