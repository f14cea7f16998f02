"""Session folders: audio, frames, events, result, repair, replay."""
