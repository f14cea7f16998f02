from pathlib import Path

import pytest

from tonewatch.models.training.corpus import Clip
from tonewatch.models.training.publish import digest_of, licence_of, sources_of

pytestmark = pytest.mark.torch


def clip(corpus: str) -> Clip:
    return Clip(path=Path("x"), corpus=corpus, speaker="s", label="sad", licence=f"{corpus}'s")


def test_one_bound_corpus_binds_the_weights() -> None:
    free, both = [clip("a")], [clip("a"), clip("b")]
    assert licence_of(free, ("a",), "m").commercial_use
    bound = licence_of(both, ("a",), "m")
    assert not bound.commercial_use
    assert "weights of m" in bound.notice
    assert [(s.corpus, s.licence, s.commercial, s.clips) for s in sources_of(both, ("a",))] == [
        ("a", "a's", True, 1),
        ("b", "b's", False, 1),
    ]


def test_the_digest_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "g").write_bytes(b"abc")
    assert digest_of(tmp_path / "g").startswith("ba7816bf8f01cfea414140de5dae2223")
