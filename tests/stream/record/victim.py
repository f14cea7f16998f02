"""Records a session as fast as it can until it is killed; says on its standard output when it runs.

Run by the tests with the output folder and a session id.
"""

import itertools
import sys
from pathlib import Path

from tests.stream.record.world import audio, forced, session, settled

from tonewatch.stream.events import Fault, Mark
from tonewatch.stream.record.items import Answered, CoreBegan, Logged, Open
from tonewatch.stream.record.recorder import Recorder
from tonewatch.stream.settings import RecordSettings


def main(output: Path, id: str) -> None:
    def shout(fault: Fault) -> None:
        print(fault, file=sys.stderr)

    settings = RecordSettings(output=output, fsync_s=0.1)
    recorder = Recorder(settings, on_fault=shout)
    recorder.start()
    info = session(id, legs=("customer", "agent"))
    recorder.submit(Open(info=info, settings=forced(output), extra={"rate": 16_000}))
    recorder.submit(CoreBegan(session=id, leg="customer", start_frame=0, phase_frames=3))
    for start in itertools.count(0, 10):
        recorder.submit(audio(start, 10, "customer", id))
        recorder.submit(audio(start, 10, "agent", id))
        recorder.submit(settled(start, 10, id, features=4))
        recorder.submit(Answered(session=id, leg="customer", spans=((start, start + 10, False),)))
        recorder.submit(Logged(session=id, event=Mark(session=id, name="n", at=start)))
        print(start, recorder.durable(id), flush=True)
        if start % 200 == 0:
            # No faster than the disk, whose queue is bounded.
            recorder.flush(60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
