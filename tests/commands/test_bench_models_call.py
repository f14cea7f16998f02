from pathlib import Path

import numpy as np
import pytest
from tests.commands.clips import clips
from tests.models.tiny import tiny_model

from tonewatch.commands.bench_models_call import (
    assemble,
    every_hop,
    hear,
    speech_share,
    windows_of,
)
from tonewatch.commands.options import Failure
from tonewatch.models.manifest import Manifest
from tonewatch.stream.settings import StreamSettings


def test_two_voices_take_turns_and_share_the_time(tmp_path: Path) -> None:
    call = assemble(clips(tmp_path), 40.0)
    assert call.shape == (40 * 16_000, 2)
    sounding = np.abs(call.reshape(-1, 320, 2)).max(axis=1) > 0
    assert not sounding.all(axis=1).any()
    assert sounding.mean(axis=0) == pytest.approx([0.45, 0.45], abs=0.1)


def test_one_voice_is_no_call(tmp_path: Path) -> None:
    manifest = clips(tmp_path)
    rows = [row for row in manifest.read_text().splitlines() if "bob" not in row]
    manifest.write_text("\n".join(rows))
    with pytest.raises(Failure, match="two speakers"):
        assemble(manifest, 10.0)


def test_windows_are_those_that_the_product_cuts(tmp_path: Path) -> None:
    leg = assemble(clips(tmp_path / "clips"), 20.0)[:, 0]
    heard = hear(leg)
    facts = Manifest.load(tiny_model(tmp_path / "tiny"))
    assert 0.2 < speech_share(heard) < 0.7
    windows = windows_of(heard, StreamSettings(), facts)
    assert 0 < len(windows) < len(every_hop(leg, 48_000, 12))


def test_a_window_at_every_hop_covers_everything() -> None:
    windows = every_hop(np.zeros(16_000 * 5, np.float32), 48_000, 50)
    assert [window.stop_frame for window in windows] == [150, 200, 250]
