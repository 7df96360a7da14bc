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
    RequestTimeoutError,
    ServerError,
    SkytellsClient,
    SkytellsError,
)

from ..conftest import Build
from .conftest import Serve
from .events import ASK, DONE, HEAD, chunk, delta, event, holds, says, streams
from .misbehaving import Peer, Request, Server
from .steps import answers, closes, drips, floods, head, reply, resets, sends, stalls

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


def test_a_stream_that_does_not_end_after_its_last_event_is_complete(
    serve: Serve, build: Build
) -> None:
    server = serve(holds(HI, DONE))
    assert streamed(build, server).final().text == "Hi"
    assert server.was_cut()


def test_a_stream_that_goes_on_after_its_last_event_is_left(serve: Serve, build: Build) -> None:
    server = serve(floods(HEAD + chunk(HI + DONE), chunk(HI)))
    assert streamed(build, server).final().text == "Hi"
    assert server.was_cut()


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


@pytest.mark.parametrize("then", [Peer.close, Peer.reset])
@pytest.mark.parametrize("events", [b"", b"da", b"data: {}", HI[:-3], HI])
def test_a_stream_that_is_cut_anywhere_is_an_error(
    serve: Serve, build: Build, events: bytes, then: Any
) -> None:
    error = broken(build, serve(sends(HEAD, chunk(events) if events else b"", then=then)))
    assert isinstance(error, NetworkError)


def test_a_stream_whose_body_ends_in_the_midst_of_an_event_is_an_error(
    serve: Serve, build: Build
) -> None:
    error = broken(build, serve(streams(HI, HI[:20])))
    assert "ended before it was complete" in str(error)
    assert len(error.received) == 1


def test_a_last_event_may_lack_its_blank_line(serve: Serve, build: Build) -> None:
    assert streamed(build, serve(streams(HI, b"data: [DONE]"))).final().text == "Hi"


@pytest.mark.parametrize(
    "data", [b"{", b"nonsense", b"{}{}", b"[1]", b"null", b"NaN", b"\xff", b""]
)
def test_an_event_that_is_not_a_json_object_is_an_error(
    serve: Serve, build: Build, data: bytes
) -> None:
    error = broken(build, serve(streams(HI, b"data: " + data + b"\n\n", DONE)))
    assert isinstance(error, InvalidResponseError)
    assert len(error.received) == 1


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


def test_an_event_that_is_named_error_is_one(serve: Serve, build: Build) -> None:
    sent = event({"message": "Slow down.", "code": "rate_limit_exceeded"}, "error")
    error = broken(build, serve(streams(sent)))
    assert isinstance(error, RateLimitError)
    assert "Slow down." in str(error)


def test_a_null_error_is_none(serve: Serve, build: Build) -> None:
    sent = event(delta("Hi") | {"error": None})
    assert streamed(build, serve(streams(sent, DONE))).final().text == "Hi"


def test_an_echoed_key_is_taken_out_of_what_a_stream_raises(serve: Serve, build: Build) -> None:
    wire = {"error": {"message": "sk-secret-key is bad", "details": {"key": "sk-secret-key"}}}
    error = broken(build, serve(streams(event(wire))))
    assert "*** is bad" in str(error)
    broken(build, serve(streams(b"data: {sk-secret-key\n\n")))


def test_a_stream_that_stalls_ends_after_its_idle_time(serve: Serve, build: Build) -> None:
    server = serve(holds(HI))
    error = broken(build, server, idle_timeout=200)
    assert isinstance(error, RequestTimeoutError)
    assert "No event came for 200 ms" in str(error)
    assert "idle_timeout" in str(error)
    assert len(error.received) == 1
    assert server.was_cut()


@pytest.mark.parametrize("data", [b": still here\n\n", b"x"])
def test_a_stream_that_drips_without_an_event_ends_after_its_idle_time(
    serve: Serve, build: Build, data: bytes
) -> None:
    server = serve(drips(HEAD + chunk(HI) + b"ffff\r\n", data))
    error = broken(build, server, idle_timeout=250)
    assert isinstance(error, RequestTimeoutError)
    assert server.was_cut()


def test_a_stream_that_goes_on_and_on_ends_after_its_total_time(serve: Serve, build: Build) -> None:
    server = serve(floods(HEAD, chunk(HI)))
    error = broken(build, server, total_timeout=250)
    assert isinstance(error, RequestTimeoutError)
    assert "total_timeout" in str(error)
    assert server.was_cut()


def test_a_total_time_ends_a_stall_as_well(serve: Serve, build: Build) -> None:
    error = broken(build, serve(holds(HI)), idle_timeout=None, total_timeout=200)
    assert "within 200 ms" in str(error)


def test_a_head_that_does_not_come_is_a_matter_of_the_clients_timeout(
    serve: Serve, build: Build
) -> None:
    client = build("k", base_url=serve(stalls()).url, timeout=200)
    with pytest.raises(RequestTimeoutError) as caught:
        client.chat.completions.stream(**ASK).open()
    assert caught.value.maybe_sent


def test_a_huge_event_comes_whole(serve: Serve, build: Build) -> None:
    text = "x" * 3_000_000
    assert streamed(build, serve(says(text))).final().text == text


def test_an_endless_event_is_refused(
    serve: Serve, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skytells.streaming import decoders

    monkeypatch.setattr(decoders.EventDecoder.__init__, "__defaults__", (100_000,))
    server = serve(floods(HEAD + b"fffffff\r\ndata: ", b"x" * 4096))
    error = broken(build, server)
    assert "100,000 bytes" in str(error)
    assert server.was_cut()


def test_an_encoded_stream_that_was_not_asked_for_is_an_error(serve: Serve, build: Build) -> None:
    kind = {"content-type": "text/event-stream", "content-encoding": "br"}
    error = broken(build, serve(sends(reply(b"xx", headers=kind))))
    assert isinstance(error, InvalidResponseError)


def test_streams_side_by_side_do_not_mix(serve: Serve, build: Build) -> None:
    def step(peer: Peer) -> None:
        request: Request = peer.read()
        text = request.json["messages"][0]["content"]
        pieces = [chunk(event(delta(letter))) for letter in text]
        peer.send(b"".join([HEAD, *pieces, chunk(DONE), b"0\r\n\r\n"]))

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


def test_a_connection_that_is_closed_before_the_head_is_unknown(serve: Serve, build: Build) -> None:
    server = serve(closes())
    with pytest.raises(NetworkError) as caught:
        streamed(build, server).open()
    assert caught.value.maybe_sent
    assert len(server.requests) == 1


def test_the_servers_id_of_the_request_is_on_the_error_of_a_stream(
    serve: Serve, build: Build
) -> None:
    start = head("connection: close", "content-type: text/event-stream", "x-request-id: req_7")
    error = broken(build, serve(sends(start, HI, then=Peer.close)))
    assert error.request_id == "req_7"
