import pickle
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from ..tiny import checkpoint

    return checkpoint(tmp_path / "tiny")


def load(folder: Path, name: str | None = None):
    from tonewatch.onnx_export.emotion2vec.checkpoint import build, load_checkpoint

    found = load_checkpoint(folder, name)
    return found, build(found)


def refused(folder: Path, name: str | None = None) -> str:
    from tonewatch.onnx_export.errors import ExportError

    with pytest.raises(ExportError) as error:
        load(folder, name)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_every_tensor_finds_its_place(folder: Path) -> None:
    found, network = load(folder)
    assert found.known[0] == "angry"
    assert len(found.tokens) == 9
    assert found.config.receptive_field == 400
    assert float(network.alibi_scale.detach().min()) >= 0.5


@pytest.mark.parametrize("file", ["model.pt", "config.yaml", "configuration.json", "tokens.txt"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert file in refused(folder)


def test_a_truncated_checkpoint_is_refused(folder: Path) -> None:
    data = (folder / "model.pt").read_bytes()
    (folder / "model.pt").write_bytes(data[: len(data) // 2])
    assert "truncated" in refused(folder)


def test_code_in_a_checkpoint_is_never_run(folder: Path, tmp_path: Path) -> None:
    import torch

    mark = tmp_path / "was_run"

    class Evil:
        def __reduce__(self):
            return Path.touch, (mark,)

    torch.save({"model": {"x": Evil()}}, folder / "model.pt", pickle_module=pickle)
    assert "never executed" in refused(folder)
    assert not mark.exists()


def test_a_missing_tensor_is_named(folder: Path) -> None:
    import torch

    content = torch.load(folder / "model.pt", weights_only=True)
    del content["model"]["proj.weight"]
    torch.save(content, folder / "model.pt")
    assert "proj.weight" in refused(folder)


def test_an_unexpected_tensor_is_named_but_the_training_decoder_is_not(folder: Path) -> None:
    import torch

    content = torch.load(folder / "model.pt", weights_only=True)
    content["model"]["d2v_model.modality_encoders.AUDIO.decoder.x"] = torch.zeros(1)
    torch.save(content, folder / "model.pt")
    load(folder)
    content["model"]["d2v_model.extra"] = torch.zeros(1)
    torch.save(content, folder / "model.pt")
    assert "d2v_model.extra" in refused(folder)


def test_another_shape_is_named(folder: Path) -> None:
    import torch

    content = torch.load(folder / "model.pt", weights_only=True)
    content["model"]["proj.bias"] = torch.zeros(4)
    torch.save(content, folder / "model.pt")
    assert "proj.bias: expected shape (9,), found (4,)" in refused(folder)


def test_labels_that_hide_fear_are_masked_for_others_and_refused_for_large(tmp_path: Path) -> None:
    from ..tiny import TOKENS, checkpoint

    hidden = TOKENS.replace("恐惧/fearful", "unuse_1")
    folder = checkpoint(tmp_path / "mine", tokens=hidden)
    assert "fearful" not in load(folder)[0].known
    large = checkpoint(tmp_path / "own_large", tokens=hidden)
    assert "differs from the published" in refused(large, "emotion2vec_plus_large")


def test_a_blank_line_behind_the_labels_is_refused(tmp_path: Path) -> None:
    from ..tiny import TOKENS, checkpoint

    assert "is no label" in refused(checkpoint(tmp_path / "mine", tokens=TOKENS + "\n\n"))
    load(checkpoint(tmp_path / "fine", tokens=TOKENS + "\n"))


def test_published_weights_are_known_whatever_their_folder_is_called(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub's cache names its folders by revision. The tiny network plays the published one."""
    from tonewatch.onnx_export.emotion2vec import checkpoint

    pins = {"model.pt": checkpoint.sha256(folder / "model.pt")}
    monkeypatch.setattr(checkpoint, "PINS", {"published": pins})
    monkeypatch.setattr(checkpoint, "BYTES", {"published": (folder / "model.pt").stat().st_size})
    assert load(folder.rename(tmp_path / "6c303ba987b8"))[0].name == "published"
    monkeypatch.setattr(checkpoint, "BYTES", {"published": 1})
    assert load(tmp_path / "6c303ba987b8")[0].name == "6c303ba987b8"


def test_a_wrong_configuration_is_named(folder: Path) -> None:
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(
        text.replace("layer_norm_first: false", "layer_norm_first: true")
    )
    assert "layer_norm_first: expected False, found True" in refused(folder)
