"""Pure rules from logits to readings and episodes."""

from .decision import Decision, DecisionUpdate
from .readings import ReadingColumns
from .summary import Summary

__all__ = ["Decision", "DecisionUpdate", "ReadingColumns", "Summary"]
