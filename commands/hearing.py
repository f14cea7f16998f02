"""The monitor's speech gate for whole clips, joined here: models know nothing of streams."""

import numpy as np
import numpy.typing as npt

from ..models.evaluation.read import Gate
from ..models.grid import FRAME_SAMPLES, SAMPLE_RATE
from ..models.window import Float32
from ..stream.audio import Chunk
from ..stream.listener.gate import Vad
from ..stream.listener.listener import Listener, finish, listen
from ..stream.settings import ListenerSettings


def speech_gate(settings: ListenerSettings) -> Gate:
    """A function of clips [N] that begins anew with each: which 20 ms frames are speech."""
    vad = Vad()

    def hears(wave: Float32) -> npt.NDArray[np.bool_]:
        listener = Listener("clip", SAMPLE_RATE, settings)
        chunk = Chunk(leg="clip", start=0, samples=wave, captured_at=0.0)
        pieces = [*listen([(listener, [chunk])], vad)[0], *finish(listener, vad)]
        speech = np.concatenate([piece.speech for piece in pieces])
        return np.asarray(speech[: max(1, len(wave) // FRAME_SAMPLES)])

    return hears
