"""The command line, called as a person calls it."""

from click.testing import CliRunner, Result

from tonewatch.__main__ import main


def tonewatch(*words: object) -> Result:
    """Run a command in this process; what it would not catch is raised."""
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="tonewatch")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
