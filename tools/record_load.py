"""How far `durable` lags behind the sound of many sessions, each with a customer and an agent.

python -m tools.record_load SESSIONS SECONDS        from the repository's root
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tests.stream.record.world import audio, forced, session, settled

from tonewatch.stream.record.items import Answered, CoreBegan, Open
from tonewatch.stream.record.recorder import Recorder
from tonewatch.stream.settings import RecordSettings

TICK_S = 0.1
"""Sound comes in pieces of five frames, as it does where many sessions run."""
WARM_S = 3.0


def main(sessions: int, seconds: float, output: Path) -> None:
    """Record synthetic sessions in real time and print the lag."""
    recorder = Recorder(RecordSettings(output=output), on_fault=print)
    recorder.start()
    ids = [f"s{number}" for number in range(sessions)]
    for id in ids:
        info = session(id, legs=("customer", "agent"))
        recorder.submit(Open(info=info, settings=forced(output)))
        recorder.submit(CoreBegan(session=id, leg="customer", start_frame=0, phase_frames=0))
    recorder.flush(60)
    begun, processor = time.monotonic(), time.process_time()
    lags: list[float] = []
    for tick in range(round(seconds / TICK_S)):
        time.sleep(max(0.0, begun + tick * TICK_S - time.monotonic()))
        for id in ids:
            _tick(recorder, id, 5 * tick)
        if tick * TICK_S > WARM_S:
            lags += [(5 * tick + 5 - recorder.durable(id)) / 50 for id in ids]
    counts, used = recorder.statistics(), time.process_time() - processor
    p50, p95, most = np.percentile(lags, (50, 95, 100))
    print(f"{sessions} sessions: durable behind by {p50:.2f} s (median), {p95:.2f} s (95 %),")
    print(f"{most:.2f} s at most; at most {counts.peak} items waited, {counts.refused} refused;")
    print(f"{used / seconds:.2f} cores, making the sound included")
    recorder.stop(120)


def _tick(recorder: Recorder, id: str, start: int) -> None:
    recorder.submit(audio(start, 5, "customer", id))
    recorder.submit(audio(start, 5, "agent", id))
    if start % 15 == 0 and start >= 15:
        recorder.submit(settled(start - 15, 15, id))
        span = (start - 15, start + 134, False)
        recorder.submit(Answered(session=id, leg="customer", spans=(span,)))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(int(sys.argv[1]), float(sys.argv[2]), Path(folder))
