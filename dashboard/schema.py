"""`python -m tonewatch.dashboard.schema PATH`: the JSON Schema that the page's types are made from.

It describes the live socket's messages (docs/live-protocol.md) and the answers of the REST
interface, whose paths and parameters stand in `/api/openapi.json`.
"""

import json
import sys
from pathlib import Path

from ..stream.events import json_schema
from .answers import ALL


def text() -> str:
    """The schema as it is written."""
    return json.dumps(json_schema(*ALL), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the schema; the exit code."""
    if len(arguments) != 1:
        print("usage: python -m tonewatch.dashboard.schema PATH", file=sys.stderr)
        return 2
    Path(arguments[0]).write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
