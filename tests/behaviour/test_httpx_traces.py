"""Tracing sees each request of the default client, under the caller's span."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import sentry_sdk
import sentry_sdk.transport
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.integrations.httpx import HttpxIntegration
from sentry_sdk.scrubber import EventScrubber

from skytells import NetworkError, SkytellsClient, SkytellsError
from skytells.local import LocalPlatform

from ..conftest import Build, unfaced
from .conftest import Serve
from .misbehaving import Step
from .steps import answers, closes, resets
from .test_transport import KEY, ONCE, P1

PROMPT: Final = "a prompt that nobody else writes"


class Spans:
    """What was traced, and a span to trace under."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def under_one(self, act: Callable[[], object]) -> list[ReadableSpan]:
        """The spans of requests of an act; each has to be a child of the span around it."""
        with self.provider.get_tracer("tests").start_as_current_span("around") as around:
            act()
        expected = around.get_span_context()
        spans = [span for span in self.exporter.get_finished_spans() if span.name != "around"]
        assert {span.context.trace_id for span in spans if span.context} == {expected.trace_id}
        assert {span.parent.span_id for span in spans if span.parent} == {expected.span_id}
        return spans

    @staticmethod
    def told(spans: list[ReadableSpan]) -> str:
        return " ".join(span.to_json() for span in spans)


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture(params=["instrument()", "instrument_client()"])
def traced(
    request: pytest.FixtureRequest, client: SkytellsClient, spans: Spans
) -> Iterator[SkytellsClient]:
    """A default client on the local platform that OpenTelemetry traces."""
    instrumentor = HTTPXClientInstrumentor()
    if request.param == "instrument()":
        instrumentor.instrument(tracer_provider=spans.provider)
        yield client
        instrumentor.uninstrument()
    else:
        instrumentor.instrument_client(unfaced(client.http_client), tracer_provider=spans.provider)
        yield client
        instrumentor.uninstrument_client(unfaced(client.http_client))


def test_create_poll_and_download_are_traced_under_the_callers_span(
    traced: SkytellsClient, platform: LocalPlatform, spans: Spans
) -> None:
    traced.warm_up(2)

    def act() -> None:
        prediction = traced.run("flux-pro", input={"prompt": PROMPT}, interval=1)
        assert prediction.bytes(0, allow_private=True)

    requests = spans.under_one(act)
    urls = [str((span.attributes or {})["http.url"]) for span in requests]
    assert urls[0].endswith("/v1/predict")
    assert any("/v1/predictions/" in url for url in urls)
    assert any("/assets/" in url for url in urls)
    assert len(urls) == len(platform.requests)
    told = spans.told(requests)
    assert not [text for text in (platform.key, PROMPT) if text in told]


def test_the_request_names_its_span_to_the_api(build: Build, serve: Serve, spans: Spans) -> None:
    server = serve(answers(P1))
    client = build(KEY, base_url=server.url)
    HTTPXClientInstrumentor().instrument_client(
        unfaced(client.http_client), tracer_provider=spans.provider
    )
    made = spans.under_one(lambda: [client.predictions.get("p1") for _ in range(3)])
    contexts = [span.context for span in made if span.context]
    assert [request.headers["traceparent"] for request in server.requests] == [
        f"00-{trace.format_trace_id(each.trace_id)}-{trace.format_span_id(each.span_id)}-{each.trace_flags:02x}"
        for each in contexts
    ]


def test_the_threads_and_tasks_of_dispatch_trace_under_the_callers_span(
    traced: SkytellsClient, spans: Spans
) -> None:
    for n in range(20):
        traced.queue({"model": "flux-pro", "input": {"prompt": f"{PROMPT} {n}"}})

    def act() -> None:
        traced.wait_all(traced.dispatch(), interval=1)

    requests = spans.under_one(act)
    methods = [(span.attributes or {})["http.method"] for span in requests]
    assert methods.count("POST") == 20
    assert methods.count("GET") >= 1


def test_a_failure_and_a_retry_are_a_span_each(build: Build, serve: Serve, spans: Spans) -> None:
    server = serve(answers(status=503), closes(), answers(P1))
    client = build(KEY, base_url=server.url, retry={"retries": 2, "retry_delay": 0})
    HTTPXClientInstrumentor().instrument_client(
        unfaced(client.http_client), tracer_provider=spans.provider
    )
    made = spans.under_one(lambda: client.predictions.get("p1"))
    assert [(span.attributes or {}).get("http.status_code") for span in made] == [503, None, 200]
    assert KEY not in spans.told(made)


# Sentry


class Outbox(sentry_sdk.transport.Transport):
    """What would be sent to Sentry."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.items += [item.payload.json for item in envelope.items if item.payload.json]

    def of(self, kind: str) -> dict[str, Any]:
        [item] = [item for item in self.items if (item.get("type") or "event") == kind]
        return item

    def told(self) -> str:
        return json.dumps(self.items, default=str)


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    """Sentry as a careless user sets it up: everything is sent, variables of frames as well."""
    outbox = Outbox()
    # It patches `httpx.Client.send` for good; without a client in the scope, that does nothing.
    client = sentry_sdk.Client(
        dsn="https://key@sentry.example/1",
        transport=outbox,
        integrations=[HttpxIntegration()],
        default_integrations=False,
        auto_enabling_integrations=False,
        traces_sample_rate=1.0,
        trace_propagation_targets=[".*"],
        include_local_variables=True,
        event_scrubber=EventScrubber(denylist=[], pii_denylist=[]),
        max_value_length=100_000,
    )
    with sentry_sdk.isolation_scope() as scope, sentry_sdk.new_scope() as inner:
        scope.set_client(client)
        inner.set_client(client)
        yield outbox


def test_sentry_has_a_span_and_a_breadcrumb_of_each_request(
    client: SkytellsClient, platform: LocalPlatform, outbox: Outbox
) -> None:
    with sentry_sdk.start_transaction(name="around"):
        prediction = client.run("flux-pro", input={"prompt": PROMPT}, interval=1)
        prediction.bytes(0, allow_private=True)
        sentry_sdk.capture_message("done")
    requests = len(platform.requests)
    spans = [span for span in outbox.of("transaction")["spans"] if span["op"] == "http.client"]
    crumbs = outbox.of("event")["breadcrumbs"]["values"]
    assert len(spans) == len([crumb for crumb in crumbs if crumb["type"] == "http"]) == requests
    assert spans[0]["data"]["http.response.status_code"] in {200, 201}
    assert all("sentry-trace" in request.headers for request in platform.requests)
    assert not [text for text in (platform.key, PROMPT) if text in outbox.told()]


def captured(outbox: Outbox, act: Callable[[], object]) -> tuple[SkytellsError, list[Any]]:
    """The error of an act that Sentry captured, and the functions whose variables have the prompt."""
    with pytest.raises(SkytellsError) as caught:
        act()
    sentry_sdk.capture_exception(caught.value)
    event = outbox.of("event")
    stacks = [exception.get("stacktrace") for exception in event["exception"]["values"]]
    frames: list[dict[str, Any]] = [
        frame
        for stack in stacks
        if stack is not None
        for frame in stack["frames"]
        if str(frame.get("module", "")).startswith("skytells.")
    ]
    assert frames
    assert all("vars" in frame for frame in frames)
    return caught.value, [
        (frame["function"], name)
        for frame in frames
        for name, value in frame["vars"].items()
        if PROMPT in str(value)
    ]


@pytest.mark.parametrize("step", [resets(), answers({"error": {"message": KEY}}, 402)])
def test_sentry_never_gets_the_key(step: Step, build: Build, serve: Serve, outbox: Outbox) -> None:
    client = build(KEY, base_url=serve(step).url, retry=ONCE, headers={"x-team": "a"})
    captured(outbox, lambda: client.run("flux-pro", input={"prompt": PROMPT}))
    assert outbox.of("event")
    assert KEY not in outbox.told()


def test_sentry_gets_the_prompt_from_the_arguments_of_the_verb_alone(
    build: Build, serve: Serve, outbox: Outbox, hasty: None
) -> None:
    client = build(KEY, base_url=serve(resets()).url, retry=ONCE)
    error, found = captured(outbox, lambda: client.run("flux-pro", input={"prompt": PROMPT}))
    assert isinstance(error, NetworkError)
    assert found == [("run", "input")]
