import numpy as np
import pytest
import torch

from tonewatch.models.labels import LABELS
from tonewatch.models.training.corpus import CorpusError
from tonewatch.models.training.networks import ARCHITECTURES, build, encoder_widths

from .small import WIDTH, voice
from .small_material import KNOWN, small_encoder

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_gives_fifty_frames_a_second_without_mass_on_unknown_labels(name: str) -> None:
    network = build(name, KNOWN, small_encoder()).eval()
    waves = torch.from_numpy(np.stack([voice(0, 0, seconds=1.5), voice(1, 0, seconds=1.5)]))
    with torch.inference_mode():
        logits, features = network(waves)
        alone, _ = network(waves[:1])
    assert logits.shape == (2, 75, 9)
    assert features.shape == (2, 75, network.width)
    assert torch.allclose(logits[:1], alone, atol=1e-4)
    unknown = [i for i, label in enumerate(LABELS) if label not in KNOWN]
    assert logits.softmax(-1)[..., unknown].max() == 0


def test_only_a_whisper_body_has_weights_to_be_stored_small() -> None:
    assert encoder_widths(build("whisper", KNOWN, small_encoder())) == (WIDTH,)
    assert encoder_widths(build("bilstm", KNOWN, None)) == ()


def test_whisper_needs_its_encoder() -> None:
    with pytest.raises(CorpusError, match="--encoder"):
        build("whisper", KNOWN, None)
