from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.stream.record.world import hear, made, rows

from tonewatch.stream.record import finish as finishing
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.finish import finish


def test_the_state_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path)
    hear(folder, 0, 50)
    folder.settle("customer", 0, rows(0, 50))
    folder.sync()
    info = replace(folder.info, state="ended")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "write_json", full)
        with pytest.raises(OSError, match="No space"):
            list(finish(folder.path, folder.card, info, {}))
    assert read_card(folder.path).unfinished
    list(finish(folder.path, folder.card, info, {}))
    assert read_card(folder.path).info.state == "ended"
    assert (folder.path / "result.json").exists()


def test_an_utterances_embedding_without_speech_is_zero(tmp_path: Path) -> None:
    folder = made(tmp_path, granularity="utterance")
    hear(folder, 0, 50, speech=False)
    folder.embed("customer", 0, np.ones((50, 4), np.float32))
    folder.sync()
    list(finish(folder.path, folder.card, replace(folder.info, state="ended"), {}))
    found = np.load(folder.path / "embedding.npy")
    assert found.tolist() == [[0.0] * 4]


def test_finishing_twice_changes_nothing(tmp_path: Path) -> None:
    folder = made(tmp_path, granularity="utterance")
    hear(folder, 0, 50)
    folder.embed("customer", 0, np.ones((50, 4), np.float32))
    folder.sync()
    info = replace(folder.info, state="ended")
    contents = []
    for _ in range(2):
        list(finish(folder.path, folder.card, info, {}))
        contents.append({path.name: path.read_bytes() for path in folder.path.iterdir()})
    assert contents[0] == contents[1]
