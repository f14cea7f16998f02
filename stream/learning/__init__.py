"""The loop: what reviewers decided refits centres, calibration and floors, if that is better."""
