"""Tonewatch: a real-time emotion monitor for live calls."""

__version__ = "0.1.0"
