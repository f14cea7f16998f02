"""Whose voice is scored: decided before any core is made, when a session begins or scoring does.

Only customers are, and only when the people heard were told. A leg that is not scored gets no core
(signal_thread.py makes cores for scored legs alone), so its sound never reaches a window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .audio import Role
from .events import LegInfo, Notice, SessionInfo, SourceKind
from .settings import MonitorSettings

NO_NOTICE = "no notice was given: recorded and metered, not scored"
NO_CUSTOMER = "no leg is a customer: recorded and metered, not scored"
STOPPED = "scoring was stopped"
ONE_SPEAKER = "one channel counts as one customer; if an agent is in it, name the leg `mix`"
_WHY_NOT: dict[Role, str] = {
    "agent": "agents are metered, never scored",
    "mix": "a mixed channel holds the agent's voice too: metered, not scored",
    "other": "only the leg `customer` is scored",
}


class NotAllowedError(ValueError):
    """A session may not be scored; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What may be scored of a session."""

    legs: tuple[LegInfo, ...]
    scoring: bool
    reason: str
    """Why nothing is scored; empty while scoring."""
    notice: Notice | None


def rule(
    source: SourceKind,
    legs: Sequence[tuple[str, Role]],
    notice: Notice | None,
    settings: MonitorSettings,
) -> Ruling:
    """Decide for a session's legs (name and role). Recordings and the demo count as test audio."""
    if notice is None and source in ("recording", "demo"):
        notice = Notice(method="test", set_by="system")
    told = tuple(_leg(name, role, len(legs), notice is not None, settings) for name, role in legs)
    scoring = any(leg.scored for leg in told)
    reason = "" if scoring else NO_NOTICE if notice is None else NO_CUSTOMER
    return Ruling(legs=told, scoring=scoring, reason=reason, notice=notice)


def rule_again(info: SessionInfo, settings: MonitorSettings) -> SessionInfo:
    """A session that goes on: scored is what was before and may be now."""
    legs = [(leg.name, leg.role) for leg in info.legs]
    ruling = rule(info.source, legs, info.notice, settings)
    kept = tuple(
        leg if now.scored else replace(leg, scored=False, reason=now.reason)
        for leg, now in zip(info.legs, ruling.legs, strict=True)
    )
    scoring = info.scoring and any(leg.scored for leg in kept)
    reason = "" if scoring else info.scoring_reason or ruling.reason or NO_CUSTOMER
    return replace(info, legs=kept, scoring=scoring, scoring_reason=reason)


def rule_on(info: SessionInfo, notice: Notice | None, settings: MonitorSettings) -> SessionInfo:
    """A session that shall be scored from now on, with a `notice` newer than its own or None.

    Raises NotAllowedError if nobody was told or no leg is a customer.
    """
    legs = [(leg.name, leg.role) for leg in info.legs]
    ruling = rule(info.source, legs, notice or info.notice, settings)
    if not ruling.scoring:
        raise NotAllowedError(ruling.reason)
    return replace(info, legs=ruling.legs, scoring=True, scoring_reason="", notice=ruling.notice)


def banner(settings: MonitorSettings) -> str:
    """The line that stays visible while agents are scored; empty otherwise."""
    if not settings.score_agent:
        return ""
    return (
        f"Agents are scored: switched on by {settings.score_agent_name}, "
        f"reason: {settings.score_agent_reason}"
    )


def _leg(name: str, role: Role, count: int, told: bool, settings: MonitorSettings) -> LegInfo:
    if role == "customer":
        remark = ONE_SPEAKER if count == 1 else ""
        return LegInfo(name=name, role=role, scored=told, reason=remark if told else NO_NOTICE)
    if role == "agent" and settings.score_agent:
        return LegInfo(
            name=name, role=role, scored=told, reason=banner(settings) if told else NO_NOTICE
        )
    return LegInfo(name=name, role=role, scored=False, reason=_WHY_NOT[role])
