"""Sends requests with an `httpx.Client`, each within its deadline.

Exceptions of HTTP libraries end here. Redirects are not followed, cookies are not kept, and the key
is sent to one origin.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .._core.operation import OpenConnection, Send
from .._core.wire import BodyReader, Origin, Reply
from .failures import failure_of
from .network import RequestState
from .pool import Pool
from .requests import (
    CONNECT_SECONDS,
    RequestBuilder,
    headers_of,
    key_of,
    not_ours,
    refused_by_a_hook,
    stays_open,
)
from .transport import DefaultClient


class Sender:
    """Sends requests with the default `httpx.Client`, or with one of the user's."""

    def __init__(self, client: Any = None) -> None:
        self._pool: Pool | None = None
        if client is None:
            self.client: Any = DefaultClient()
            self._pool = self.client.pool
            # Not `__del__`: in a cycle, sockets may be finalized before the pool that holds them.
            weakref.finalize(self, self.client.close)
        else:
            self.client = client
        self._builder = RequestBuilder(self.client, client is None, self._pool is not None)

    def send(self, effect: Send) -> Reply:
        """Send a request and read its reply, or leave the body open if `effect.keep` says so."""
        origin, state = effect.request.origin, self._builder.state(effect)
        try:
            request, options = self._builder.build(effect, state, state.trace)
            response = self.client.send(request, stream=True, follow_redirects=False, **options)
            body = OpenBody(response, origin, state)
            headers = headers_of(response)
            if stays_open(effect, response.status_code, headers):
                return Reply(response.status_code, headers, b"", body)
            try:
                reader = BodyReader(
                    response.status_code, headers, effect.request.max_response_bytes
                )
                for chunk in body.chunks:
                    if self._pool is None:  # else its sockets keep the deadline
                        state.limit(None, TimeoutError)
                    reader.feed(chunk)
                    if reader.enough:
                        break
                return Reply(response.status_code, headers, reader.finish())
            finally:
                response.close()
        except Exception as error:
            if (refused := refused_by_a_hook(error)) is not None:
                return refused
            failure = failure_of(error, origin, state.sent)
        raise failure

    def connect(self, effect: OpenConnection) -> bool:
        """Open a connection before there is a request for it."""
        if self._pool is None:
            raise not_ours()
        try:
            state = RequestState(effect.deadline)
            return self._pool.preconnect(key_of(effect.origin), state, CONNECT_SECONDS)
        except Exception as error:
            failure = failure_of(error, effect.origin, False)
        raise failure

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


class OpenBody:
    """The rest of a reply. At its end, on an error, and when closed, it releases its connection."""

    def __init__(self, response: Any, origin: Origin, state: RequestState) -> None:
        self._response = response
        self._origin = origin
        self._state = state
        self.chunks: Iterator[bytes] = (
            iter([response.content]) if response.is_stream_consumed else response.iter_raw()
        )
        self.closed = False

    def read(self, deadline: float | None = None) -> bytes:
        """The next chunk, or nothing at the end; `deadline` in seconds on the monotonic clock."""
        if self.closed:
            return b""
        self._state.deadline = deadline
        try:
            chunk = next(filter(None, self.chunks), b"")
            self._state.limit(None, TimeoutError)
        except Exception as error:
            failure = failure_of(error, self._origin, True)
        except BaseException:
            self.close()
            raise
        else:
            if not chunk:
                self.close()
            return chunk
        self.close()
        raise failure

    def close(self) -> None:
        self.closed = True
        with suppress(Exception):
            self._response.close()

    def abandon(self) -> None:
        """Let go of it, where nothing can be waited for."""
        self.close()
