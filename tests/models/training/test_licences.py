from pathlib import Path

import pytest

from tonewatch.models.training.corpus import CorpusError
from tonewatch.models.training.licences import allows_commercial, free_noise, noise_credits


@pytest.mark.parametrize("name", ["CC0 1.0", "MIT", "CC BY 3.0 (set); clip: CC0 http://x", "own"])
def test_free_licences(name: str) -> None:
    assert allows_commercial(name)


@pytest.mark.parametrize(
    "name",
    ["CC BY-NC-SA 4.0", "CC BY-SA 4.0", "CC BY-ND 4.0", "free for research", "none stated", ""],
)
def test_bound_and_unknown_licences(name: str) -> None:
    assert not allows_commercial(name)


def test_noise_is_chosen_by_its_table(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="free weights need the licence"):
        free_noise(tmp_path)
    table = tmp_path / "noise.csv"
    table.write_text("path,license\na/b.flac,MIT\nc.flac,CC BY-NC 4.0\n", encoding="utf-8")
    assert free_noise(tmp_path) == [tmp_path / "a/b.flac"]
    table.write_text("path,license\nc.flac,CC BY-NC 4.0\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="no recording in it"):
        free_noise(tmp_path)


def test_the_makers_of_free_noise_are_named(tmp_path: Path) -> None:
    table = tmp_path / "noise.csv"
    rows = ["path,source,license", "a.flac,Rain by Ann,CC BY 3.0", "b.flac,,MIT", "c.flac,Bob,NC"]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert noise_credits(tmp_path) == ["Rain by Ann (CC BY 3.0)", "b.flac (MIT)"]
