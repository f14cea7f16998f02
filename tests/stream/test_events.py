import json

import pytest
from tests.stream.record.world import session
from tests.stream.test_board import activity, episode, points, readings

from tonewatch.stream.board import Board
from tonewatch.stream.bus import Bus
from tonewatch.stream.events import (
    EVENT,
    SNAPSHOT,
    Event,
    Fault,
    GapNoted,
    Mark,
    SessionChanged,
    SessionDeleted,
    event_json,
    json_schema,
    snapshot_json,
)

EVENTS: list[Event] = [
    readings(0),
    activity(50, (0, 10)),
    episode(1),
    SessionChanged(session=session()),
    SessionDeleted(session="s1"),
    GapNoted(session="s1", leg="customer", start=0, length=1, reason="muted"),
    Mark(session="s1", name="transfer", at=0),
    Fault(code="engine", message="broken", way_out="mend it"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_survives_its_json(event: Event) -> None:
    assert EVENT.validate_json(event_json(event)) == event
    assert json.loads(event_json(event))["type"] == event.type


def test_a_snapshot_survives_its_json() -> None:
    bus = Bus()
    board = Board(bus)
    for event in (SessionChanged(session=session()), *EVENTS[:3]):
        bus.publish(event)
    snapshot = board.snapshot()
    assert snapshot.sessions[0].legs[0].history == points(0, 3)
    assert SNAPSHOT.validate_json(snapshot_json(snapshot)) == snapshot


def test_the_schema_tells_every_event_apart_by_its_type() -> None:
    schema = json_schema()["$defs"]
    for event in EVENTS:
        kind = schema[type(event).__name__]
        assert kind["properties"]["type"]["const"] == event.type
