"""One sync GET, layer by layer: each job does what the one before it does, and one thing more."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import httpcore
from common import HTTP, repeated, serve
from payloads import ID
from with_sockets import Line

from skytells import SkytellsClient
from skytells._core.attempt import attempt_call
from skytells._core.operation import Done, Send, advance
from skytells._core.retry import RetryBudget
from skytells.predictions.requests import get_prediction

client = SkytellsClient("sk-0123456789abcdef", base_url=f"{HTTP}/v1")
call = get_prediction(ID)
parts = urlsplit(HTTP)
host, port = str(parts.hostname), parts.port
line = Line(HTTP)
lane = httpcore.HTTPConnection(httpcore.Origin(b"http", host.encode(), port))
url = httpcore.URL(scheme=b"http", host=host, port=port, target=f"/v1/predictions/{ID}")


def _built() -> Send:
    """The request that a call becomes, from the flow that builds it."""
    flow = attempt_call(call, client._config, RetryBudget())
    effect = advance(flow)
    assert not isinstance(effect, Done)
    assert isinstance(effect, Send)
    return effect


headers = _built().request.headers
request = f"GET /v1/predictions/{ID} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: sk\r\n\r\n".encode()


def _httpcore() -> None:
    response = lane.handle_request(httpcore.Request("GET", url, headers=headers))
    b"".join(response.iter_stream())
    response.close()


def _transport() -> None:
    effect = _built()
    client._transport.send(Send(effect.request, time.monotonic() + 60))


if __name__ == "__main__":
    serve(
        socket=repeated(lambda: line.ask(request)),
        httpcore=repeated(_httpcore),
        transport=repeated(_transport),
        client=repeated(lambda: client.predictions.get(ID)),
        typed=repeated(lambda: client.predictions.get(ID).status),
    )
