"""A streaming model folder of a few kilobytes: each answer is a filter of a frame and the one after
it, so it lags by one frame, and a counter of frames, which outlasts a silence."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tonewatch.models.labels import LABELS

FEATURES = 4
DELAY = 1


def tiny_streaming_model(folder: Path, *, seed: int = 0, **changes: Any) -> Path:
    """Write `folder` with a graph and its manifest; `changes` replace keys of the manifest.

    State: `sound` [B, 320], the frame before; `heard` [B, 1], frames so far (kept).
    """
    rng = np.random.default_rng(seed)
    filters = rng.standard_normal((FEATURES, 1, 640)).astype(np.float32) * 0.1
    head = rng.standard_normal((FEATURES, len(LABELS))).astype(np.float32)
    nodes = [
        helper.make_node("Concat", ["sound", "wave"], ["all"], axis=1),
        helper.make_node("Unsqueeze", ["all", "one"], ["channel"]),
        helper.make_node("Conv", ["channel", "filters"], ["conv"], strides=[320]),
        helper.make_node("Abs", ["conv"], ["abs"]),
        helper.make_node("Transpose", ["abs"], ["features"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["features", "head"], ["plain"]),
        helper.make_node("Mul", ["heard", "small"], ["shift"]),
        helper.make_node("Unsqueeze", ["shift", "one"], ["shift3"]),
        helper.make_node("Add", ["plain", "shift3"], ["logits"]),
        helper.make_node("Slice", ["all", "last", "end", "one"], ["next_sound"]),
        helper.make_node("Shape", ["wave"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["samples"]),
        helper.make_node("Cast", ["samples"], ["count"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["heard", "count"], ["next_heard"]),
    ]

    def value(name: str, *shape: str | int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    graph = helper.make_graph(
        nodes,
        "tiny",
        [value("wave", "b", "s"), value("sound", "b", 320), value("heard", "b", 1)],
        [
            value("logits", "b", "f", len(LABELS)),
            value("features", "b", "f", FEATURES),
            value("next_sound", "b", 320),
            value("next_heard", "b", 1),
        ],
        [
            numpy_helper.from_array(filters, "filters"),
            numpy_helper.from_array(head, "head"),
            numpy_helper.from_array(np.array([1], np.int64), "one"),
            numpy_helper.from_array(np.array([-320], np.int64), "last"),
            numpy_helper.from_array(np.array([1 << 40], np.int64), "end"),
            numpy_helper.from_array(np.array([1e-6], np.float32), "small"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    folder.mkdir(parents=True, exist_ok=True)
    payload = model.SerializeToString()
    (folder / "tiny.onnx").write_bytes(payload)
    manifest = {
        "schema": 1,
        "name": folder.name,
        "version": "1",
        "graph": "tiny.onnx",
        "sha256": hashlib.sha256(payload).hexdigest(),
        "window_samples": 3840,
        "lengths": [3840],
        "labels": list(LABELS),
        "known": [label for label in LABELS if label not in ("other", "unknown")],
        "feature_dim": FEATURES,
        "streaming": {"delay_frames": DELAY, "kept": ["heard"]},
        "licence": {"name": "none", "commercial_use": True, "notice": ""},
    } | changes
    (folder / "model.json").write_text(json.dumps(manifest))
    return folder
