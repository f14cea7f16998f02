from pathlib import Path
from typing import Any

from tonewatch.models.training.card_files import read_figures, write_figures

KIND = {
    "risk_coverage": {"50 %": 12.5, "100 %": 25.0},
    "reliability": {"confidence": [0.3, 0.8], "accuracy": [0.4, 0.7], "share": [0.5, 0.5]},
}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    figures: dict[str, Any] = {"speakers": KIND, "corpora": KIND, "languages": ["中"]}
    write_figures(tmp_path, figures)
    assert read_figures(tmp_path) == figures
    picture = (tmp_path / "card.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 100_000


def test_a_model_of_one_corpus_draws_one_line(tmp_path: Path) -> None:
    write_figures(tmp_path, {"speakers": KIND, "corpora": None})
    assert (tmp_path / "card.png").is_file()


def test_a_folder_without_figures_has_none(tmp_path: Path) -> None:
    assert read_figures(tmp_path) is None
