"""The error tree: as drawn, picklable, and with all that a user needs to go on."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

import skytells.errors
from skytells.errors import (
    ApiErrorId,
    Attempt,
    ConfigurationError,
    DispatchError,
    InvalidRequestError,
    RateLimitError,
    SkytellsError,
)
from skytells.types import PredictionRequest, PredictionResponse

DOCUMENTED = """
UNAUTHORIZED INVALID_PARAMETER INVALID_DATE_FORMAT INVALID_DATE_RANGE MODEL_NOT_FOUND
INTERNAL_ERROR INVALID_INPUT INSUFFICIENT_CREDITS ACCOUNT_SUSPENDED PAYMENT_REQUIRED
SECURITY_VIOLATION RATE_LIMIT_EXCEEDED INFRASTRUCTURE_ERROR
PREDICTION_FAILED WAIT_TIMEOUT REQUEST_TIMEOUT NETWORK_ERROR SERVER_ERROR INVALID_JSON
"""


def tree(cls: type[SkytellsError]) -> Iterator[type[SkytellsError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from tree(child)


CLASSES = list(tree(SkytellsError))
each_class = pytest.mark.parametrize("cls", CLASSES)


def full(cls: type[SkytellsError]) -> SkytellsError:
    """An error with every attribute set."""
    error = cls(
        "Went wrong.",
        "SOME_ID",
        {"category": "x"},
        418,
        error_type="t",
        error_code="c",
        request_id="req_1",
        retry_after=1.5,
        response={"a": [1]},
        retryable=not cls.default_retryable,
        maybe_sent=True,
    )
    error.prediction = PredictionResponse.from_wire({"id": "p1", "status": "failed"})
    error.request = PredictionRequest("flux-pro", {"prompt": "x"})
    error.candidates = (PredictionResponse(id="p2"),)
    error.attempts = (Attempt(1, "503", 0.1, 0.5), Attempt(2, "NetworkError", 0.2))
    error.started_at = 1e9
    if isinstance(error, DispatchError):
        error.predictions = [PredictionResponse(id="p1"), None]
        error.errors = [None, RateLimitError("Slow.", "RATE_LIMIT_EXCEEDED", "d", 429)]
        error.requests = error.unsent = [PredictionRequest("m", {})]
    return error


def state(error: BaseException) -> dict[str, Any]:
    return {
        name: [repr(e) for e in value] if name == "errors" else value
        for name, value in vars(error).items()
    }


def test_drawing_in_the_module_is_the_tree() -> None:
    doc = skytells.errors.__doc__ or ""
    parents: dict[int, str] = {}
    drawn: dict[str, str] = {}
    for line in doc.splitlines():
        found = re.match(r"    (?P<lines>[│├└─ ]*)(?P<name>[A-Z]\w+Error)\b", line)
        if found is None:
            continue
        depth = len(found["lines"]) // 4
        parents[depth] = found["name"]
        drawn[found["name"]] = parents.get(depth - 1, "Exception")
    assert drawn == {cls.__name__: cls.__bases__[0].__name__ for cls in CLASSES}


@each_class
def test_error_class_is_public_and_documented(cls: type[SkytellsError]) -> None:
    assert getattr(skytells, cls.__name__) is cls
    assert cls.__name__ in skytells.__all__
    assert inspect.getdoc(cls)


def test_error_takes_the_published_positions() -> None:
    error = SkytellsError("No such model.", "MODEL_NOT_FOUND", "flux-por", 404)
    assert str(error) == error.message == "No such model."
    assert (error.error_id, error.details, error.http_status) == (
        ApiErrorId.MODEL_NOT_FOUND,
        "flux-por",
        404,
    )
    assert SkytellsError("m", "i", "d").http_status == 0


@each_class
def test_error_defaults_are_empty(cls: type[SkytellsError]) -> None:
    error = cls("m", "i", "d")
    assert (error.prediction, error.request, error.started_at, error.prediction_id) == (None,) * 4
    assert (error.candidates, error.attempts) == ((), ())
    assert (error.error_type, error.error_code, error.request_id) == (None,) * 3
    assert (error.retry_after, error.response, error.maybe_sent) == (None, None, False)
    assert error.retryable is cls.default_retryable


@each_class
def test_error_repr_tells_class_message_id_and_status(cls: type[SkytellsError]) -> None:
    error = cls("Went wrong.", ApiErrorId.UNAUTHORIZED, "d", 401)
    assert repr(error) == (
        f"{cls.__name__}(message='Went wrong.', error_id='UNAUTHORIZED', http_status=401)"
    )


@pytest.mark.parametrize(("http_status", "status_code"), [(0, None), (404, 404)])
def test_status_code_is_none_where_there_was_no_answer(
    http_status: int, status_code: int | None
) -> None:
    assert SkytellsError("m", "i", "d", http_status).status_code == status_code


def test_prediction_id_is_that_of_the_prediction() -> None:
    assert full(SkytellsError).prediction_id == "p1"


COPIERS: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    *(
        (lambda error, n=n: pickle.loads(pickle.dumps(error, n)))
        for n in range(pickle.HIGHEST_PROTOCOL + 1)
    ),
]


@pytest.mark.parametrize("copier", COPIERS)
@each_class
def test_error_copies_with_all_attributes(
    cls: type[SkytellsError], copier: Callable[[Any], Any]
) -> None:
    error = full(cls)
    error.add_note("a note")
    copied = copier(error)
    assert type(copied) is cls
    assert copied is not error
    assert (str(copied), copied.args, repr(copied)) == (str(error), error.args, repr(error))
    assert copied.__notes__ == ["a note"]
    assert state(copied) == state(error)
    assert copied.prediction is not None
    assert copied.prediction.status == "failed"


def test_error_of_a_users_own_class_copies_too() -> None:
    class MineError(SkytellsError):
        def __init__(self) -> None:
            super().__init__("mine", "MINE", "d")
            self.extra = [1]

    copied = copy.copy(MineError())
    assert (type(copied), copied.error_id, copied.extra) == (MineError, "MINE", [1])


@pytest.mark.parametrize(
    ("cls", "error_id"),
    [(ConfigurationError, "CONFIGURATION_ERROR"), (InvalidRequestError, "INVALID_PARAMETER")],
)
def test_refusal_says_the_same_in_message_and_details(
    cls: type[ConfigurationError | InvalidRequestError], error_id: str
) -> None:
    error = cls.of("Not so; do this.")
    assert type(error) is cls
    assert (str(error), error.details, error.error_id) == (
        "Not so; do this.",
        "Not so; do this.",
        error_id,
    )
    assert (error.http_status, error.retryable, error.maybe_sent) == (0, False, False)


def test_error_ids_begin_with_the_documented_ones() -> None:
    assert [member.value for member in ApiErrorId][:19] == DOCUMENTED.split()
    assert all(member.name == member.value for member in ApiErrorId)


def test_unknown_error_id_stays_a_string() -> None:
    error = SkytellsError("m", "BRAND_NEW", "d")
    assert type(error.error_id) is str


def test_attempt_is_a_frozen_value() -> None:
    attempt: Any = Attempt(1, "503", 0.25, 0.5)
    assert attempt == Attempt(1, "503", 0.25, 0.5)
    assert Attempt(1, "200", 0.1).pause is None
    with pytest.raises(FrozenInstanceError):
        attempt.number = 2
