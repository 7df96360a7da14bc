"""The limit: one socket kept open, prepared bytes, `json.loads`; asyncio.Protocol for bursts."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from urllib.parse import urlsplit

from common import HTTP, HTTPS, Bursts, Job, repeated, serve
from payloads import ID


class Line:
    """One connection."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._socket: socket.socket = socket.create_connection((parts.hostname, parts.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)

    def ask(self, request: bytes) -> object:
        self._socket.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._socket.recv(65536)
        length = int(data[:end].lower().split(b"content-length:")[1].split(b"\r\n")[0])
        chunks, missing = [data[end + 4 :]], length - (len(data) - end - 4)
        while missing > 0:
            chunks.append(self._socket.recv(65536))
            missing -= len(chunks[-1])
        return json.loads(b"".join(chunks))


def _request(method: str, path: str, body: bytes = b"") -> bytes:
    length = f"content-length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: sk\r\n{length}\r\n"
    return head.encode() + body


def calls(base: str) -> dict[str, Job]:
    line: list[Line] = []

    def job(request: bytes) -> Job:
        def call() -> object:
            if not line:
                line.append(Line(base))
            return line[0].ask(request)

        return repeated(call)

    body = json.dumps(
        {"model": "flux-pro", "input": {"prompt": "A lighthouse on a cliff"}}
    ).encode()
    return {
        "get": job(_request("GET", f"/v1/predictions/{ID}")),
        "post": job(_request("POST", "/v1/predict", body)),
        "page": job(_request("GET", "/v1/predictions")),
        "models": job(_request("GET", "/v1/models")),
    }


class Answer(asyncio.Protocol):
    """One connection of a burst."""

    def __init__(self) -> None:
        self.data = b""
        self.done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if found and len(body) >= int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
            self.data = b""
            self.done.set_result(json.loads(body))


def bursts(base: str) -> dict[str, Job]:
    idle: list[Answer] = []
    parts = urlsplit(base)
    request = _request("GET", f"/slow/v1/predictions/{ID}")

    async def call() -> object:
        if idle:
            answer = idle.pop()
            answer.done = asyncio.get_running_loop().create_future()
        else:
            loop = asyncio.get_running_loop()
            _, answer = await loop.create_connection(Answer, parts.hostname, parts.port)
        answer.transport.write(request)
        result = await answer.done
        idle.append(answer)
        return result

    return {"burst": Bursts(call).together}


if __name__ == "__main__":
    tls = {f"{name}_tls": job for name, job in calls(HTTPS).items()}
    serve(**calls(HTTP), **tls, **bursts(HTTP))
