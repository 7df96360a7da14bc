"""What a client is told: merged, checked, and never shown."""

from __future__ import annotations

import copy
import dataclasses
import logging
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skytells
from skytells._core.config import (
    DEFAULT_MAX_RESPONSE,
    Config,
    arrived,
    configure,
    portable,
    reconfigure,
)
from skytells._core.endpoints import API_BASE_URL, KEY_VARIABLE, URL_VARIABLE, Endpoint
from skytells._core.keys import Secret
from skytells._core.retry import RetryPolicy
from skytells._data.checks import DEFAULT_TIMEOUT, Default
from skytells.client.base import KEEP
from skytells.errors import ConfigurationError
from skytells.types import ClientOptions, RetryOptions

from .support import KEY


def build(api_key: Any = None, options: Any = None, **keywords: Any) -> Config:
    """Settings as from the arguments of a client."""
    defaults: dict[str, Any] = {
        "base_url": None,
        "timeout": DEFAULT_TIMEOUT,
        "headers": None,
        "retry": None,
        "allow_http": False,
        "max_response_bytes": DEFAULT_MAX_RESPONSE,
    }
    return configure(api_key, options, **(defaults | keywords))


def change(config: Config, **keywords: Any) -> Config:
    """Settings as from the arguments of `with_options`."""
    defaults: dict[str, Any] = {"api_key": None, "timeout": KEEP, "headers": None, "retry": None}
    return reconfigure(config, **(defaults | keywords))


def header(config: Config, name: str) -> list[str]:
    return [value.decode() for n, value in config.headers if n == name.encode()]


# Merging


def test_config_has_the_published_defaults() -> None:
    config = build()
    assert config.api.url == API_BASE_URL == "https://api.skytells.ai/v1"
    assert (config.timeout, config.api.key, config.api.from_environment) == (60.0, None, False)
    assert config.retry == RetryPolicy()
    assert header(config, "accept") == ["application/json"]
    assert header(config, "user-agent")[0].startswith(f"skytells-python/{skytells.__version__} ")


@pytest.mark.parametrize("form", [dict[str, Any], ClientOptions])
def test_config_takes_options_in_either_form(form: Any) -> None:
    config = build(
        KEY,
        form(
            base_url="https://edge.example/v1/",
            timeout=5_000,
            headers={"X-A": "1"},
            retry={"retries": 3},
        ),
    )
    assert config.api.url == "https://edge.example/v1"
    assert config.timeout == 5.0
    assert header(config, "x-a") == ["1"]
    assert config.retry == RetryPolicy.of(RetryOptions(3))


def test_config_lets_keywords_win_over_options() -> None:
    options = {
        "base_url": "https://a.example",
        "timeout": 1,
        "headers": {"X-A": "options", "X-B": "options"},
        "retry": {"retries": 1},
    }
    config = build(
        None,
        options,
        base_url="https://b.example",
        timeout=2_000,
        headers={"x-a": "keyword"},
        retry=RetryOptions(2),
    )
    assert (config.api.url, config.timeout) == ("https://b.example", 2.0)
    assert (header(config, "x-a"), header(config, "x-b")) == (["keyword"], ["options"])
    assert config.retry.retries == 2


@pytest.mark.parametrize(
    ("options", "timeout", "expected"),
    [
        (None, DEFAULT_TIMEOUT, 60.0),
        ({}, DEFAULT_TIMEOUT, 60.0),
        ({"timeout": 5_000}, DEFAULT_TIMEOUT, 5.0),
        ({"timeout": None}, DEFAULT_TIMEOUT, None),
        ({"timeout": 5_000}, None, None),
        ({"timeout": 5_000}, 60_000, 60.0),
        ({"timeout": None}, 60_000, 60.0),
        (None, 0.5, 0.0005),
    ],
)
def test_config_tells_a_given_timeout_from_the_default(
    options: Any, timeout: Any, expected: float | None
) -> None:
    assert build(None, options, timeout=timeout).timeout == expected


def test_config_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, f" {KEY}\n")
    monkeypatch.setenv(URL_VARIABLE, "https://env.example/v1")
    config = build()
    assert config.api.key is not None
    assert config.api.key.reveal() == KEY
    assert config.api.from_environment
    assert config.api.url == "https://env.example/v1"
    given = build("sk-other", base_url="https://given.example")
    assert given.api.key is not None
    assert given.api.key.reveal() == "sk-other"
    assert not given.api.from_environment
    assert given.api.url == "https://given.example"


def test_config_takes_an_empty_environment_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "")
    monkeypatch.setenv(URL_VARIABLE, "")
    config = build()
    assert (config.api.key, config.api.url) == (None, API_BASE_URL)


# Refusals


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": "60"}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": 10**12}, "timeout"),
        ({"options": {"timeout": "x"}}, "timeout"),
        ({"options": {"time_out": 5}}, "timeout"),
        ({"options": 5}, "options"),
        ({"headers": 5}, "headers"),
        ({"options": {"headers": "x"}}, "headers"),
        ({"retry": 3}, "retry"),
        ({"retry": {"retires": 3}}, "retries"),
        ({"options": {"retry": {"retries": -1}}}, "retries"),
        ({"max_response_bytes": 0}, "max_response_bytes"),
        ({"max_response_bytes": 1.5e9}, "max_response_bytes"),
        ({"api_key": 5}, "api_key"),
        ({"api_key": b"sk-1"}, "api_key"),
        ({"base_url": 5}, "base_url"),
    ],
)
def test_config_names_the_option_that_is_wrong(keywords: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"\b{named}\b"):
        build(**keywords)


SECRET = "s3cr3t"


KEYS = ["", "  ", "S x", "S\nx", "S\x00", "Sé", "S\u200b", "S\x7f", "S" * 100]
# An environment carries no NUL, and what is empty there is not there.
KEY_CASES = [(key, False) for key in KEYS] + [(k, True) for k in KEYS if k and "\x00" not in k]


@pytest.mark.parametrize(
    ("key", "from_environment"), [(key.replace("S", SECRET), where) for key, where in KEY_CASES]
)
def test_key_that_is_none_is_refused_without_being_shown(
    key: str, from_environment: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if from_environment:
        monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(ConfigurationError) as caught:
        build(None if from_environment else key)
    text = f"{caught.value!r} {caught.value} {caught.value.details}"
    assert SECRET not in text
    assert text.count(KEY_VARIABLE if from_environment else "api_key") >= 2


def test_key_is_stripped() -> None:
    config = build(f"  {KEY}\n")
    assert config.api.key is not None
    assert config.api.key.reveal() == KEY


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("https://api.skytells.ai/v1/", "https://api.skytells.ai/v1"),
        ("https://API.example", "https://api.example"),
        ("https://api.example:443/", "https://api.example"),
        ("https://api.example:8443/a/b//", "https://api.example:8443/a/b"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://api.localhost", "http://api.localhost"),
        ("http://127.0.0.1:80/v1", "http://127.0.0.1/v1"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("HTTPS://api.example", "https://api.example"),
        ("", API_BASE_URL),
    ],
)
def test_base_url_is_origin_and_prefix(url: str, base_url: str) -> None:
    assert build(base_url=url).api.url == base_url


@pytest.mark.parametrize(
    "url",
    [
        "api.skytells.ai",
        "//api.example",
        "ftp://api.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///v1",
        "https://user@api.example",
        "https://user:pass@api.example",
        "https://:@api.example",
        "https://api.example/v1?x=1",
        "https://api.example/v1#x",
        "https://api.example:99999",
        "https://api.example:port",
        "https://[::1",
        "https://api.exa mple",
        "https://api.example\n",
        "https://api.example\x7f",
        "https://api.example\\@evil.example",
        "https://аpi.example",
        "http://api.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://[::2]",
        "http://10.0.0.1",
        "http://0.0.0.0",
    ],
)
@pytest.mark.parametrize("from_environment", [False, True])
def test_base_url_that_cannot_be_trusted_is_refused(
    url: str, from_environment: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if from_environment:
        monkeypatch.setenv(URL_VARIABLE, url)
    with pytest.raises(ConfigurationError) as caught:
        build(base_url=None if from_environment else url)
    named = URL_VARIABLE if from_environment else "base_url"
    assert str(caught.value).startswith(f"{named} ")
    assert "pass@" not in str(caught.value)


def test_base_url_in_plain_http_needs_a_word() -> None:
    assert build(base_url="http://10.0.0.1", allow_http=True).api.url == "http://10.0.0.1"
    with pytest.raises(ConfigurationError, match="allow_http=True"):
        build(base_url="http://10.0.0.1")


@settings(max_examples=100)
@given(st.text(max_size=40) | st.from_regex(r"https?://[ -~]{0,30}", fullmatch=True))
def test_base_url_is_accepted_or_refused_but_never_fails(url: str) -> None:
    try:
        config = build(base_url=url)
    except ConfigurationError:
        return
    assert config.api.origin.scheme in {"https", "http"}
    assert config.api.origin.host
    assert not config.api.prefix.endswith("/")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "X A",
        "X:A",
        "X\r\nB",
        "Ü",
        5,
        "x-api-key",
        "X-API-Key",
        "Authorization",
        "cookie",
        "Host",
        "Content-Length",
        "transfer-encoding",
        "Connection",
        "accept-encoding",
    ],
)
def test_header_that_is_not_the_users_to_set_is_refused(name: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^headers: "):
        build(headers={name: "x"})


@pytest.mark.parametrize(
    "value", ["a\r\nb: c", "a\n", "a\x00", "a\x01", "\x7f", "é", 5, None, b"x"]
)
def test_header_value_that_cannot_travel_is_refused_without_being_shown(value: Any) -> None:
    shown = f"{SECRET}{value}" if isinstance(value, str) else value
    with pytest.raises(ConfigurationError, match=r"^headers: the value of 'X-Mine'") as caught:
        build(headers={"X-Mine": shown})
    assert SECRET not in str(caught.value)


def test_header_is_stripped_and_lower_case() -> None:
    config = build(headers={"X-Mine": "\t a b ", "User-Agent": "mine/1", "Accept": "*/*"})
    assert header(config, "x-mine") == ["a b"]
    assert header(config, "user-agent") == ["mine/1"]
    assert header(config, "accept") == ["*/*"]


# Changes


def fields(thing: Any) -> dict[str, Any]:
    """All that a configuration says, and its surfaces."""
    said = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    return {name: fields(v) if isinstance(v, Endpoint) else v for name, v in said.items()}


def test_reconfigure_keeps_what_is_not_given() -> None:
    config = build(KEY, timeout=5_000, headers={"X-A": "1"}, retry={"retries": 3})
    assert fields(change(config)) == fields(config)


def test_reconfigure_changes_what_is_given() -> None:
    config = build(KEY, timeout=5_000, headers={"X-A": "1", "X-B": "1"})
    changed = change(
        config, api_key="sk-2", timeout=None, headers={"x-a": "2"}, retry={"retries": 0}
    )
    assert changed.api.key is not None
    assert changed.api.key.reveal() == "sk-2"
    assert changed.timeout is None
    assert (header(changed, "x-a"), header(changed, "x-b")) == (["2"], ["1"])
    assert changed.retry.retries == 0
    assert changed.api.origin == config.api.origin
    assert header(config, "x-a") == ["1"]
    assert config.timeout == 5.0


def test_reconfigure_makes_a_key_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    config = build()
    assert config.api.from_environment
    assert not change(config, api_key="sk-2").api.from_environment
    assert change(config, timeout=1).api.from_environment


@pytest.mark.parametrize(
    "keywords",
    [{"timeout": 0}, {"api_key": ""}, {"headers": {"Host": "x"}}, {"retry": {"retries": -1}}],
)
def test_reconfigure_refuses_what_configure_does(keywords: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        change(build(KEY), **keywords)


# Secrets


def test_secret_shows_itself_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(KEY)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("%s %r", secret, secret)
    shown = f"{secret} {secret!r} {secret!s} {[secret]} {caplog.text}"
    assert KEY not in shown
    assert secret.reveal() == KEY
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, pickle.dumps])
def test_secret_is_not_copied(copier: Any) -> None:
    with pytest.raises(ConfigurationError, match=KEY_VARIABLE) as caught:
        copier(Secret(KEY))
    assert KEY not in str(caught.value)


def test_config_shows_no_secret() -> None:
    config = build(KEY, headers={"X-Token": SECRET})
    assert KEY not in f"{config} {config!r}"
    assert SECRET not in repr(config)
    with pytest.raises(ConfigurationError):
        dataclasses.asdict(config)


def test_config_with_a_given_key_does_not_travel() -> None:
    with pytest.raises(ConfigurationError, match=KEY_VARIABLE) as caught:
        portable(build(KEY))
    assert KEY not in str(caught.value)


def test_config_travels_without_its_key_and_finds_the_other_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    config = build(timeout=5_000, headers={"X-A": "1"}, base_url="https://api.example/v2")
    pickled = pickle.dumps(portable(config))
    assert KEY.encode() not in pickled
    monkeypatch.setenv(KEY_VARIABLE, "sk-there")
    there = arrived(pickle.loads(pickled))
    assert there.api.key is not None
    assert there.api.key.reveal() == "sk-there"
    assert there.api.from_environment
    assert fields(dataclasses.replace(there, api=config.api)) == fields(config)


def test_config_travels_where_there_is_no_key() -> None:
    assert arrived(pickle.loads(pickle.dumps(portable(build())))).api.key is None


def test_default_is_its_number_and_yet_known() -> None:
    assert DEFAULT_TIMEOUT == 60_000
    assert repr(DEFAULT_TIMEOUT) == "60000"
    assert isinstance(DEFAULT_TIMEOUT, Default)
    assert isinstance(copy.deepcopy(DEFAULT_TIMEOUT), Default)


def test_options_may_be_a_subclass_with_slots() -> None:
    @dataclasses.dataclass(slots=True)
    class Staging(ClientOptions):
        base_url: str | None = "https://staging.example/v1"

    config = build(KEY, Staging(timeout=1234, headers={"X-A": "1"}))
    assert (config.api.url, config.timeout) == ("https://staging.example/v1", 1.234)
    assert (b"x-a", b"1") in config.headers
