"""The demo call that comes with the product: two synthetic voices, the customer left."""

from pathlib import Path
from typing import Final

LEGS: Final = ("customer", "agent")
"""Roles of the demo call's channels, in order."""


def demo_call() -> Path:
    """Where the demo call lies (FLAC, 16 kHz, two channels); made by examples/make_demo_call.py."""
    return Path(__file__).parents[2] / "examples" / "demo_call.flac"
