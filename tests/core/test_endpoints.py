"""Two services, two keys: what would send one to the other's host cannot be made."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skytells._core.attempt import _request  # pyright: ignore[reportPrivateUsage]
from skytells._core.config import Config, arrived, configure, portable, reconfigure
from skytells._core.endpoints import (
    API_BASE_URL,
    EDGE_BASE_URL,
    KEY_VARIABLE,
    ORCHESTRATOR_BASE_URL,
    ORCHESTRATOR_KEY_VARIABLE,
    ORCHESTRATOR_URL_VARIABLE,
    URL_VARIABLE,
    Endpoint,
)
from skytells._core.keys import Secret
from skytells._core.operation import Call, Safety, Service
from skytells._core.wire import Origin, WireRequest
from skytells._data.checks import DEFAULT_TIMEOUT
from skytells.errors import ConfigurationError, InvalidRequestError, PermissionDeniedError
from skytells.types import PredictionRequest

from .support import Hand, header, reply, script

SK = "sk-0123456789"
WFB = "wfb_0123456789"
MORE_HOSTS = ("api.skytells.ai", "edge.skytells.ai", "orchestrator.skytells.ai")


def build(key: Any = SK, other: Any = WFB, **keywords: Any) -> Config:
    """Settings as from a client's arguments."""
    given: dict[str, Any] = {
        "base_url": None,
        "timeout": DEFAULT_TIMEOUT,
        "headers": None,
        "retry": None,
        "allow_http": False,
        "max_response_bytes": 4096,
    }
    return configure(key, None, orchestrator_key=other, **(given | keywords))


def request(config: Config, service: Service, **keywords: Any) -> WireRequest:
    """What a call to one service puts on the wire."""
    return _request(Call("GET", "/x", lambda reply: None, service=service, **keywords), config, 0)


def test_each_service_has_its_own_address_and_its_own_key() -> None:
    config = build()
    api, other = request(config, Service.API), request(config, Service.ORCHESTRATOR)
    assert (str(api.origin), api.target) == ("https://api.skytells.ai", "/v1/x")
    assert header(api, "x-api-key") == [SK]
    assert header(api, "authorization") == []
    assert (str(other.origin), other.target) == ("https://orchestrator.skytells.ai", "/x")
    assert header(other, "authorization") == [f"Bearer {WFB}"]
    assert header(other, "x-api-key") == []
    assert header(other, "host") == ["orchestrator.skytells.ai"]


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"key": WFB}, "api_key begins with 'wfb_'"),
        ({"other": SK}, "orchestrator_key begins with 'sk-'"),
        ({"key": "sk_pat_1"}, "api_key is a token of the console"),
        ({"other": "sk_proj_1"}, "orchestrator_key is a token of the console"),
        ({"base_url": ORCHESTRATOR_BASE_URL}, "base_url names orchestrator.skytells.ai"),
        ({"base_url": "https://ORCHESTRATOR.skytells.ai./"}, "base_url names orchestrator"),
        ({"orchestrator_base_url": API_BASE_URL}, "orchestrator_base_url names api.skytells.ai"),
        ({"orchestrator_base_url": EDGE_BASE_URL}, "orchestrator_base_url names edge.skytells"),
        ({"orchestrator_base_url": "http://10.0.0.1"}, "orchestrator_base_url is plain http"),
        ({"orchestrator_base_url": "https://a/?k"}, "orchestrator_base_url must be scheme, host"),
        ({"other": 5}, "orchestrator_key must be a string"),
        ({"other": ""}, "orchestrator_key is empty"),
    ],
)
def test_what_belongs_to_the_other_side_is_refused(keywords: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build(**keywords)
    assert str(caught.value).startswith(named)
    assert SK not in f"{caught.value!r}"
    assert WFB not in f"{caught.value!r}"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (KEY_VARIABLE, WFB),
        (ORCHESTRATOR_KEY_VARIABLE, SK),
        (URL_VARIABLE, ORCHESTRATOR_BASE_URL),
        (ORCHESTRATOR_URL_VARIABLE, API_BASE_URL),
    ],
)
def test_what_the_environment_has_swapped_is_refused(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable) as caught:
        build(key=None, other=None)
    assert value not in str(caught.value) or value.startswith("https")


@settings(max_examples=200)
@given(
    st.sampled_from(Service),
    st.sampled_from([*MORE_HOSTS, "gateway.example"]),
    st.sampled_from(["sk-a", "wfb_a", "other"]),
)
def test_no_endpoint_holds_another_services_key_or_host(
    service: Service, host: str, key: str
) -> None:
    foreign = {
        Service.API: (("orchestrator.skytells.ai",), ("wfb_",)),
        Service.ORCHESTRATOR: (("api.skytells.ai", "edge.skytells.ai"), ("sk-",)),
    }
    hosts, prefixes = foreign[service]
    right = Endpoint(service, Origin("https", "elsewhere.example", 443), "/v1")
    wrong = host in hosts or key.startswith(prefixes)
    changes: Any = {"origin": Origin("https", host, 443), "key": Secret(key)}
    try:
        endpoint = dataclasses.replace(right, **changes)
    except ConfigurationError:
        assert wrong
    else:
        assert not wrong
        [(name, value)] = endpoint.credentials()
        own = {Service.API: b"x-api-key", Service.ORCHESTRATOR: b"authorization"}
        assert (name, value.split()[-1]) == (own[service], key.encode())


def test_an_endpoint_cannot_be_changed() -> None:
    endpoint: Any = build().api
    for name in ("origin", "key", "prefix", "service"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(endpoint, name, None)


@pytest.mark.parametrize("name", [b"x-api-key", b"authorization", b"X-Api-Key", b"Authorization"])
@pytest.mark.parametrize("service", Service)
def test_a_calls_own_headers_carry_no_key(service: Service, name: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="may not carry a key"):
        request(build(), service, headers=((name, b"x"),))


def test_the_orchestrator_without_its_key_is_told_before_the_wire() -> None:
    hand = Hand(script(reply({})), build(other=None))
    with pytest.raises(ConfigurationError) as caught:
        hand.perform(
            Call("GET", "/api/workflows", lambda reply: None, service=Service.ORCHESTRATOR)
        )
    assert ORCHESTRATOR_KEY_VARIABLE in str(caught.value)
    assert hand.sent == []


def test_a_refused_key_of_the_orchestrator_is_explained() -> None:
    hand = Hand(script(reply({"error": "Unauthorized"}, 401)), build())
    with pytest.raises(Exception, match="Unauthorized") as caught:
        hand.perform(
            Call("GET", "/api/workflows", lambda reply: None, service=Service.ORCHESTRATOR)
        )
    assert "signed-in browser" in str(caught.value)


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize("echoed", [SK, WFB])
def test_either_key_is_scrubbed_from_what_either_service_echoes(
    service: Service, echoed: str
) -> None:
    escaped = "".join(f"\\u{ord(c):04x}" for c in echoed)
    body = f'{{"error":{{"message":"No {echoed}","details":"{escaped}"}}}}'.encode()
    hand = Hand(script(reply(body, 400, x_request_id=echoed)), build())
    with pytest.raises(InvalidRequestError) as caught:
        hand.perform(Call("GET", "/x", lambda reply: None, service=service))
    assert echoed not in f"{caught.value!r} {vars(caught.value)}"
    assert "No ***" in str(caught.value)


# What is changed, pickled, shown


def test_a_changed_key_stays_on_its_service() -> None:
    config = build()
    keep: Any = {"timeout": DEFAULT_TIMEOUT, "headers": None, "retry": None}
    changed = reconfigure(config, api_key=None, orchestrator_key="wfb_2", **keep)
    assert header(request(changed, Service.ORCHESTRATOR), "authorization") == ["Bearer wfb_2"]
    assert header(request(changed, Service.API), "x-api-key") == [SK]
    for wrong in ({"api_key": WFB}, {"api_key": None, "orchestrator_key": SK}):
        with pytest.raises(ConfigurationError, match="begins with"):
            reconfigure(config, **(keep | wrong))


def test_keys_are_pickled_only_if_they_can_be_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, SK)
    with pytest.raises(ConfigurationError, match=ORCHESTRATOR_KEY_VARIABLE):
        portable(build(key=None))
    monkeypatch.setenv(ORCHESTRATOR_KEY_VARIABLE, WFB)
    config = build(key=None, other=None)
    pickled = pickle.dumps(portable(config))
    assert SK.encode() not in pickled
    assert WFB.encode() not in pickled
    there = arrived(pickle.loads(pickled))
    assert header(request(there, Service.ORCHESTRATOR), "authorization") == [f"Bearer {WFB}"]
    monkeypatch.setenv(ORCHESTRATOR_KEY_VARIABLE, SK)
    with pytest.raises(ConfigurationError, match="begins with 'sk-'"):
        arrived(pickle.loads(pickled))


def test_settings_show_no_key() -> None:
    config = build()
    for text in (f"{config} {config!r}", repr(request(config, Service.ORCHESTRATOR))):
        assert SK not in text
        assert WFB not in text


# The edge


@pytest.mark.parametrize(
    ("keywords", "url", "timeout", "edge"),
    [
        ({}, API_BASE_URL, 60.0, False),
        ({"edge": True}, EDGE_BASE_URL, 25.0, True),
        ({"edge": True, "timeout": 60_000}, EDGE_BASE_URL, 60.0, True),
        ({"edge": True, "timeout": None}, EDGE_BASE_URL, None, True),
        ({"base_url": EDGE_BASE_URL}, EDGE_BASE_URL, 25.0, True),
        ({"base_url": "https://edge.skytells.ai"}, "https://edge.skytells.ai", 25.0, True),
        ({"base_url": "http://localhost:1", "edge": True}, "http://localhost:1", 25.0, True),
    ],
)
def test_the_edge_has_its_address_and_its_time(
    keywords: dict[str, Any], url: str, timeout: float | None, edge: bool
) -> None:
    config = build(**keywords)
    assert (config.api.url, config.timeout, config.api.edge) == (url, timeout, edge)


def test_the_edge_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, EDGE_BASE_URL)
    assert build().api.edge


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"edge": True, "base_url": API_BASE_URL}, "edge=True, but base_url"),
        ({"edge": "yes"}, "edge must be True or False"),
    ],
)
def test_an_edge_that_cannot_be_is_refused(keywords: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        build(**keywords)


def create(webhook: Any = None) -> Call[None]:
    asked = PredictionRequest("flux-1-edge", {"prompt": "x"}, webhook)
    return Call("POST", "/predict", lambda reply: None, Safety.PAID, body=b"{}", request=asked)


def test_the_edge_is_asked_for_no_webhook() -> None:
    hand = Hand(script(reply({"id": "p1"})), build(edge=True))
    with pytest.raises(InvalidRequestError, match="edge calls no webhooks"):
        hand.perform(create({"url": "https://example.com", "events": ["completed"]}))
    assert hand.sent == []
    hand.perform(create())
    assert hand.sent == ["POST /v1/predict"]


@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_refusal_of_the_edge_names_what_it_serves(status: int) -> None:
    refusal = reply({"error": {"message": "No.", "error_id": "MODEL_NOT_FOUND"}}, status)
    for keywords, hinted in (({"edge": True}, True), ({}, False)):
        hand = Hand(script(refusal), build(**keywords))
        with pytest.raises(Exception, match="No") as caught:
            hand.perform(create())
        assert ("metadata.edge_compatible" in str(caught.value)) is hinted


def test_a_refusal_to_show_is_not_put_down_to_the_model() -> None:
    hand = Hand(script(reply({"error": "Not yours."}, 403)), build(edge=True))
    with pytest.raises(PermissionDeniedError) as caught:
        hand.perform(Call("GET", "/predictions/p1", lambda reply: None))
    assert "edge_compatible" not in str(caught.value)
