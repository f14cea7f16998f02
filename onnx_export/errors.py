"""The one error of this room."""


class ExportError(Exception):
    """A checkpoint, an export or a check failed; the message names the thing and the way out."""
