"""Files of sessions that still run: they grow while they are sent."""

from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send


class GrowingFileResponse(FileResponse):
    """A file as long as it was when its length was told; what came since is left out.

    Starlette sends whatever it finds, and a body that is longer than was told ends the connection.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, byte ranges included."""
        left = 0

        async def cut(message: Message) -> None:
            nonlocal left
            if message["type"] == "http.response.start":
                left = int(Headers(raw=message["headers"])["content-length"])
            elif message["type"] == "http.response.body":
                message = {**message, "body": message["body"][:left]}
                left -= len(message["body"])
            await send(message)

        await super().__call__(scope, receive, cut)
