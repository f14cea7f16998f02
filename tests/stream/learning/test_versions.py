from dataclasses import replace
from pathlib import Path

import pytest

from tonewatch.models.centres import CentresError
from tonewatch.stream.learning.refit import Candidate, InUse
from tonewatch.stream.learning.versions import Version, VersionError, Versions, in_use, learned
from tonewatch.stream.settings import DecisionSettings, RecordSettings, StreamSettings

from .made import TOY, centres

NOW = InUse(temperature=1.0, floor_points=35.0, centres=None)
FIGURES = {"held_back": 12, "learned_from": 30}


def add(versions: Versions, *, better: bool = True, floor: float = 50.0) -> Version:
    parts = replace(NOW, floor_points=floor, centres=centres())
    return versions.add(Candidate(parts=parts, better=better, figures=FIGURES), NOW, TOY)


def settings(output: Path, **decision: object) -> StreamSettings:
    return StreamSettings(
        record=RecordSettings(output=output),
        decision=DecisionSettings(**decision),  # type: ignore[arg-type]
    )


def test_a_version_is_not_in_force_before_it_is_adopted(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    version = add(versions)
    assert versions.active is None
    assert versions.adopt(version.version) == version
    assert versions.active == 1
    assert Versions(tmp_path).all() == (version,)


def test_what_was_not_better_is_not_adopted(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    add(versions, better=False)
    with pytest.raises(VersionError, match="not better"):
        versions.adopt(1)
    assert versions.active is None


def test_rolling_back_leads_to_the_version_before_and_to_the_model(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    for number in (1, 2):
        add(versions)
        versions.adopt(number)
    assert versions.roll_back() == 1
    assert versions.roll_back() is None
    with pytest.raises(VersionError, match="nothing to roll back"):
        versions.roll_back()
    assert len(versions.all()) == 2, "versions are kept"


def test_an_adopted_version_decides(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    assert learned(settings(tmp_path), TOY).decision == DecisionSettings()
    versions.adopt(add(versions, floor=50.0).version)
    found = learned(settings(tmp_path), TOY).decision
    assert (found.floor_points, found.temperature) == (50.0, 1.0)
    assert in_use(found, TOY).centres == centres()


def test_what_was_learned_gives_way_to_what_is_learned_next(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    versions.adopt(add(versions, floor=50.0).version)
    first = learned(settings(tmp_path), TOY)
    versions.adopt(add(versions, floor=60.0).version)
    assert learned(first, TOY).decision.floor_points == 60.0
    versions.roll_back()
    versions.roll_back()
    assert learned(first, TOY).decision == DecisionSettings()


def test_a_setting_that_was_set_stays(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    versions.adopt(add(versions, floor=50.0).version)
    found = learned(settings(tmp_path, floor_points=20.0), TOY).decision
    assert found.floor_points == 20.0
    assert found.centres is not None


def test_what_another_model_taught_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    versions = Versions(tmp_path)
    versions.adopt(add(versions).version)
    other = TOY.model_copy(update={"sha256": "b" * 64})
    assert learned(settings(tmp_path), other).decision == DecisionSettings()
    assert "tonewatch learn refit" in caplog.text


def test_lost_centres_are_named(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    versions.adopt(add(versions).version)
    versions.centres_path(1).unlink()
    with pytest.raises(CentresError, match=r"centres\.json"):
        learned(settings(tmp_path), TOY)


@pytest.mark.parametrize("text", ["", "[]", '{"adopted": ["x"]}'])
def test_a_broken_list_is_named(text: str, tmp_path: Path) -> None:
    add(Versions(tmp_path))
    (tmp_path / "learning" / "adopted.json").write_text(text)
    with pytest.raises(VersionError, match=r"adopted\.json"):
        learned(settings(tmp_path), TOY)


def test_an_unknown_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="no version 3"):
        Versions(tmp_path).adopt(3)
