"""The front door."""

import subprocess
import sys

import pytest

import tonewatch
from tonewatch.__main__ import COMMANDS

from . import shell


def test_help_names_every_command_without_importing_one() -> None:
    code = (
        "import sys; from tonewatch.__main__ import main\n"
        "try: main(['--help'], prog_name='tonewatch')\n"
        "finally: print(sorted(m for m in sys.modules if m.startswith('tonewatch.')))"
    )
    told = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert all(f"  {name} " in told for name in COMMANDS)
    assert told.splitlines()[-1] == "['tonewatch.__main__']"


def test_the_version_is_told() -> None:
    assert tonewatch.__version__ in shell.tonewatch("--version").output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    answer = shell.tonewatch(name, "--help")
    assert answer.exit_code == 0
    assert len(answer.output.splitlines()) > 5


def test_an_unknown_command_is_one_line() -> None:
    answer = shell.tonewatch("listen")
    assert answer.exit_code == 2
    assert "No such command 'listen'" in answer.output
