"""A model folder of a few kilobytes that keeps the contract, made in the test."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tonewatch.models.labels import LABELS

FEATURES = 4


def tiny_model(folder: Path, *, seed: int = 0, **changes: Any) -> Path:
    """Write `folder` with a graph that reads fixed random filters of 320 samples, and a manifest.

    `changes` replace keys of the manifest.
    """
    rng = np.random.default_rng(seed)
    filters = rng.standard_normal((FEATURES, 1, 320)).astype(np.float32) * 0.1
    head = rng.standard_normal((FEATURES, len(LABELS))).astype(np.float32)
    nodes = [
        helper.make_node("Unsqueeze", ["wave", "axis"], ["channel"]),
        helper.make_node("Conv", ["channel", "filters"], ["conv"], strides=[320]),
        helper.make_node("Abs", ["conv"], ["abs"]),
        helper.make_node("Transpose", ["abs"], ["features"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["features", "head"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("wave", TensorProto.FLOAT, ["b", "s"])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", "f", len(LABELS)]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["b", "f", FEATURES]),
        ],
        [
            numpy_helper.from_array(filters, "filters"),
            numpy_helper.from_array(head, "head"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    folder.mkdir(parents=True, exist_ok=True)
    payload = model.SerializeToString()
    (folder / "tiny.onnx").write_bytes(payload)
    manifest = {
        "schema": 1,
        "name": folder.name,
        "version": "1",
        "graph": "tiny.onnx",
        "sha256": hashlib.sha256(payload).hexdigest(),
        "window_samples": 48000,
        "lengths": [16000, 24000, 32000, 48000],
        "labels": list(LABELS),
        "known": [label for label in LABELS if label not in ("other", "unknown")],
        "feature_dim": FEATURES,
        "licence": {"name": "none", "commercial_use": True, "notice": ""},
    } | changes
    (folder / "model.json").write_text(json.dumps(manifest))
    onnx.checker.check_model(model)
    return folder
