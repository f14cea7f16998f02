import pytest

from tonewatch.onnx_export.emotion2vec.config import parse_layers
from tonewatch.onnx_export.errors import ExportError


def test_the_layers_are_read_as_a_literal() -> None:
    layers = parse_layers("[(512, 10, 5)] + [(512, 3, 2)] * 4 + [(512,2,2)] + [(512,2,2)]")
    assert layers == ((512, 10, 5), *[(512, 3, 2)] * 4, (512, 2, 2), (512, 2, 2))


@pytest.mark.parametrize(
    "text", ["__import__('os').system('true')", "[(1, 2)]", "[(1, 2, 3)] * x", "", "[f()]"]
)
def test_code_in_the_configuration_is_refused_and_never_run(text: str) -> None:
    with pytest.raises(ExportError, match="feature_encoder_spec"):
        parse_layers(text)
