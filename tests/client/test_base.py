"""`client.request()`: any endpoint, below the base URL and as safe as its method."""

from __future__ import annotations

import pytest

from skytells._core.operation import Safety
from skytells._core.wire import Reply
from skytells.client.base import raw_call
from skytells.errors import InvalidRequestError

from ..core.support import reply


def test_raw_call_is_what_was_asked_for() -> None:
    call = raw_call("post", "/chat/completions", {"a": 1, "b": True, "c": None}, {"x": "è"})
    assert (call.method, call.path, call.safety) == ("POST", "/chat/completions", Safety.PAID)
    assert call.params == (("a", "1"), ("b", "true"))
    assert call.body == '{"x":"è"}'.encode()
    assert call.read(reply([1])) == [1]
    assert call.read(Reply(204, {}, b"")) is None
    assert "chat" not in call.name


@pytest.mark.parametrize(
    ("method", "safety"),
    [
        ("GET", Safety.SAFE),
        ("HEAD", Safety.SAFE),
        ("PUT", Safety.CONVERGENT),
        ("DELETE", Safety.CONVERGENT),
        ("POST", Safety.PAID),
        ("PATCH", Safety.PAID),
    ],
)
def test_raw_call_is_as_safe_as_its_method(method: str, safety: Safety) -> None:
    assert raw_call(method, "/x", None, None).safety is safety


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("TRACE", "/x"),
        ("", "/x"),
        ("GET\r\nX: y", "/x"),
        ("GET", "x"),
        ("GET", "//evil.example"),
        ("GET", "https://evil.example/"),
        ("GET", "/x?a=1"),
        ("GET", "/x#a"),
        ("GET", "/a b"),
        ("GET", "/a\r\nb"),
        ("GET", "/a\x00b"),
        ("GET", "/a\x0bb"),
        ("GET", "/a\x7fb"),
        ("GET", "/a\\b"),
        ("GET", "/../x"),
        ("GET", "/a/./x"),
        ("GET", "/è"),
    ],
)
def test_raw_call_refuses_what_leads_elsewhere(method: str, path: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"^(method|path) must"):
        raw_call(method, path, None, None)


def test_raw_call_names_what_json_cannot_carry() -> None:
    with pytest.raises(InvalidRequestError, match=r"JSON cannot carry a\.b"):
        raw_call("POST", "/x", None, {"a": {"b": object()}})
