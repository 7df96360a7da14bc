"""One sync GET, layer by layer: each job does what the one before it does, and one thing more."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpcore
import httpx
from common import HTTP, repeated, serve
from payloads import ID
from with_sockets import Line

from skytells import SkytellsClient
from skytells._core.attempt import attempt_call
from skytells._core.operation import Send, advance
from skytells._core.retry import RetryBudget
from skytells.predictions.requests import get_prediction

client = SkytellsClient("sk-0123456789abcdef", base_url=f"{HTTP}/v1")
http_client = client.http_client
parts = urlsplit(HTTP)
host, port = str(parts.hostname), parts.port
target = f"/v1/predictions/{ID}"
line = Line(HTTP)
connection = httpcore.HTTPConnection(httpcore.Origin(b"http", host.encode(), port))
httpcore_url = httpcore.URL(scheme=b"http", host=host, port=port, target=target)
httpx_url = httpx.URL(f"{HTTP}{target}")


def _headers() -> tuple[tuple[bytes, bytes], ...]:
    """The headers of a call, from the flow that builds its request."""
    effect = advance(attempt_call(get_prediction(ID), client._config, RetryBudget()))
    assert isinstance(effect, Send)
    return effect.request.headers


headers = _headers()
request = f"GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: sk\r\n\r\n".encode()


def _httpcore() -> None:
    response = connection.handle_request(httpcore.Request("GET", httpcore_url, headers=headers))
    b"".join(response.iter_stream())
    response.close()


def _httpx() -> None:
    built = httpx.Request("GET", httpx_url, headers=headers)
    assert http_client.send(built, auth=None).content


if __name__ == "__main__":
    serve(
        socket=repeated(lambda: line.ask(request)),
        httpcore=repeated(_httpcore),
        httpx=repeated(_httpx),
        client=repeated(lambda: client.predictions.get(ID)),
        typed=repeated(lambda: client.predictions.get(ID).status),
    )
