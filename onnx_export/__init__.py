"""Trained networks to checked ONNX model folders."""
