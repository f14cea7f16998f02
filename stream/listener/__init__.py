"""One leg of sound made ready: 16 kHz, int16 steps, speech gate, levels."""
