"""Evaluation of any engine on labelled clips: how right, how sure, how steady, for whom."""
