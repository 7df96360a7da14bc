"""Whatever a server sends: a reply is made into a documented result or into one of our errors.

The property tests and the fuzz target (`fuzz/fuzz_reply.py`) hold any reply against `judge`.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from skytells._core.config import Config
from skytells._core.operation import Operation
from skytells._core.wire import BodyReader, Reply, WireRequest
from skytells._data.checks import is_list
from skytells._data.record import Record
from skytells.chat.parse import parse_completion
from skytells.chat.requests import create_completion, stream_completion
from skytells.embeddings.requests import create_embeddings
from skytells.errors import Attempt, SkytellsError
from skytells.models.requests import get_model, list_models
from skytells.orchestrator import requests as orchestrator
from skytells.predictions.requests import (
    cancel_prediction,
    create_prediction,
    delete_prediction,
    get_prediction,
    list_predictions,
    stream_prediction,
)
from skytells.responses.requests import create_response, stream_response
from skytells.types import PaginatedResponse, PredictionRequest, PredictionsListOptions
from skytells.types.chat import MessageParam

from .support import KEY, Hand, call_of, config

LIMIT: Final = 64 * 1024
HI: Final[list[MessageParam]] = [{"role": "user", "content": "Hi"}]


def _ignore(prediction: object) -> None:
    del prediction


CALLS: Final[Mapping[str, Callable[[], Operation[Any]]]] = {
    "get": lambda: get_prediction("p1"),
    "stream": lambda: stream_prediction("p1"),
    "create": lambda: create_prediction(PredictionRequest("flux-pro", {"prompt": "x"}), _ignore),
    "cancel": lambda: cancel_prediction("p1"),
    "delete": lambda: delete_prediction("p1"),
    "list": lambda: list_predictions(PredictionsListOptions()),
    "models": lambda: list_models(None, None),
    "model": lambda: get_model("flux-pro", None, None),
    "chat": lambda: call_of(create_completion("gpt-5", HI)),
    "parse": lambda: call_of(parse_completion("gpt-5", HI, dict[str, int], {})),
    "chat-stream": lambda: call_of(stream_completion("gpt-5", HI)),
    "respond": lambda: call_of(create_response("gpt-5", "Hi")),
    "respond-stream": lambda: call_of(stream_response("gpt-5", "Hi")),
    "embed": lambda: create_embeddings("skytells-embed-3-small", ["a", "b"], {}, id),
    "workflow": lambda: orchestrator.get_workflow("p1"),
    "workflows": orchestrator.list_workflows,
    "new-workflow": lambda: orchestrator.create_workflow("w", None, None, None),
    "changed-workflow": lambda: orchestrator.update_workflow("p1", "w", None, None, None, None),
    "deleted-workflow": lambda: orchestrator.delete_workflow("p1"),
    "copied-workflow": lambda: orchestrator.duplicate_workflow("p1"),
    "code": lambda: orchestrator.workflow_code("p1"),
    "zip": lambda: orchestrator.download_workflow("p1"),
    "trigger": lambda: orchestrator.start_workflow("p1", None),
    "execution": lambda: orchestrator.execution_status("p1"),
    "executions": lambda: orchestrator.list_executions("p1"),
    "deleted-executions": lambda: orchestrator.delete_executions("p1"),
    "logs": lambda: orchestrator.execution_logs("p1"),
    "integration": lambda: orchestrator.get_integration("p1"),
    "integrations": lambda: orchestrator.list_integrations(None),
    "new-integration": lambda: orchestrator.create_integration("i", "http", {}),
    "changed-integration": lambda: orchestrator.update_integration("p1", "i", None),
    "deleted-integration": lambda: orchestrator.delete_integration("p1"),
    "tried-integration": lambda: orchestrator.try_integration("p1"),
    "keys": orchestrator.list_keys,
    "key": lambda: orchestrator.create_key("CI"),
    "generate": lambda: orchestrator.generate_workflow("A workflow"),
    "user": orchestrator.get_user,
    "changed-user": lambda: orchestrator.update_user("u"),
}
"""The calls whose replies are read, by a short name."""


def judge(
    call: Operation[Any], status: int, headers: Mapping[str, str], chunks: Iterable[bytes]
) -> SkytellsError | None:
    """Let a call have a reply, as it came off the wire, and check what it makes of it.

    Returns:
        The error that the reply means, or `None` where it is a result. Anything else that the call
        raises is a defect and passes through.
    """

    def serve(_: WireRequest) -> Reply:
        body = BodyReader(status, dict(headers), LIMIT)
        for chunk in chunks:
            body.feed(chunk)
            if body.enough:
                break
        return Reply(status, dict(headers), body.finish())

    try:
        result = Hand(serve, _both_sides()).perform(call)
    except SkytellsError as error:
        _check_error(error, status)
        return error
    assert 200 <= status < 300
    _check_result(result)
    return None


def _both_sides() -> Config:
    settings = config(retries=0)
    return replace(settings, orchestrator=settings.orchestrator.with_key("wfb_key"))


def _check_error(error: SkytellsError, status: int) -> None:
    # Within a success, inference may say how it failed.
    assert error.http_status == status or (status < 300 and 400 <= error.http_status < 600)
    assert error.message == str(error)
    assert error.message.isprintable()
    assert 10 < len(error.message) < 1500
    assert error.error_id
    assert error.retry_after is None or 0 <= error.retry_after < math.inf
    assert [type(attempt) for attempt in error.attempts] == [Attempt]
    assert KEY not in f"{error!r} {vars(error)!r}"
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), vars(back)) == (type(error), vars(error))


def _check_result(result: object) -> None:
    if isinstance(result, PaginatedResponse):
        assert len(result) == len(list(result))
        assert all(type(number) is int for number in result.pagination.to_dict().values())
    if result is None or isinstance(result, str | bytes):
        return
    records: Any = result if is_list(result) or isinstance(result, PaginatedResponse) else [result]
    for record in records:
        assert isinstance(record, Record)
        for name in type(record).model_fields:
            getattr(record, name)
        assert repr(record)
        assert pickle.loads(pickle.dumps(record)) == dict(record) == record.to_dict()


def read_case(data: bytes) -> tuple[Operation[Any], int, dict[str, str], list[bytes]]:
    r"""A call and its reply from bytes; any will do.

    They are laid out so that people and fuzzers can write them: `get 200`, lines of headers, a line
    with nothing, the body. A form feed begins a new chunk of the body.
    """
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    name, _, number = first.partition(" ")
    status = int(number) if number.isascii() and number.isdecimal() and len(number) == 3 else 200
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    call = CALLS.get(name, CALLS["get"])()
    return call, max(200, status), headers, body.split(b"\f")
