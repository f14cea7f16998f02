from pathlib import Path

import pytest

from tonewatch.models.training.corpus import CorpusError, read_manifest
from tonewatch.models.training.layouts import LAYOUTS, read_layout, write_manifest

FILES = {
    "casia": ("liuchanhg/fear/201.wav", "liuchanhg", "fearful"),
    "cremad": ("AudioWAV/1001_DFA_DIS_XX.wav", "1001", "disgusted"),
    "emodb": ("wav/03a01La.wav", "03", "other"),
    "emovo": ("f1/gio-f1-b1.wav", "f1", "happy"),
    "esd": ("0011/Surprise/0011_001401.wav", "0011", "surprised"),
    "nemo": ("SB0_sadness_12.wav", "SB0", "sad"),
    "ravdess": ("Actor_12/03-01-02-01-02-01-12.wav", "12", "neutral"),
    "savee": ("DC/su07.wav", "DC", "surprised"),
    "tess": ("OAF_Pleasant_surprise/OAF_back_ps.wav", "OAF", "surprised"),
}


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_every_layout_is_tried() -> None:
    assert set(FILES) | {"iemocap", "meld"} == set(LAYOUTS)


@pytest.mark.parametrize("corpus", FILES)
def test_paths_say_speaker_and_label(tmp_path: Path, corpus: str) -> None:
    name, speaker, label = FILES[corpus]
    touch(tmp_path / name)
    touch(tmp_path / "readme.txt")
    touch(tmp_path / "cover_sound.wav")
    (clip,) = read_layout(corpus, tmp_path)
    assert (clip.path, clip.speaker, clip.label) == (tmp_path / name, f"{corpus}_{speaker}", label)


def test_ravdess_song_and_film_are_left_out(tmp_path: Path) -> None:
    for name in ("03-02-05-01-01-01-01", "01-01-05-01-01-01-01", "03-01-05-01-01-01-01"):
        touch(tmp_path / f"{name}.wav")
    assert len(read_layout("ravdess", tmp_path)) == 1


def test_iemocap_is_read_from_its_tables(tmp_path: Path) -> None:
    session = tmp_path / "Session1"
    table = touch(session / "dialog" / "EmoEvaluation" / "Ses01F_impro01.txt")
    table.write_text(
        "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"
        "[6.2901 - 8.2357]\tSes01F_impro01_F000\texc\t[2.5, 2.5, 2.5]\n"
        "[9.0000 - 9.5000]\tSes01F_impro01_M000\txxx\t[2.5, 2.5, 2.5]\n"
        "C-E2:\tNeutral;\t()\n"
    )
    for name in ("F000", "M000"):
        touch(session / "sentences" / "wav" / "Ses01F_impro01" / f"Ses01F_impro01_{name}.wav")
    (clip,) = read_layout("iemocap", tmp_path)
    assert (clip.speaker, clip.label, clip.gender) == ("iemocap_Ses01F", "happy", "f")


def test_meld_is_read_from_its_tables(tmp_path: Path) -> None:
    for split, emotion in (("train", "joy"), ("dev", "disgust")):
        (tmp_path / f"{split}_sent_emo.csv").write_text(
            "Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID\n"
            f'"Oh, well.",Joey,{emotion},0,3\nNo sound,Ross,anger,9,9\n'
        )
        touch(tmp_path / split / "dia0_utt3.wav")
    found = [(clip.path.parent.name, clip.label) for clip in read_layout("meld", tmp_path)]
    assert found == [("dev", "disgusted"), ("train", "happy")]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="'ted' is no corpus known here: casia"):
        read_layout("ted", tmp_path)
    with pytest.raises(CorpusError, match="no clip in the layout of tess"):
        read_layout("tess", tmp_path)
    touch(tmp_path / "OAF_back_cross.wav")
    with pytest.raises(CorpusError, match="'cross' is no label of tess"):
        read_layout("tess", tmp_path)


def test_a_manifest_comes_back(tmp_path: Path) -> None:
    touch(tmp_path / FILES["cremad"][0])
    clips = read_layout("cremad", tmp_path)
    write_manifest(clips, tmp_path / "clips.csv")
    assert read_manifest(tmp_path / "clips.csv") == clips
    assert str(tmp_path) not in (tmp_path / "clips.csv").read_text(encoding="utf-8")
