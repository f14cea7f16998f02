"""Nine labels, in one order."""

import numpy as np

from tonewatch.models import labels


def test_every_label_has_its_place_by_name() -> None:
    places = {name.lower(): getattr(labels, name) for name in dir(labels) if name.isupper()}
    assert [places[label] for label in labels.LABELS] == list(range(9))


def test_every_label_has_a_chinese_name_of_its_own() -> None:
    assert set(labels.CHINESE) == set(labels.LABELS)
    assert len(set(labels.CHINESE.values())) == len(labels.LABELS)


def test_a_masked_label_has_no_mass_in_single_precision() -> None:
    logits = np.array([0.0, labels.MASKED_LOGIT], np.float32)
    assert np.exp(logits - logits.max())[1] == 0
