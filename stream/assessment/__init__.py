"""How well fear and disgust are told apart: figures on labelled speech, through the real core."""
