"""Engines and the types that cross their door; imports nothing else of ours."""
