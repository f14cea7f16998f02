"""`tonewatch analyze` on one long recording, in a process of its own."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

from .bench_live import RATE, load_speech
from .options import Failure


def run_offline(
    minutes: float, audio: Path | None, model: str, *, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Repeat speech to the wanted length, analyse it, return figures by name."""
    speech = load_speech(audio, channels=1)
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "long.wav")
        frames = int(minutes * 60 * RATE)
        soundfile.write(recording, np.resize(speech, (frames, 1)), RATE, subtype="PCM_16")
        progress(f"analysing {minutes:g} minutes")
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "tonewatch", "analyze", str(recording), "--no-plot",
             "--output", folder, "--model", model],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        watched, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.2)
        seconds = time.monotonic() - begun
        if process.wait() != 0:
            raise Failure(f"tonewatch analyze ended with exit code {process.returncode}")
    return {
        "minutes": minutes,
        "seconds": seconds,
        "times_real_time": minutes * 60 / seconds,
        "rss_max_mb": peak / 2**20,
    }
