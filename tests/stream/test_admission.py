import threading

import pytest
from tests.stream.test_session import Around

from tonewatch.stream.admission import Admission, AdmissionError


def test_the_limit_counts_those_that_run() -> None:
    admission, sessions = Admission(2), [Around().session for _ in range(3)]
    one, two, three = sessions
    for session in (one, two):
        assert admission.admit(session.id, lambda kept=session: kept) is session
    with pytest.raises(AdmissionError, match="max_sessions") as refused:
        admission.admit(three.id, lambda: three)
    assert refused.value.retry_s > 0
    admission.forget(one)
    admission.admit(three.id, lambda: three)
    assert admission.sessions == (two, three)
    assert (admission.get(one.id), admission.get(two.id), len(admission)) == (None, two, 2)


def test_an_id_runs_once_and_nothing_begins_while_stopping() -> None:
    admission, session = Admission(2), Around().session
    admission.admit(session.id, lambda: session)
    with pytest.raises(AdmissionError, match="running already"):
        admission.admit(session.id, lambda: session)
    assert admission.stop() == (session,)
    with pytest.raises(AdmissionError, match="stopping"):
        admission.admit("other", lambda: session)


def test_many_at_once_never_pass_the_limit() -> None:
    admission, refused = Admission(5), threading.Semaphore(0)

    def enter() -> None:
        session = Around().session
        try:
            admission.admit(session.id, lambda: session)
        except AdmissionError:
            refused.release()

    threads = [threading.Thread(target=enter) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admission) == 5
    assert all(refused.acquire(blocking=False) for _ in range(7))
