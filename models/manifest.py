"""model.json: what a model folder says of its model, checked when it is read."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from .labels import LABELS, Label

MANIFEST_NAME = "model.json"


class ManifestError(ValueError):
    """A manifest is missing or wrong; the message names file, field, found and expected."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(_Part):
    """One check that an export or a training passed or failed."""

    name: str
    value: float
    limit: float
    passed: bool


class DataSource(_Part):
    """A corpus that the weights have seen."""

    corpus: str
    licence: str
    commercial: bool
    clips: int | None = None


class Licence(_Part):
    """What may be done with the weights."""

    name: str
    commercial_use: bool
    notice: str = Field(description="one plain sentence, shown at start-up and on the page")


class Calibration(_Part):
    """How logits become scores: softmax(logits / temperature)."""

    temperature: float = Field(1.0, gt=0.0)
    ece: float | None = Field(None, description="expected calibration error, held-out speakers")
    fitted_on: str = "not fitted"


class Probe(_Part):
    """What the fp32 network answers to `probe_wave`: compared on the machine that serves."""

    samples: int = Field(ge=400, description="length of the wave")
    logits: tuple[float, ...] = Field(min_length=9, max_length=9, description="of the utterance")
    limit: float = Field(gt=0, description="largest difference of a logit")


class Streaming(_Part):
    """A graph that reads only new sound and keeps a state for each leg."""

    delay_frames: int = Field(ge=0, description="frames between newest sound and newest answer")
    kept: tuple[str, ...] = Field(
        (), description="arrays of the state that outlast a silence (the others begin anew)"
    )


class Manifest(BaseModel):
    """A model's own description. Unknown fields are kept out of the code but tolerated in files."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    schema_: Literal[1] = Field(1, alias="schema")
    name: str
    version: str
    graph: str = Field(description="file name of the served graph, inside the model folder")
    sha256: str = ""
    weights: str = Field(
        "", description="file name of the graph's weights where they lie beside it"
    )
    weights_sha256: str = ""
    sample_rate: Literal[16000] = 16000
    window_samples: int = Field(description="full context, in samples")
    lengths: tuple[int, ...] = Field(description="true lengths a window may have, in samples")
    hop_frames: int = Field(12, ge=1, description="default hop, in 20 ms frames")
    frame_samples: Literal[320] = 320
    receptive_field: int = Field(320, ge=320, description="samples that one frame needs")
    labels: tuple[Label, ...]
    known: tuple[Label, ...] = Field(description="labels that were really learned")
    feature_dim: int = Field(ge=1)
    precision: str = Field(
        "fp32", description="ends with `fp32 arithmetic` where only the weights are kept small"
    )
    batching: bool = Field(
        True,
        description="rows of a batch are independent, bit for bit; and so are, in a streaming "
        "graph, the hops of a call",
    )
    streaming: Streaming | None = Field(
        None, description="set for a graph with a state; lengths are then those of its hops"
    )
    calibration: Calibration = Calibration()
    checks: tuple[Check, ...] = ()
    probe: Probe | None = Field(None, description="checked when the graph is loaded")
    data: tuple[DataSource, ...] = ()
    licence: Licence
    accuracy: dict[str, Any] = Field(default_factory=dict)
    _folder: Path | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _consistent(self) -> "Manifest":
        if self.labels != LABELS:
            raise ValueError(
                f"labels: expected {', '.join(LABELS)}, found {', '.join(self.labels)}"
            )
        if not self.known or not set(self.known) <= set(self.labels):
            raise ValueError("known: expected one or more of the labels")
        lengths = self.lengths
        if (
            not lengths
            or tuple(sorted(set(lengths))) != lengths
            or lengths[-1] != self.window_samples
        ):
            raise ValueError(
                "lengths: expected rising samples, the last one equal to window_samples"
            )
        if any(length % self.frame_samples for length in lengths):
            raise ValueError(f"lengths: expected multiples of {self.frame_samples} samples")
        return self

    @property
    def folder(self) -> Path | None:
        """Where the model lies; None for a manifest that was not read from its folder."""
        return self._folder

    @property
    def plain(self) -> bool:
        """Whether all is computed in fp32, however small the weights are kept."""
        return self.precision.endswith("fp32 arithmetic")

    @property
    def decides_rivals(self) -> bool:
        """Whether the fear/disgust decision is possible: both labels are known."""
        return {"fearful", "disgusted"} <= set(self.known)

    def frames_of(self, samples: int) -> int:
        """Number of frames that the model gives for a window of `samples` samples."""
        return (samples - self.receptive_field) // self.frame_samples + 1

    @property
    def tail_frames(self) -> int:
        """Frames at the end of a window that its answer does not hold."""
        if self.streaming is not None:
            return self.streaming.delay_frames
        return self.window_samples // self.frame_samples - self.frames_of(self.window_samples)

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read `folder/model.json`. Raises ManifestError."""
        path = folder / MANIFEST_NAME
        try:
            manifest = cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise ManifestError(
                f"{path}: missing; a model folder holds {MANIFEST_NAME} and its graph"
            ) from None
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ManifestError(f"{path}: cannot be read: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "file"
            raise ManifestError(f"{path}: {where}: {first['msg']}") from error
        manifest._folder = folder
        return manifest
