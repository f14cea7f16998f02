"""Where torch is not installed, the files that need it are not even read."""

import importlib.util

NEED_TORCH = [
    "test_publish.py",
    "test_networks.py",
    "test_learn.py",
    "test_fitting.py",
    "test_classic.py",
    "test_batches.py",
    "test_ablation.py",
    "test_crossval.py",
    "test_deliver.py",
    "test_distil.py",
    "test_encoder.py",
    "test_features.py",
    "test_forms.py",
    "test_held.py",
    "test_pieces.py",
    "test_tuning.py",
    "test_unrolled.py",
    "test_graph.py",
    "test_head.py",
    "test_joined.py",
    "test_level.py",
    "test_streaming.py",
    "test_streaming_graph.py",
    "test_temperature.py",
    "test_figures.py",
    "test_train.py",
]
collect_ignore = NEED_TORCH if importlib.util.find_spec("torch") is None else []
