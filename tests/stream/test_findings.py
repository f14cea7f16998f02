"""Findings as they travel."""

import json

from tonewatch.stream.events import EVENT, EpisodeChanged, event_json
from tonewatch.stream.findings import Episode, Evidence


def test_an_episode_travels_with_its_evidence() -> None:
    piece = Evidence(
        kind="pitch",
        direction="higher",
        value=240.0,
        baseline=180.0,
        unit="Hz",
        supports="fearful",
        words_en="the voice is higher than usual: 240 against 180 Hz",
        words_zh="声音比平时高：240 Hz，平时 180 Hz",
    )
    episode = Episode(
        id="a",
        leg="customer",
        kind="dual",
        state="closed",
        start=1,
        end=90,
        peak=40,
        fear=70.0,
        disgust=68.0,
        reason_en="the voice",
        reason_zh="声音",
        evidence=(piece,),
        floor_rise=2.5,
    )
    event = EpisodeChanged(session="s", episode=episode, captured_at_ns=1)
    sent = event_json(event)
    assert EVENT.validate_json(sent) == event
    assert json.loads(sent)["episode"]["evidence"][0]["supports"] == "fearful"
