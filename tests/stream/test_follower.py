import threading

from tests.stream.house import LONG_S

from tonewatch.stream.bus import Bus, Mail
from tonewatch.stream.events import Mark
from tonewatch.stream.follower import follower


def test_every_event_is_acted_on_in_order_and_before_the_block_ends() -> None:
    bus, go, done = Bus(), threading.Event(), list[Mail]()

    def act(mail: Mail) -> None:
        assert go.wait(LONG_S)
        done.append(mail)

    marks = [Mark(session="s1", name="n", at=at) for at in range(5)]
    with follower(bus, "slow", act):
        for mark in marks:
            bus.publish(mark)
        assert done == [], "nobody waits for it"
        go.set()
    assert done == marks
    assert "slow" not in {thread.name for thread in threading.enumerate()}
    assert bus.statistics().mailboxes == ()
