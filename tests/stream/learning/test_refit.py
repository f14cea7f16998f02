from dataclasses import replace

import numpy as np
import pytest

from tonewatch.models.centres import Compass
from tonewatch.stream.learning.lessons import Lesson, split
from tonewatch.stream.learning.refit import InUse, TooFewError, loss, refit
from tonewatch.stream.settings import DecisionSettings, LearningSettings

from .made import TOY, centres, lesson

NOW = InUse(temperature=1.0, floor_points=35.0, centres=None)
KNOWN = np.array([False, True, True, False, True, False, False, False, False])


def run(heard: list[Lesson], now: InUse = NOW, prior: float = 5.0, temperature: bool = True):
    settings = LearningSettings(prior=prior, temperature=temperature)
    return refit(heard, now, TOY, DecisionSettings(), settings, "7")


def sessions(count: int = 120) -> list[str]:
    return [f"s{number}" for number in range(count)]


def test_too_few_lessons_teach_nothing() -> None:
    with pytest.raises(TooFewError, match="40"):
        run([lesson("s", "fearful", (1.0,))] * 39)


def test_one_call_alone_cannot_be_held_back_from_itself() -> None:
    with pytest.raises(TooFewError, match="several calls"):
        run([lesson("s", "fearful", (1.0,))] * 80)


def test_centres_learn_what_reviewers_hear() -> None:
    """Here voices point the other way than in the corpus that the centres came from."""
    heard = []
    for number, session in enumerate(sessions()):
        fearful = number % 2 == 0
        place = (-0.2, 3.0) if fearful else (3.0, -0.2)
        outcome = "fearful" if fearful else "disgusted"
        heard.append(lesson(session, outcome, place, fear=2.0, disgust=2.0))
    found = run(heard, replace(NOW, centres=centres()))
    assert found.figures["centres"]["taken"]
    assert found.better
    before, after = found.figures["centres"]["right"]
    assert before < 0.2
    assert after > 0.8
    assert found.parts.centres is not None
    assert found.parts.centres.version == "7"


def test_without_centres_they_are_fitted_from_reviews() -> None:
    rng = np.random.default_rng(0)
    heard = []
    for number, session in enumerate(sessions()):
        fearful = number % 2 == 0
        place = np.array([3.0, 0.0] if fearful else [0.0, 3.0]) + 0.3 * rng.standard_normal(2)
        lead = 0.1 if not fearful else -0.1
        outcome = "fearful" if fearful else "disgusted"
        heard.append(lesson(session, outcome, place.tolist(), fear=2 + lead, disgust=2.0))
    found = run(heard)
    assert found.figures["centres"]["taken"]
    assert found.parts.centres is not None
    compass = Compass(found.parts.centres)
    places = compass.place(np.stack([heard[0].features, heard[1].features]))
    assert (compass.fear_share(places) > 0.5).tolist() == [True, False]


def test_overconfident_scores_get_a_higher_temperature() -> None:
    heard = []
    for number, session in enumerate(sessions()):
        # Sure of fear, and wrong three times in ten.
        outcome = "disgusted" if number % 10 < 3 else "fearful"
        heard.append(lesson(session, outcome, (1.0,), fear=8.0, disgust=1.0))
    found = run(heard)
    assert found.figures["temperature"]["taken"]
    assert found.parts.temperature > 2.0
    assert loss(heard, found.parts.temperature, KNOWN) < loss(heard, 1.0, KNOWN)


def test_no_temperature_is_learned_at_which_confirmed_flags_would_not_be_raised() -> None:
    """Most flags were neither, so the softest scores fit them best, and would hide the rest."""
    heard = []
    for number, session in enumerate(sessions()):
        outcome = "fearful" if number % 3 == 0 else "neither"
        heard.append(lesson(session, outcome, (1.0,), fear=3.0, disgust=2.6, neutral=1.2))
    found = run(heard, replace(NOW, floor_points=70.0))
    assert found.figures["temperature"]["confirmed_kept"] == [1.0, 1.0]
    # 1 / (1 + exp(-1.8 / t)) is 0.7 at t = 2.12.
    assert 2.0 < found.parts.temperature < 2.13
    assert loss(heard, 5.0, KNOWN) < loss(heard, found.parts.temperature, KNOWN)


def test_a_temperature_is_told_but_not_taken_unless_the_settings_say_so() -> None:
    heard = [
        lesson(name, "disgusted" if i % 10 < 3 else "fearful", (1.0,), fear=8.0, disgust=1.0)
        for i, name in enumerate(sessions())
    ]
    told = run(heard, temperature=False)
    assert told.figures["temperature"]["loss_after"] < told.figures["temperature"]["loss_before"]
    assert not told.figures["temperature"]["taken"]
    assert told.parts.temperature == NOW.temperature


def test_without_a_confirmed_flag_no_temperature_is_learned() -> None:
    heard = [lesson(session, "neither", (1.0,), fear=2.0, disgust=1.8) for session in sessions()]
    found = run(heard)
    assert not found.figures["temperature"]["taken"]
    assert found.parts == NOW


def test_the_floor_rises_above_what_people_call_neither() -> None:
    heard = []
    for number, session in enumerate(sessions()):
        if number % 2:
            heard.append(lesson(session, "neither", (1.0,), fear=0.0, disgust=-0.2, neutral=0.3))
        else:
            heard.append(lesson(session, "fearful", (1.0,), fear=4.0, disgust=3.8, neutral=0.0))
    found = run(heard)
    assert found.figures["floor_points"]["taken"]
    assert found.figures["floor_points"]["false_kept"][1] == 0.0
    assert found.parts.floor_points > 50.0


def test_what_is_not_better_is_left_as_it_was() -> None:
    """The lessons held back say the opposite of the others."""
    plain = [lesson(session, "fearful", (1.0,), fear=2.0, disgust=2.0) for session in sessions()]
    learned, back = split(plain, 0.3)
    heard = [
        *(replace(one, logits=lesson("", "fearful", (), fear=9.0).logits) for one in learned),
        *(
            replace(one, outcome="disgusted", logits=lesson("", "fearful", (), fear=9.0).logits)
            for one in back
        ),
    ]
    found = run(heard, NOW)
    assert not found.better
    assert found.parts == NOW
