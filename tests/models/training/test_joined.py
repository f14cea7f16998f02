from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from tonewatch.models.training.corpus import CorpusError, read_manifest
from tonewatch.models.training.ct2 import CheckpointError
from tonewatch.models.training.encoder import Encoder
from tonewatch.models.training.features import COPIES, extract, pool, windows
from tonewatch.models.training.graph import Compact, write_graph
from tonewatch.models.training.head import Head
from tonewatch.models.training.joined import Joined, Part, load_body, sentence_of

from .small import variables, voice, write_corpus, write_ct2

pytestmark = pytest.mark.torch
WIDE, NARROW = 16, 8
NOISE = [np.random.default_rng(0).standard_normal(8_000).astype(np.float32)]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Part, Part]:
    base = tmp_path_factory.mktemp("encoders")
    wide = write_ct2(base / "wide.bin", variables(width=WIDE))
    narrow = write_ct2(base / "narrow.bin", variables(seed=1, width=NARROW))
    return Part(path=wide, layers=(1, 2)), Part(path=narrow, layers=(2,))


@pytest.fixture(scope="module")
def body(parts: tuple[Part, Part]) -> Joined:
    found = load_body(parts)
    assert isinstance(found, Joined)
    return found


@pytest.mark.parametrize("samples", [16_000, 48_000])
def test_layers_stand_side_by_side_in_the_order_asked_for(
    body: Joined, parts: tuple[Part, Part], samples: int
) -> None:
    wave = torch.from_numpy(voice(1, 0, seconds=samples / 16_000))[None]
    wide, narrow = (load_body([Part(path=part.path, layers=(2,))]) for part in parts)
    assert isinstance(wide, Encoder)
    with torch.inference_mode():
        wanted = torch.cat([*wide.layers(wave), narrow(wave)], dim=-1)
        assert body(wave).shape == (1, samples // 320, body.width)
        assert torch.allclose(body(wave), wanted, atol=1e-6)
    assert (body.width, body.widths) == (2 * WIDE + NARROW, (WIDE, NARROW))


def test_one_layer_of_one_file_is_that_encoder(parts: tuple[Part, Part]) -> None:
    found = load_body([Part(path=parts[0].path, layers=(1,))])
    assert isinstance(found, Encoder)
    assert found.config.layers == 1


def test_what_cannot_be_read_is_named(parts: tuple[Part, Part]) -> None:
    path = parts[0].path
    with pytest.raises(CorpusError, match=r"wide\.bin: has layers 1 to 2, not 2 and 3"):
        load_body([Part(path=path, layers=(2, 3))])
    with pytest.raises(CorpusError, match="not 0"):
        load_body([Part(path=path, layers=(0,))])
    with pytest.raises(CorpusError, match="starts from an encoder"):
        load_body([])
    with pytest.raises(CheckpointError, match="expected SHA-256 abc"):
        load_body([parts[1], Part(path=path, sha256="abc")])


def test_a_card_can_say_what_is_joined(body: Joined, parts: tuple[Part, Part]) -> None:
    assert sentence_of(body).startswith(
        "Layers 1 and 2 of Whisper of width 16, 2 of Whisper of width 8 (MIT, see NOTICE)"
    )
    base = write_ct2(parts[0].path.with_name("base.bin"), variables(width=512))
    one = load_body([Part(path=base, layers=(2,))])
    assert sentence_of(one).startswith("The first layers of Whisper base (MIT")


def test_each_encoder_is_read_once_for_all_choices_of_layers(
    body: Joined, parts: tuple[Part, Part], tmp_path: Path
) -> None:
    clips = read_manifest(write_corpus(tmp_path / "corpus", speakers=1))
    said: list[str] = []
    found = extract(clips, body, NOISE, tmp_path / "cache", said.append)
    assert found.pooled.shape == (len(clips) * len(COPIES), 1, body.width)
    assert len(said) == 2, "once for each encoder"
    row = int(np.flatnonzero((found.clip == 3) & (found.copy == 0))[0])
    wanted = pool(body, windows(voice(1, 0, seed=1))[0])
    assert found.pooled[row] == pytest.approx(wanted, abs=0.02)
    other = load_body([Part(path=parts[1].path, layers=(1, 2)), parts[0]])
    again = extract(clips, other, NOISE, tmp_path / "cache", said.append)
    assert len(said) == 2, "other layers of the same files are in the cache"
    assert (again.pooled[:, 0, 2 * NARROW :] == found.pooled[:, 0, : 2 * WIDE]).all()


def test_the_graph_of_joined_layers_answers_as_the_network(body: Joined, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((9, body.width)).astype(np.float32)
    network = Compact(body, Head(weight=weight, bias=np.zeros(9, np.float32))).eval()
    write_graph(network, tmp_path / "joined.onnx")
    session = ort.InferenceSession(str(tmp_path / "joined.onnx"))
    for seconds in (1.0, 3.0):
        wave = voice(1, 0, seconds=seconds)[None]
        logits, features = session.run(["logits", "features"], {"wave": wave})
        with torch.inference_mode():
            wanted, under = (part.numpy() for part in network(torch.from_numpy(wave)))
        assert logits == pytest.approx(wanted, abs=1e-2)
        assert features == pytest.approx(under, abs=1e-2)
