"""A server that costs less than any client: prepared answers, one buffer for each connection.

`python -m benchmarks.server CERTIFICATE` serves HTTP and HTTPS on free ports of the loopback
interface, prints both, and ends with its standard input. A path under `/slow` is answered 200 ms
later; `/v1/chat/completions` with a stream, and `/file/BYTES` with so many bytes.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import tempfile
from typing import Final

from . import payloads

DELAY: Final = 0.2
_END: Final = b"\r\n\r\n"


def _answer(body: object) -> bytes:
    content = payloads.encoded(body)
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_0123456789\r\n"
        f"date: Mon, 23 Nov 2026 12:00:00 GMT\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _streamed(body: bytes, piece: int = 16 * 1024) -> bytes:
    """Chunked, as a stream is; larger than any event, so that the client sets the pace."""
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    pieces = [body[place : place + piece] for place in range(0, len(body), piece)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces)
    return head.encode() + chunks + b"0\r\n\r\n"


_CONVERSATION: Final = _streamed(b"".join(payloads.STREAMS["full"]()))
_PREDICTION: Final = _answer(payloads.prediction())
_REPLICATE: Final = _answer(payloads.replicate_prediction())
_PAGE: Final = _answer(payloads.page())
_MODELS: Final = _answer(payloads.models())


def _for(path: bytes) -> bytes:
    if b"/replicate/" in path:
        return _REPLICATE
    if path.endswith(b"/chat/completions"):
        return _CONVERSATION
    if path.endswith(b"/models"):
        return _MODELS
    if path.partition(b"?")[0].endswith(b"/predictions"):
        return _PAGE
    return _PREDICTION


class Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._rest = b""
        self._transport: asyncio.Transport
        self._sending: asyncio.Future[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        while (end := data.find(_END)) >= 0:
            head = data[:end]
            total = end + len(_END) + _length(head)
            if len(data) < total:
                break
            data = data[total:]
            path = head.split(b" ", 2)[1]
            if path.startswith(b"/file/"):
                size = int(path.removeprefix(b"/file/"))
                self._sending = asyncio.ensure_future(self._send_file(size))
            elif path.startswith(b"/slow"):
                asyncio.get_running_loop().call_later(DELAY, self._write, _for(path))
            else:
                self._write(_for(path))
        self._rest = data

    async def _send_file(self, size: int) -> None:
        head = 'HTTP/1.1 200 OK\r\ncontent-type: image/png\r\netag: "1"\r\n'
        self._transport.write(f"{head}content-length: {size}\r\n\r\n".encode())
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            await asyncio.get_running_loop().sendfile(self._transport, file)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def _serve(certificate: str) -> None:
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    servers = [
        await loop.create_server(Answering, "127.0.0.1", 0, ssl=tls, backlog=8192)
        for tls in (None, context)
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
