"""One step of the loop: hear the decided flags again, refit, keep the version."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ...models.engine import Engine
from ..review.reports import Decided
from ..settings import StreamSettings
from .lessons import lessons
from .refit import TooFewError, refit
from .versions import Version, Versions, in_use, learned


def refit_now(
    decided: Sequence[Decided],
    folder_of: Callable[[str], Path | None],
    engine: Engine,
    settings: StreamSettings,
) -> Version:
    """Learn from the decided flags; the new version, not in force yet.

    `settings` are those before anything was learned. Raises TooFewError, VersionError, EngineError,
    OSError.
    """
    manifest = engine.manifest
    settings = learned(settings, manifest)
    versions = Versions(settings.record.output)
    heard = lessons(decided, folder_of, engine)
    now = in_use(settings.decision, manifest)
    try:
        candidate = refit(
            heard.heard, now, manifest, settings.decision, settings.learning, str(versions.next())
        )
    except TooFewError as error:
        gone = f" ({heard.lost} more are decided, but their sound is gone)" if heard.lost else ""
        raise TooFewError(f"{error}{gone}") from error
    return versions.add(candidate, now, manifest)
