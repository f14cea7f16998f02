"""Producers that only fill rings: microphone, recordings, sockets."""
