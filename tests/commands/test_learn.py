"""`tonewatch learn`: status, refit, adopt and rollback, and what they refuse."""

from pathlib import Path

from click.testing import CliRunner, Result
from tests.stream.learning.test_versions import add
from tests.stream.record.world import hear, made, session

from tonewatch.commands.learn import command
from tonewatch.stream.learning.versions import Versions
from tonewatch.stream.store import Store


def run(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def test_a_version_is_adopted_and_taken_back(tmp_path: Path) -> None:
    add(Versions(tmp_path))
    assert "the model as it came" in run("status", "--output", tmp_path).output
    assert run("adopt", 1, "--output", tmp_path).exit_code == 0
    assert "in force" in run("status", "--output", tmp_path).output.splitlines()[0]
    assert "the model as it came" in run("rollback", "--output", tmp_path).output


def test_a_version_that_is_not_better_is_refused(tmp_path: Path) -> None:
    add(Versions(tmp_path), better=False)
    answer = run("adopt", 1, "--output", tmp_path)
    assert answer.exit_code == 1
    assert "not better" in answer.output


def test_a_refit_without_reviews_says_what_it_needs(tmp_path: Path) -> None:
    answer = run("refit", "--output", tmp_path, "--model", "compact-stream")
    assert answer.exit_code == 1
    assert "expected 40 or more" in answer.output


def test_a_refit_finds_folders_that_no_server_has_indexed(tmp_path: Path) -> None:
    folder = made(tmp_path, session("s0"))
    hear(folder, 0, 100)
    folder.flush()
    run("refit", "--output", tmp_path, "--model", "compact-stream")
    assert Store(tmp_path).folder("s0") == folder.path
