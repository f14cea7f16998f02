"""What every report says first, and how properties are searched for."""

import platform

import hypothesis
import numpy as np
import onnxruntime
import soundfile
import soxr
from tests.postgres import postgres

__all__ = ["postgres"]

# Test machines are shared and slow by turns: how long one example takes says nothing here.
hypothesis.settings.register_profile("house", deadline=None, print_blob=True)
hypothesis.settings.load_profile("house")


def pytest_report_header() -> str:
    return (
        f"tonewatch on {platform.platform()}: numpy {np.__version__}, "
        f"onnxruntime {onnxruntime.__version__}, soxr {soxr.__version__}, "
        f"libsndfile {soundfile.__libsndfile_version__}"
    )
