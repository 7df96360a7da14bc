"""Chat over real sockets: whole, streamed, and streams that go wrong, with both clients."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
from typing import Any

import httpx
import pytest

from skytells import (
    AsyncSkytellsClient,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    RateLimitError,
    ServerError,
    SkytellsClient,
    SkytellsError,
)

from ..behaviour.events import ASK, DONE, HEAD, chunk, delta, event, holds, says, streams
from ..behaviour.misbehaving import Peer, Request, Server
from ..behaviour.steps import answers, head, resets, sends, stalls
from ..conftest import Build, Serve

HI = event(delta("Hi"))
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-5-mini",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hi!"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def streamed(build: Build, server: Server, **options: Any) -> Any:
    client: Any = build("sk-secret-key", base_url=server.url)
    return client.chat.completions.stream(**ASK, **options)


def broken(build: Build, server: Server, **options: Any) -> SkytellsError:
    """The error with which a stream ends; what came before is on it and on the stream."""
    stream = streamed(build, server, **options)
    with pytest.raises(SkytellsError) as caught:
        for _ in stream:
            pass
    assert list(caught.value.received) == list(stream.received)
    assert "sk-secret-key" not in f"{caught.value!r} {caught.value.details} {caught.value.response}"
    return caught.value


def test_a_completion_is_asked_for_and_read(serve: Serve, build: Build) -> None:
    server = serve(answers(COMPLETION))
    client: Any = build("k", base_url=server.url)
    completion = client.chat.completions.create(**ASK, temperature=0.5, extra_body={"top_k": 4})
    assert (completion.text, completion.finish_reason) == ("Hi!", "stop")
    assert completion.usage is not None
    assert completion.usage.total_tokens == 5
    request = server.requests[0]
    assert (request.method, request.target) == ("POST", "/v1/chat/completions")
    assert request.json == {**ASK, "temperature": 0.5, "top_k": 4}
    assert request.headers["x-api-key"] == "k"


def test_an_answers_message_can_be_sent_back(serve: Serve, build: Build) -> None:
    server = serve(answers(COMPLETION))
    client: Any = build("k", base_url=server.url)
    first = client.chat.completions.create(**ASK)
    client.chat.completions.create(model="gpt-5", messages=[*ASK["messages"], first.message])
    assert server.requests[1].json["messages"][1] == {"role": "assistant", "content": "Hi!"}


def test_a_completion_whose_answer_is_lost_is_not_asked_for_again(
    serve: Serve, build: Build
) -> None:
    server = serve(resets())
    with pytest.raises(NetworkError) as caught:
        build("k", base_url=server.url, retry={"retries": 3}).chat.completions.create(**ASK)
    assert caught.value.maybe_sent
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [[], None, {"object": "list"}, {"choices": "none"}])
def test_an_answer_that_is_no_completion_is_an_error(
    serve: Serve, build: Build, body: object
) -> None:
    with pytest.raises(InvalidResponseError, match="chat completion"):
        build("k", base_url=serve(answers(body)).url).chat.completions.create(**ASK)


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_in_a_successful_answer_is_raised(
    serve: Serve, build: Build, stream: bool
) -> None:
    server = serve(answers({"error": {"message": "Too much.", "status": 429}}))
    client: Any = build("k", base_url=server.url)
    with pytest.raises(RateLimitError, match="Too much"):
        client.chat.completions.create(**ASK, stream=stream)


def test_a_stream_gives_chunks_and_then_the_whole(serve: Serve, build: Build) -> None:
    server = serve(says("Hel", "lo"))
    stream = streamed(build, server, max_tokens=600)
    assert not server.requests  # it is sent when it is used
    with stream:
        assert len(server.requests) == 1
        assert [c.text for c in stream] == ["Hel", "lo", ""]
    assert stream.final().text == "Hello"
    assert stream.final().finish_reason == "stop"
    assert server.requests[0].json == {**ASK, "max_tokens": 600, "stream": True}
    assert server.requests[0].headers["accept"] == "text/event-stream"
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_streams_text_comes_piece_by_piece(serve: Serve, build: Build) -> None:
    stream = streamed(build, serve(says("Hel", "", "lo")))
    assert list(stream.text) == ["Hel", "lo"]
    assert repr(stream).endswith("Stream(complete, 4 received)")


def test_final_reads_what_has_not_been_read(serve: Serve, build: Build) -> None:
    assert streamed(build, serve(says("Hel", "lo"))).final().text == "Hello"


def test_create_streams_when_it_is_asked_to(serve: Serve, build: Build) -> None:
    client: Any = build("k", base_url=serve(says("Hi")).url)
    with client.chat.completions.create(**ASK, stream=True) as stream:
        assert "".join(stream.text) == "Hi"


def test_a_stream_that_was_read_leaves_its_connection_to_the_next(
    serve: Serve, build: Build
) -> None:
    server = serve(says("Hi"))
    client = build("k", base_url=server.url)
    for _ in range(3):
        assert client.chat.completions.stream(**ASK).final().text == "Hi"
    assert server.connections == 1


def test_a_stream_comes_over_a_clients_own_httpx_as_well(serve: Serve, colour: str) -> None:
    server = serve(says("Hi"))
    if colour == "sync":
        with httpx.Client() as inner:
            client = SkytellsClient("k", base_url=server.url, http_client=inner)
            assert client.chat.completions.stream(**ASK).final().text == "Hi"
        return

    async def main() -> None:
        async with httpx.AsyncClient() as inner:
            client = AsyncSkytellsClient("k", base_url=server.url, http_client=inner)
            assert (await client.chat.completions.stream(**ASK).final()).text == "Hi"

    asyncio.run(main())


def test_a_stream_is_iterated_once(serve: Serve, build: Build) -> None:
    stream = streamed(build, serve(says("Hi")))
    list(stream)
    with pytest.raises(InvalidRequestError, match="iterated once"):
        list(stream)
    with pytest.raises(InvalidRequestError, match="iterated once"):
        list(stream.text)


@pytest.mark.parametrize("what", ["chunks", "text"])
def test_a_stream_that_is_broken_off_frees_its_connection(
    serve: Serve, build: Build, what: str
) -> None:
    server = serve(holds(HI, HI))
    stream = streamed(build, server)
    for _ in stream if what == "chunks" else stream.text:
        break
    gc.collect()
    assert server.was_cut()
    assert stream.snapshot.text == "Hi"
    with pytest.raises(InvalidRequestError, match="before its end"):
        stream.final()


def test_a_stream_that_is_left_unread_frees_its_connection(serve: Serve, build: Build) -> None:
    server = serve(holds(HI))
    with streamed(build, server):
        pass
    assert server.was_cut()


def test_a_stream_that_was_never_opened_can_be_closed(serve: Serve, build: Build) -> None:
    server = serve(says("Hi"))
    streamed(build, server).close()
    assert server.requests == []


def test_an_exception_of_the_reader_frees_the_connection(serve: Serve, build: Build) -> None:
    server = serve(holds(HI))

    def read() -> None:
        with streamed(build, server) as stream:
            for chunk in stream:
                raise ZeroDivisionError(chunk)

    with pytest.raises(ZeroDivisionError):
        read()
    assert server.was_cut()


def test_what_is_refused_before_the_stream_is_raised_when_it_is_opened(
    serve: Serve, build: Build
) -> None:
    error = {"message": "No.", "type": "authentication_error", "code": "invalid_api_key"}
    server = serve(answers({"error": {**error, "error_id": "UNAUTHORIZED", "status": 401}}, 401))
    with pytest.raises(SkytellsError) as caught:
        streamed(build, server).open()
    assert (caught.value.error_code, caught.value.http_status) == ("invalid_api_key", 401)
    assert not caught.value.maybe_sent


def test_a_whole_answer_where_a_stream_was_due_is_an_error_that_holds_it(
    serve: Serve, build: Build
) -> None:
    error = broken(build, serve(answers(COMPLETION)))
    assert isinstance(error, InvalidResponseError)
    assert "stream was due" in str(error)
    assert error.response == COMPLETION


def test_a_stream_without_its_last_event_is_an_error_with_what_came(
    serve: Serve, build: Build
) -> None:
    error = broken(build, serve(streams(HI)))
    assert isinstance(error, NetworkError)
    assert "ended before it was complete" in str(error)
    assert "asking again is paid for again" in str(error)
    assert [c.text for c in error.received] == ["Hi"]
    assert (error.maybe_sent, error.retryable) == (True, False)
    again = pickle.loads(pickle.dumps(error))
    assert [c.text for c in again.received] == ["Hi"]


@pytest.mark.parametrize(
    "wire",
    [
        {"error": {"message": "It broke.", "status": 503, "error_id": "SERVICE_UNAVAILABLE"}},
        {"error": {"message": "It broke."}},
        {"error": "It broke."},
        {"type": "error", "message": "It broke.", "code": "server_error"},
    ],
)
def test_an_error_inside_a_stream_is_raised(
    serve: Serve, build: Build, wire: dict[str, Any]
) -> None:
    error = broken(build, serve(streams(HI, event(wire), DONE)))
    assert isinstance(error, ServerError)
    assert "It broke." in str(error)
    assert error.response == wire
    assert error.http_status == (503 if "503" in json.dumps(wire) else 200)


def test_streams_side_by_side_do_not_mix(serve: Serve, build: Build) -> None:
    def step(peer: Peer) -> None:
        request: Request = peer.read()
        text = request.json["messages"][0]["content"]
        pieces = [chunk(event(delta(letter))) for letter in text]
        last = chunk(event(delta(finish="stop")) + DONE)
        peer.send(b"".join([HEAD, *pieces, last, b"0\r\n\r\n"]))

    client: Any = build("k", base_url=serve(step).url)
    words = [f"word {n}" for n in range(8)]
    asked = [
        client.chat.completions.stream(model="m", messages=[{"role": "user", "content": word}])
        for word in words
    ]
    iterators = [iter(stream.text) for stream in asked]
    texts = [""] * len(words)
    for _ in range(6):
        for place, pieces in enumerate(iterators):
            texts[place] += next(pieces)
    assert texts == words
    for iterator in iterators:
        assert list(iterator) == []


def test_a_task_that_is_cancelled_at_any_await_of_a_stream_frees_the_connection(
    serve: Serve,
) -> None:
    """Cancelled while it opens, and while it reads."""

    async def main(server: Server, reads: bool) -> None:
        async with AsyncSkytellsClient("k", base_url=server.url) as client:
            began = asyncio.Event()

            async def work() -> None:
                async for _ in client.chat.completions.stream(**ASK):
                    began.set()

            task = asyncio.create_task(work())
            if reads:
                await began.wait()
            else:
                assert await asyncio.to_thread(server.has_seen, 1)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.was_cut)

    asyncio.run(main(serve(stalls()), reads=False))
    asyncio.run(main(serve(holds(HI)), reads=True))


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages"),
        ({"model": ""}, "model"),
        ({"model": None}, "model"),
        ({"temprature": 1}, "Did you mean 'temperature'"),
        ({"extra_body": 1}, "extra_body"),
        ({"temperature": float("nan")}, "temperature"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_the_wire(
    offline: Any, options: dict[str, Any], culprit: str
) -> None:
    for ask in (offline.chat.completions.create, offline.chat.completions.stream):
        with pytest.raises(InvalidRequestError, match=culprit):
            ask(**{**ASK, **options})


@pytest.mark.parametrize("name", ["idle_timeout", "total_timeout"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), "60", True])
def test_limits_that_are_none_are_refused(offline: Any, name: str, value: Any) -> None:
    with pytest.raises(SkytellsError, match=name):
        offline.chat.completions.stream(**ASK, **{name: value})


def test_the_servers_id_of_the_request_is_on_the_error_of_a_stream(
    serve: Serve, build: Build
) -> None:
    start = head("connection: close", "content-type: text/event-stream", "x-request-id: req_7")
    error = broken(build, serve(sends(start, HI, then=Peer.close)))
    assert error.request_id == "req_7"


def test_an_error_inside_a_stream_has_the_status_with_which_the_stream_was_opened(
    serve: Serve, build: Build
) -> None:
    created = head("transfer-encoding: chunked", "content-type: text/event-stream", status=201)
    error = broken(build, serve(sends(created, chunk(HI), chunk(event("[]")), DONE)))
    assert (type(error), error.http_status) == (InvalidResponseError, 201)
