from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.streaming import (
    FRAME,
    StreamingConfig,
    StreamingEncoder,
    from_encoder,
    load_streaming,
    names_of,
)

from .small import HEADS, LAYERS, WIDTH, variables, voice

pytestmark = pytest.mark.torch
CONFIG = StreamingConfig(width=WIDTH, heads=HEADS)
FRAMES = 150


@pytest.fixture(scope="module")
def encoder() -> StreamingEncoder:
    windowed = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    return from_encoder(windowed, CONFIG).eval()


def sound(seed: int = 0) -> torch.Tensor:
    wave = voice(1, 0, seconds=FRAMES / 50, seed=seed)
    rise = np.interp(np.arange(len(wave)), [0, 8000, 30_000, len(wave)], [0.01, 1, 0.2, 0.6])
    return torch.from_numpy((wave * rise).astype(np.float32)[None])


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, FRAMES - 1), max_size=12, unique=True))
def test_pieces_of_a_recording_give_what_the_whole_gives(
    encoder: StreamingEncoder, cuts: list[int]
) -> None:
    wave = sound()
    with torch.inference_mode():
        whole = encoder(wave, *encoder.begin())[0]
        state, parts = encoder.begin(), []
        edges = [0, *sorted(cuts), FRAMES]
        for first, stop in pairwise(edges):
            features, *after = encoder(wave[:, FRAME * first : FRAME * stop], *state)
            state = tuple(after)
            parts.append(features)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-4, rtol=1e-4)


def test_no_frame_knows_more_than_200_ms_of_what_follows(encoder: StreamingEncoder) -> None:
    assert CONFIG.delay * FRAME <= 3200
    wave, frame = sound(), 70
    other = wave.clone()
    # Frame 70 ends at sample 71 * 320; 200 ms behind that everything is different.
    other[:, (frame + 1) * FRAME + 3200 :] = 0.3 * torch.randn(1, other.shape[1] - 71 * 320 - 3200)
    with torch.inference_mode():
        one, two = (encoder.layers(each)[-1][0] for each in (wave, other))
    torch.testing.assert_close(one[: frame + 1], two[: frame + 1], atol=1e-5, rtol=1e-5)
    assert (one[frame + 15] - two[frame + 15]).abs().max() > 1e-3


def test_a_frame_does_not_depend_on_when_the_run_began(encoder: StreamingEncoder) -> None:
    """Once the reach and the level's mean are filled, only what is in reach counts."""
    wave = torch.cat([sound(1), sound(2)], 1)
    skip = 30
    held = torch.full((1,), 7.0)
    with torch.inference_mode():
        long = encoder.every_layer(wave, held)[-1][0, skip:]
        short = encoder.every_layer(wave[:, skip * FRAME :], held - skip * 0.004)[-1][0]
    near = slice(180, 260)
    torch.testing.assert_close(long[near], short[near], atol=2e-3, rtol=0)


def test_rows_of_a_batch_do_not_depend_on_each_other(encoder: StreamingEncoder) -> None:
    waves = torch.cat([sound(1), 0.1 * sound(2)])
    with torch.inference_mode():
        together = encoder(waves, *encoder.begin(2))[0]
        alone = torch.cat([encoder(wave[None], *encoder.begin())[0] for wave in waves])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("gain", [1.0, 0.1, 10 ** (-30 / 20)])
def test_a_quieter_line_gives_the_same_features(encoder: StreamingEncoder, gain: float) -> None:
    with torch.inference_mode():
        loud, quiet = (encoder.layers(gain_ * sound())[-1] for gain_ in (1.0, gain))
    # The first frames of a voice that rises out of silence may differ: no level is known yet.
    torch.testing.assert_close(loud[:, 90:], quiet[:, 90:], atol=2e-2, rtol=2e-2)


def test_weights_can_be_kept_and_loaded(encoder: StreamingEncoder) -> None:
    other = load_streaming(encoder.state_dict(), CONFIG)
    with torch.inference_mode():
        torch.testing.assert_close(other.layers(sound())[-1], encoder.layers(sound())[-1])


def test_the_state_has_a_name_for_every_array(encoder: StreamingEncoder) -> None:
    assert len(names_of(CONFIG)) == len(encoder.begin())
