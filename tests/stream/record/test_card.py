from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stream.record.world import session

from tonewatch.stream.events import LegInfo
from tonewatch.stream.record.card import (
    Card,
    CoreSpan,
    LegFiles,
    leg_files,
    read_card,
    write_card,
)
from tonewatch.stream.record.files import FolderError


def card(legs: tuple[str, ...] = ("customer",)) -> Card:
    info = session(legs=legs)
    return Card(info=info, files=leg_files(info), extra={"rate": 8000, "token": {"hash": "x"}})


def test_a_card_comes_back_as_it_was(tmp_path: Path) -> None:
    made = card(("customer", "agent")).with_core(
        CoreSpan(leg="customer", start_frame=0, phase_frames=3)
    )
    write_card(tmp_path, made)
    assert read_card(tmp_path) == made


def test_a_new_core_ends_the_one_before_of_its_leg_alone() -> None:
    made = card(("customer", "agent"))
    for leg, start in (("customer", 0), ("agent", 0), ("customer", 50)):
        made = made.with_core(CoreSpan(leg=leg, start_frame=start))
    ends = [(core.leg, core.stop_frame, core.finished) for core in made.cores]
    assert ends == [("customer", 50, False), ("agent", None, True), ("customer", None, True)]


def test_the_customers_files_are_the_main_ones() -> None:
    customer, agent = leg_files(session(legs=("customer", "agent")))
    assert (customer.audio, customer.frames) == ("processed_audio.wav", "frames.npy")
    assert (agent.audio, agent.heard) == ("agent.wav", "agent.heard.u8")


def test_without_a_customer_no_leg_has_the_main_files() -> None:
    assert [files.audio for files in leg_files(session(legs=("mix",)))] == ["mix.wav"]


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6, unique=True))
def test_files_of_different_legs_never_meet(names: list[str]) -> None:
    legs = tuple(LegInfo(name=name, role="other", scored=False) for name in names)
    info = session()
    found = leg_files(type(info)(**{**_fields(info), "legs": legs}))
    assert len({files.audio.lower() for files in found}) == len(names)
    assert "processed_audio.wav" not in {files.audio for files in found}
    assert not any("/" in files.audio for files in found)


def _fields(info: object) -> dict[str, object]:
    return {name: getattr(info, name) for name in type(info).__slots__}  # type: ignore[attr-defined]


def test_an_unknown_leg_is_named() -> None:
    with pytest.raises(FolderError, match="no leg 'x'; it has customer"):
        card().leg_files("x")
    assert card().leg_files("customer") == LegFiles(leg="customer")
