from pathlib import Path

import pytest

from tonewatch.settings import Settings, SettingsError, load


def test_defaults_need_nothing() -> None:
    assert load(environ={}).server.port == 7860


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[server]\nport = 1\nhost = '127.0.0.2'\n[stream.window]\nhop_ms = 480\n")
    settings = load(file, ["server.port=3"], {"server.host": None}, {"TONEWATCH_SERVER__PORT": "2"})
    assert settings.server.port == 3
    assert settings.server.host == "127.0.0.2"
    assert settings.stream.window.hop_ms == 480


def test_options_win_over_all(tmp_path: Path) -> None:
    assert load(None, ["server.port=3"], {"server.port": 4}, {}).server.port == 4


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("server.prot=3", r"server\.prot \(from --set server\.prot=3\): no such setting"),
        ("server.port=70000", r"server\.port \(from .*less than or equal to 65535"),
        ("stream.window.hop_ms=250", "multiple of 20"),
        ("server.port", "expected section.key=value"),
        ("stream.monitor.score_agent=true", "score_agent needs score_agent_name"),
    ],
)
def test_a_wrong_setting_is_named_with_its_origin(assignment: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load(None, [assignment], {}, {})


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[server\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load(file, environ={})


def test_every_setting_says_what_it_is() -> None:
    def walk(section: type) -> None:
        for name, field in section.model_fields.items():  # type: ignore[attr-defined]
            if hasattr(field.annotation, "model_fields"):
                walk(field.annotation)
            else:
                assert field.description, f"{section.__name__}.{name} has no description"

    walk(Settings)
