"""`/api/docs`: the API as a page, made here from the OpenAPI description; nothing is fetched."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

_HEAD = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Tonewatch API</title>"
    '<meta name=viewport content="width=device-width"><style>'
    "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h2{font:600 1rem ui-monospace,monospace;margin-top:2rem;border-top:1px solid #8886;"
    "padding-top:1rem}table{border-collapse:collapse}td,th{padding:.15rem .75rem .15rem 0;"
    "text-align:left;vertical-align:top}code{font:.9em ui-monospace,monospace}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8cf}}"
    "</style><h1>Tonewatch API</h1><p>The machine-readable form: "
    "<a href=/api/openapi.json>openapi.json</a>. Sockets: <code>/ws/live</code> for viewers, "
    "<code>/ingest/v1</code> for senders."
)


def routes() -> APIRouter:
    """The one page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/api/docs")
    def page(request: Request) -> HTMLResponse:
        return HTMLResponse(_HEAD + "".join(_operations(request.app.openapi())))

    return router


def _operations(schema: dict[str, Any]) -> list[str]:
    return [
        f"<h2>{escape(method.upper())} {escape(path)}</h2>"
        f"<p>{escape(operation.get('description', ''))}</p>{_parameters(operation)}"
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def _parameters(operation: dict[str, Any]) -> str:
    rows = [
        (part["name"], part["in"], _kind(part.get("schema", {})), part.get("description", ""))
        for part in operation.get("parameters", [])
    ]
    content = operation.get("requestBody", {}).get("content", {})
    rows += [("body", kind, _kind(form.get("schema", {})), "") for kind, form in content.items()]
    cells = "".join(
        "<tr>" + "".join(f"<td><code>{escape(str(cell))}</code></td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table>{cells}</table>" if rows else ""


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"])
    return str(schema.get("type") or schema.get("$ref", "").rpartition("/")[2])
