import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.labels import LABELS, MASKED_LOGIT
from tonewatch.stream.decision import Decision
from tonewatch.stream.decision.rivals import independent
from tonewatch.stream.decision.scene.scenes import load_scenes
from tonewatch.stream.findings import Episode, Evidence
from tonewatch.stream.settings import DecisionSettings
from tonewatch.stream.track import Fused

from .streams import QUICK, Run, decide, fused, no_frames, random_stream, script

PIECE = Evidence(
    kind="pitch",
    direction="usual",
    value=180.0,
    baseline=181.0,
    unit="Hz",
    supports="",
    words_en="the voice's pitch is as usual (180 Hz)",
    words_zh="声音的音高与平时相同（180 Hz）",
)


def same(one: Run, other: Run) -> bool:
    """Whether two runs said the same, bit for bit."""
    a, b = one.joined(), other.joined()
    return one.episodes == other.episodes and all(
        np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f") for name in a
    )


@given(st.integers(0, 10_000), st.lists(st.integers(0, 400), max_size=40), st.integers(0, 30))
def test_any_chunking_gives_the_same_bits(seed, cuts, ahead):
    stream = random_stream(seed, 400)
    settings = DecisionSettings()
    whole = decide(stream, settings, temperature=1.7)
    pieces = decide(stream, settings, cuts=cuts, ahead=ahead, temperature=1.7)
    assert same(pieces, whole)
    assert pieces.decision.summary() == whole.decision.summary()


@pytest.mark.parametrize("seed", range(4))
def test_one_frame_at_a_time_gives_the_same_bits(seed):
    stream = random_stream(seed, 1200)
    settings = DecisionSettings()
    assert same(decide(stream, settings, cuts=range(1, 1200), ahead=25), decide(stream, settings))


def test_provisional_readings_continue_from_the_settled_ones():
    stream = random_stream(5, 300)
    settings = DecisionSettings()
    whole = decide(stream, settings).joined()
    decision = Decision("customer", settings, 1.0, LABELS)
    update = decision.push(
        fused(stream, 0, 200), fused(stream, 200, 300), stream.speech[:200], stream.speech[200:]
    )
    assert update.provisional.start_frame == 200
    assert np.array_equal(update.provisional.scores, whole["scores"][200:], equal_nan=True)


def test_provisional_frames_open_no_episode():
    stream = script(("review", 100))
    decision = Decision("customer", QUICK, 1.0, LABELS)
    update = decision.push(no_frames(0), fused(stream, 0, 100), np.zeros(0, bool), stream.speech)
    assert update.episodes == ()
    assert update.confusion is not None
    assert decision.finish() == ()


def test_confusion_is_told_above_the_floors_only():
    def newest(shape: str) -> float | None:
        stream = script((shape, 20))
        decision = Decision("customer", QUICK, 1.0, LABELS)
        return decision.push(
            fused(stream, 0, 20), no_frames(20), stream.speech, np.zeros(0, bool)
        ).confusion

    assert newest("review") == pytest.approx(85.714 - 75.0, abs=1e-2)
    assert newest("fear") == pytest.approx(89.474 - 33.333, abs=1e-2)
    assert newest("calm") is None
    assert newest("pause") is None


def test_switched_off_the_shapes_stay_and_nothing_is_decided():
    stream = script(("calm", 20), ("dual", 80))
    on = decide(stream)
    off = decide(stream, QUICK.model_copy(update={"enabled": False}))
    assert on.episodes
    assert off.episodes == ()
    ours, plain = on.joined(), off.joined()
    for name in ("scores", "emotion", "confidence", "logits", "valid"):
        assert np.array_equal(ours[name], plain[name])
    assert plain["fear"].shape == ours["fear"].shape
    assert np.isnan(plain["fear"]).all()
    assert off.columns[0].to_points(4).fear == (None,) * 25
    assert off.decision.summary().fear is None
    assert off.decision.summary().scores == on.decision.summary().scores


@pytest.mark.parametrize("missing", ["fearful", "disgusted"])
def test_nothing_is_decided_where_a_rival_is_not_known(missing):
    known = [label for label in LABELS if label != missing]
    run = decide(script(("dual", 100)), known=known)
    assert run.episodes == ()
    assert np.isnan(run.joined()["fear"]).all()
    assert (run.joined()["scores"][:, LABELS.index(missing)] == 0).all()


def test_an_unknown_label_is_never_the_emotion():
    stream = random_stream(1, 300)
    stream.logits[:, LABELS.index("other")] = 90.0
    stream.logits[:, LABELS.index("unknown")] = MASKED_LOGIT
    known = [label for label in LABELS if label not in ("other", "unknown")]
    settings = QUICK.model_copy(update={"unknown_below": 0.0})
    emotion = decide(stream, settings, known=known).joined()["emotion"]
    assert not {LABELS.index("other"), LABELS.index("unknown")} & set(emotion[emotion >= 0])


def test_the_settings_temperature_wins_over_the_manifests():
    stream = random_stream(2, 100)
    warm = decide(stream, QUICK.model_copy(update={"temperature": 4.0}), temperature=1.0)
    assert same(warm, decide(stream, temperature=4.0))
    assert not same(warm, decide(stream, temperature=1.0))


def test_holes_and_silence_have_no_reading():
    stream = random_stream(7, 300)
    valid = decide(stream).joined()["valid"]
    assert np.array_equal(valid, stream.speech & stream.valid)


def test_provisional_frames_elsewhere_are_refused():
    stream = script(("calm", 20))
    decision = Decision("customer", QUICK, 1.0, LABELS)
    with pytest.raises(ValueError, match="start at 12, expected 10"):
        decision.push(
            fused(stream, 0, 10), fused(stream, 12, 20), stream.speech[:10], stream.speech[12:]
        )


EMERGENCY = load_scenes(None).scene("smoke in the house", "emergency")


def test_context_moves_the_decided_scores_and_leaves_the_raw_ones():
    stream = random_stream(7, 400)
    settings = DecisionSettings()
    plain = decide(stream, settings).joined()
    decision = Decision("customer", settings, 1.0, LABELS, scene=EMERGENCY)
    update = decision.push(
        fused(stream, 0, 400), no_frames(400), stream.speech, np.zeros(0, bool)
    ).settled
    for name in ("scores", "logits", "emotion", "confidence"):
        assert np.array_equal(getattr(update, name), plain[name], equal_nan=True)
    spoken = update.valid
    assert (update.fear[spoken] >= plain["fear"][spoken]).all()
    assert (update.fear[spoken] > plain["fear"][spoken]).any()
    moved = decision.summary()
    assert moved.adjusted is not None
    assert moved.fear is not None
    assert moved.adjusted.fear is not None
    assert moved.adjusted.fear > moved.fear


@pytest.mark.parametrize("adaptive", [False, True])
def test_any_chunking_gives_the_same_bits_with_context_and_history(adaptive):
    stream = random_stream(11, 1500)
    settings = DecisionSettings(adaptive=adaptive, adapt_after_s=3, adapt_usual_points=5)
    told = []
    for step in (1500, 7, 211):
        decision = Decision("customer", settings, 1.0, LABELS, scene=EMERGENCY)
        episodes = []
        for at in range(0, 1500, step):
            stop = min(1500, at + step)
            update = decision.push(
                fused(stream, at, stop),
                no_frames(stop),
                stream.speech[at:stop],
                np.zeros(0, bool),
            )
            episodes += update.episodes
        told.append([*episodes, *decision.finish()])
    assert told[0] == told[1] == told[2]
    assert told[0]


def test_a_line_that_is_trusted_less_lowers_the_confidence_and_ends_in_unknown():
    stream = script(("review", 100))
    found = []
    for trust in (100, 50, 20):
        decision = Decision("customer", QUICK, 1.0, LABELS)
        update = decision.push(
            fused(stream, 0, 100),
            no_frames(100),
            stream.speech,
            np.zeros(0, bool),
            trust=trust,
        )
        found.append((update.settled, decision.summary()))
    (whole, full), (half, _), (faint, doubted) = found
    spoken = whole.valid
    assert np.allclose(half.confidence[spoken], whole.confidence[spoken] / 2)
    assert np.array_equal(half.scores, whole.scores, equal_nan=True)
    assert (faint.emotion[spoken] == LABELS.index("unknown")).all()
    assert (doubted.emotion, doubted.doubt) == ("unknown", "poor audio")
    assert full.doubt == ""


def test_the_sources_case_in_poor_audio_is_unknown_and_raises_nothing():
    """31.5 against 28.9 in poor audio."""
    others = 1.0 - 0.24 - 0.22
    scores = np.full(len(LABELS), others / 7)
    scores[LABELS.index("fearful")], scores[LABELS.index("disgusted")] = 0.24, 0.22
    fear, disgust = independent(np.log(scores))
    assert (fear, disgust) == pytest.approx((31.5, 28.9), abs=1.0)
    settled = Fused(
        start_frame=0,
        logits=np.tile(np.log(scores), (100, 1)).astype(np.float32),
        valid=np.ones(100, bool),
    )
    for poor, trust in (("noise", 100), ("", 60)):
        decision = Decision("customer", QUICK, 1.0, LABELS)
        update = decision.push(
            settled, no_frames(100), np.ones(100, bool), np.zeros(0, bool), poor, trust
        )
        assert (update.settled.emotion == LABELS.index("unknown")).all()
        assert update.episodes == decision.finish() == ()


def test_a_closed_episode_carries_evidence_and_an_open_one_none():
    expected: list[Episode] = []

    class Ear:
        def settle(self, frame: int) -> None: ...

        def expect(self, episode: Episode) -> None:
            expected.append(episode)

        def evidence(self, episode: Episode) -> tuple[Evidence, ...]:
            return (PIECE,)

    stream = script(("review", 100), ("calm", 100))
    decision = Decision("customer", QUICK, 1.0, LABELS, ear=Ear())
    update = decision.push(fused(stream, 0, 200), no_frames(200), stream.speech, np.zeros(0, bool))
    told = [*update.episodes, *decision.finish()]
    assert {episode.state for episode in told} == {"open", "closed"}
    assert {episode.state for episode in expected} == {"open"}
    for episode in told:
        assert episode.evidence == ((PIECE,) if episode.state == "closed" else ())
