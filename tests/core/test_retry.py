"""When to try again, and when to look again: the decision tables."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skytells._core.operation import Safety
from skytells._core.polling import LONGEST_PAUSE, Typical, poll_pause
from skytells._core.replies import error_of
from skytells._core.retry import (
    LONGEST_BACKOFF,
    LONGEST_RETRY_AFTER,
    RetryBudget,
    RetryPolicy,
    backoff,
    is_passing,
    pause_before_retry,
)
from skytells.errors import (
    InvalidResponseError,
    NetworkError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
)
from skytells.types import RetryOptions

from .support import reply

OWN = RetryPolicy()
SAFE, CONVERGENT, PAID = Safety.SAFE, Safety.CONVERGENT, Safety.PAID


def status(code: int, error_id: str = "X", retry_after: str = "") -> SkytellsError:
    return error_of(reply({"error": {"error_id": error_id}}, code, retry_after=retry_after))


def network(*, sent: bool, retryable: bool = True) -> SkytellsError:
    return NetworkError("m", "NETWORK_ERROR", "d", retryable=retryable, maybe_sent=sent)


def timeout(*, sent: bool) -> SkytellsError:
    return RequestTimeoutError("m", "REQUEST_TIMEOUT", "d", 408, maybe_sent=sent)


def retried(policy: RetryPolicy, safety: Safety, failure: SkytellsError, tries: int = 1) -> bool:
    return pause_before_retry(policy, safety, failure, tries, None, 0.5) is not None


# The SDK's own policy: (failure, again for reads and ends, again for what is paid)
TABLE: list[tuple[SkytellsError, bool, bool]] = [
    (network(sent=False), True, True),
    (network(sent=True), True, False),
    (network(sent=False, retryable=False), False, False),
    (timeout(sent=False), True, True),
    (timeout(sent=True), True, False),
    (status(425), True, True),
    (status(429), True, True),
    (status(429, "INSUFFICIENT_CREDITS"), False, False),
    (status(429, "PAYMENT_REQUIRED"), False, False),
    (status(408), True, False),
    *((status(code), True, False) for code in (500, 502, 503, 504, 529)),
    *((status(code), False, False) for code in (400, 401, 402, 403, 404, 409, 410, 413, 422, 451)),
    *((status(code), False, False) for code in (301, 302, 307, 501, 505)),
    (status(502, "PREDICTION_FAILED"), False, False),
    (status(502, "PREDICTION_NOT_FOUND"), False, False),
    (status(502, "MODEL_NOT_FOUND"), False, False),
    (InvalidResponseError("m", "INVALID_JSON", "d", 200), False, False),
    (ServerError("m", "SERVER_ERROR", "d", 200), False, False),
    (SkytellsError("m", "API_ERROR", "d", 200), False, False),
    (SkytellsError("m", "SDK_ERROR", "d"), False, False),
]


@pytest.mark.parametrize(("failure", "reads", "paid"), TABLE, ids=lambda x: str(x))
def test_own_policy_decides_by_the_table(failure: SkytellsError, reads: bool, paid: bool) -> None:
    assert retried(OWN, SAFE, failure) is reads
    assert retried(OWN, CONVERGENT, failure) is reads
    assert retried(OWN, PAID, failure) is paid


def test_own_policy_tries_three_times() -> None:
    assert [retried(OWN, SAFE, status(503), tries) for tries in (1, 2, 3)] == [True, True, False]


def test_policy_of_no_options_is_the_sdks_own() -> None:
    assert RetryPolicy.of(None) == OWN
    assert OWN.budgeted


def test_explicit_options_mean_exactly_what_they_say() -> None:
    policy = RetryPolicy.of(RetryOptions(3, 250, [418, 500]))
    assert (policy.retries, policy.delay, policy.budgeted) == (3, 0.25, False)
    assert retried(policy, SAFE, status(418))
    assert retried(policy, SAFE, status(500))
    assert not retried(policy, SAFE, status(503))
    assert not retried(policy, SAFE, status(429))
    assert [retried(policy, SAFE, status(500), tries) for tries in (3, 4)] == [True, False]


def test_explicit_options_default_to_no_retry() -> None:
    policy = RetryPolicy.of(RetryOptions())
    for failure, safety in itertools.product((status(503), network(sent=False)), Safety):
        assert not retried(policy, safety, failure)


@pytest.mark.parametrize("code", [408, 409, 500, 502, 503, 504])
def test_explicit_options_never_re_send_what_may_have_been_paid(code: int) -> None:
    policy = RetryPolicy.of(RetryOptions(100, 0, [408, 409, 425, 429, 500, 502, 503, 504]))
    assert retried(policy, SAFE, status(code))
    assert not retried(policy, PAID, status(code))
    assert not retried(policy, PAID, network(sent=True))
    assert retried(policy, PAID, status(429))


def test_explicit_options_without_429_keep_a_paid_post_from_it() -> None:
    assert not retried(RetryPolicy.of(RetryOptions(3, 0, [500])), PAID, status(429))


# How long


@pytest.mark.parametrize(
    ("tries", "most"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (1000, 8.0)]
)
def test_backoff_doubles_up_to_its_bound(tries: int, most: float) -> None:
    assert backoff(0.5, tries, 1.0) == most
    assert backoff(0.5, tries, 0.5) == most / 2
    assert backoff(0.5, tries, 0.0) == 0.0


@settings(max_examples=100)
@given(st.floats(0, 1000), st.integers(1, 200), st.floats(0, 1))
def test_backoff_is_full_jitter(delay: float, tries: int, chance: float) -> None:
    pause = backoff(delay, tries, chance)
    assert 0 <= pause <= min(LONGEST_BACKOFF, delay * 2 ** (tries - 1))
    assert pause == pytest.approx(chance * backoff(delay, tries, 1.0))


@pytest.mark.parametrize("seconds", ["0", "1", "12.5", "60"])
def test_retry_after_is_never_undercut(seconds: str) -> None:
    failure = status(429, retry_after=seconds)
    for chance in (0.0, 0.5, 1.0):
        pause = pause_before_retry(OWN, SAFE, failure, 1, None, chance)
        assert pause is not None
        assert float(seconds) <= pause <= float(seconds) + 0.1 * LONGEST_BACKOFF


@pytest.mark.parametrize("seconds", ["60.1", "61", "99999999"])
def test_retry_after_beyond_a_minute_ends_the_tries(seconds: str) -> None:
    assert pause_before_retry(OWN, SAFE, status(429, retry_after=seconds), 1, None, 0.5) is None
    assert LONGEST_RETRY_AFTER == 60


@pytest.mark.parametrize(
    ("failure", "left", "again"),
    [
        (status(503), 0.2, False),
        (status(503), 0.25, False),
        (status(503), 0.3, True),
        (status(503), 0.0, False),
        (status(503), -1.0, False),
        (status(429, retry_after="5"), 5.0, False),
        (status(429, retry_after="5"), 6.0, True),
    ],
)
def test_retry_that_would_not_begin_in_time_is_not_waited_for(
    failure: SkytellsError, left: float, again: bool
) -> None:
    pause = pause_before_retry(OWN, SAFE, failure, 1, left, 0.5)
    assert (pause is not None) is again


# The budget


def drain(budget: RetryBudget, failure: SkytellsError) -> int:
    return sum(1 for _ in itertools.takewhile(lambda _: budget.spend(failure), range(1000)))


def test_budget_pays_for_ten_retries_in_a_row() -> None:
    assert drain(RetryBudget(), status(503)) == 10
    assert drain(RetryBudget(), network(sent=False)) == 10
    assert drain(RetryBudget(), status(429)) == 20


def test_budget_is_refilled_by_success() -> None:
    budget = RetryBudget()
    drain(budget, status(503))
    for _ in range(9):
        budget.succeed(1)
    assert not budget.spend(status(503))
    budget.succeed(1)
    assert budget.spend(status(503))
    budget.succeed(2)
    assert budget.spend(status(503))
    assert not budget.spend(status(503))


def test_budget_never_holds_more_than_at_first() -> None:
    budget = RetryBudget()
    for tries in (1, 2, 3):
        budget.succeed(tries)
    assert drain(budget, status(503)) == 10


def test_budget_is_spent_once_by_many_threads() -> None:
    budget, paid = RetryBudget(), list[int]()
    threads = [
        threading.Thread(target=lambda: paid.append(drain(budget, status(429)))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(paid) == 20


# Looks


def test_poll_pause_eases_from_quick_to_five_seconds() -> None:
    pauses = [poll_pause(elapsed, 0.5) for elapsed in (0, 1, 2, 10, 30, 60, 10_000)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.25, 5.0)


@settings(max_examples=100)
@given(
    st.floats(0, 1e6),
    st.floats(0, 1),
    st.none() | st.builds(Typical, st.floats(0.1, 10), st.floats(10, 20), st.floats(20, 1e5)),
)
def test_poll_pause_is_bounded(elapsed: float, chance: float, typical: Typical | None) -> None:
    pause = poll_pause(elapsed, chance, typical)
    assert 0.95 * 0.25 <= pause <= 1.05 * LONGEST_PAUSE


def test_poll_pause_asks_nothing_before_it_can_be_ready() -> None:
    typical = Typical(20.0, 25.0, 30.0)
    assert poll_pause(0.0, 0.5, typical) == 20.0
    assert poll_pause(19.9, 0.5, typical) == 0.25
    assert poll_pause(22.0, 0.5, typical) == pytest.approx(2.5)
    assert poll_pause(40.0, 0.5, typical) == poll_pause(40.0, 0.5)
    assert poll_pause(0.0, 0.5, Typical(500.0, 600.0, 700.0)) == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("failure", "passing"),
    [
        *((status(code), True) for code in (408, 425, 429, 500, 502, 503, 504, 529)),
        *((status(code), False) for code in (400, 401, 403, 404, 410, 422, 501)),
        (network(sent=True), True),
        (network(sent=False, retryable=False), False),
        (timeout(sent=True), True),
        (status(502, "PREDICTION_NOT_FOUND"), False),
        (status(502, "PREDICTION_FAILED"), False),
        (status(429, "INSUFFICIENT_CREDITS"), False),
        (InvalidResponseError("m", "INVALID_JSON", "d", 200), False),
    ],
)
def test_trouble_passes_or_not(failure: SkytellsError, passing: bool) -> None:
    assert is_passing(failure) is passing


def test_statuses_of_the_own_policy_are_those_that_pass() -> None:
    every: Any = range(100, 600)
    again = {code for code in every if retried(OWN, SAFE, status(code))}
    assert again == {code for code in every if is_passing(status(code))} == OWN.statuses
