import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from tonewatch.dashboard.answers import ALL
from tonewatch.dashboard.schema import main, text

COMMITTED = Path(__file__).parents[2] / "dashboard/ui/src/generated/schema.json"


def test_the_schema_that_the_pages_types_are_made_from_is_fresh() -> None:
    """Otherwise: python -m tonewatch.dashboard.schema dashboard/ui/src/generated/schema.json."""
    assert COMMITTED.read_text(encoding="utf-8") == text()


def test_every_field_is_required_so_that_the_page_can_tell_messages_apart() -> None:
    described = json.loads(text())["$defs"]
    open_fields = {
        name: set(one["properties"]) - set(one["required"])
        for name, one in described.items()
        if "properties" in one
    }
    assert {name: left for name, left in open_fields.items() if left} == {}


def test_every_message_and_every_answer_is_described() -> None:
    schema = json.loads(text())
    kinds = schema["anyOf"][0]["discriminator"]["mapping"]
    assert {"readings", "episode", "session", "engine"} <= set(kinds)
    for answer in ALL:
        assert set(schema["$defs"][answer.__name__]["properties"]) == {
            field.name for field in fields(answer)
        }


def test_the_command_writes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    command = [sys.executable, "-m", "tonewatch.dashboard.schema"]
    subprocess.run([*command, str(path)], check=True)
    assert path.read_text(encoding="utf-8") == text()


def test_the_command_without_a_path_says_how(capsys: object) -> None:
    assert main([]) == 2
