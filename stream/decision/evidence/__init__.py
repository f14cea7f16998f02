"""What can be measured of a voice in a flagged span, against the same voice before. Pure."""

from .ear import Ear
from .pitch import Contour, Pitch, SwiftF0

__all__ = ["Contour", "Ear", "Pitch", "SwiftF0"]
