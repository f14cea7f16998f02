"""From chunks of sound to events: sources, listener, windows, track, decision, record."""
