import json

import pytest

from tonewatch.stream.sources.pcm_messages import (
    CODES,
    Close,
    Dtmf,
    End,
    GapTo,
    Hello,
    MarkAt,
    RefusedError,
    Resume,
    Unknown,
    parse,
    refusal,
    role_of,
    send,
)

HELLO = {"type": "hello", "v": 1, "rate": 8000, "channels": 2, "legs": ["customer", "agent"]}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (HELLO, Hello),
        ({"type": "resume", "v": 1, "session": "s", "resume_token": "t"}, Resume),
        ({"type": "gap", "to": 5}, GapTo),
        ({"type": "dtmf", "leg": "customer", "digit": "#"}, Dtmf),
        ({"type": "mark", "name": "x"}, MarkAt),
        ({"type": "end"}, End),
        ({"type": "transcript"}, Unknown),
    ],
)
def test_each_message_is_read_as_its_type(message: dict, kind: type) -> None:
    assert isinstance(parse(json.dumps({**message, "unheard": [1]})), kind)


def test_hello_has_the_defaults_of_the_protocol() -> None:
    hello = parse(json.dumps(HELLO))
    assert isinstance(hello, Hello)
    assert (hello.pace, hello.notice, hello.name, hello.meta) == ("live", None, "", {})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": 22050}, "rate 22050 is not supported; use one of 8000, 16000"),
        ({"channels": 6}, "6 channels are not supported"),
        ({"legs": ["customer"]}, "1 legs for 2 channels"),
        ({"pace": "fast"}, "hello.pace"),
        ({"notice": {"text": "no method"}}, "hello.notice.method"),
        ({"meta": {"n": 1}}, "hello.meta.n"),
        ({"v": 3}, "hello.v"),
    ],
)
def test_what_is_wrong_with_hello_is_said_in_words(change: dict, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        parse(json.dumps({**HELLO, **change}))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "gap"},
        {"type": "gap", "to": -1},
        {"type": "gap", "to": "5"},
        {"type": "dtmf", "leg": "customer", "digit": "12"},
        {"type": "mark", "name": ""},
        {"type": "mark", "name": "x", "at": 1.5},
    ],
)
def test_a_wrong_field_is_refused(message: dict) -> None:
    with pytest.raises(RefusedError) as refused:
        parse(json.dumps(message))
    assert refused.value.close == 4400


def test_only_known_roles_mean_something() -> None:
    roles = [role_of(name) for name in ("customer", "agent", "mix", "Ms Vogel", "Customer")]
    assert roles == ["customer", "agent", "mix", "other", "other"]


def test_a_refusal_is_an_error_and_then_the_close() -> None:
    told, close = refusal(RefusedError(4429, "ü" * 200, retry_s=5.0))
    assert json.loads(told.text) == {  # type: ignore[union-attr]
        "type": "error",
        "code": "too_many",
        "detail": "ü" * 200,
        "fatal": True,
        "retry_s": 5.0,
    }
    assert isinstance(close, Close)
    assert close.code == 4429
    assert len(close.reason.encode()) <= 123


def test_every_refusal_has_a_code_in_words() -> None:
    assert len(set(CODES.values())) == len(CODES)
    assert send("ack", next=5).text == '{"type": "ack", "next": 5}'
