"""What content filters found, wherever it stands, and what each template makes of it."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skytells import SafetyCategory, SafetySeverity, SafetyTemplate, SafetyTemplates
from skytells.errors import InvalidRequestError, ServerError
from skytells.safety import (
    SafetyFinding,
    evaluate,
    filtered_categories,
    is_refusal,
    parse,
    was_filtered,
)
from skytells.types.chat import ChatCompletion

from ..core.support import json_values

SAFE = {"filtered": False, "severity": "safe"}
LOW = {"filtered": False, "severity": "low"}
MEDIUM = {"filtered": True, "severity": "medium"}
HIGH = {"filtered": True, "severity": "high"}
DETECTED = {"filtered": False, "detected": True}
ALL_SAFE: dict[str, Any] = dict.fromkeys(("hate", "violence", "sexual", "self_harm"), SAFE)


def completion(
    *answers: dict[str, Any], prompt: dict[str, Any] | None = None, finish: str = "stop"
) -> dict[str, Any]:
    """A completion with these verdicts on its answers and on its prompt."""
    return {
        "choices": [{"finish_reason": finish, "content_filter_results": a} for a in answers],
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": prompt or {}}],
    }


def refused(**fields: Any) -> InvalidRequestError:
    given: dict[str, Any] = {"details": {"category": "hate"}, "http_status": 451} | fields
    return InvalidRequestError("Refused for hate.", "CONTENT_POLICY_VIOLATION", **given)


# Reading


def test_parse_reads_prompts_and_answers_alike() -> None:
    judged = completion({"violence": LOW}, prompt={"jailbreak": DETECTED, "violence": HIGH})
    assert set(parse(judged)) == {
        SafetyFinding(SafetyCategory.VIOLENCE, "completion", SafetySeverity.LOW),
        SafetyFinding(SafetyCategory.VIOLENCE, "prompt", SafetySeverity.HIGH, filtered=True),
        SafetyFinding(SafetyCategory.JAILBREAK, "prompt", detected=True),
    }


@pytest.mark.parametrize("order", list(itertools.permutations([SAFE, LOW, HIGH, DETECTED])))
def test_merged_findings_keep_the_worst_of_each(order: tuple[dict[str, Any], ...]) -> None:
    [finding] = parse(completion(*({"hate": result} for result in order)))
    assert (finding.severity, finding.filtered, finding.detected) == ("high", True, True)


@pytest.mark.parametrize(
    "judged",
    [
        completion({"violence": MEDIUM}),
        ChatCompletion.from_wire(completion({"violence": MEDIUM})),
        {"violence": MEDIUM},
        {"content_filter_results": {"violence": MEDIUM}},
        [{"choices": []}, completion({"violence": LOW}), completion({"violence": MEDIUM})],
        {"content_filters": [{"blocked": True, "content_filter_results": {"violence": MEDIUM}}]},
        {"type": "response.completed", "response": completion({"violence": MEDIUM})},
        {"error": {"innererror": {"content_filter_result": {"violence": MEDIUM}}}},
    ],
)
def test_parse_finds_a_verdict_wherever_it_stands(judged: Any) -> None:
    [finding] = parse(judged)
    assert (finding.category, finding.severity, finding.filtered) == ("violence", "medium", True)
    assert was_filtered(judged)
    assert filtered_categories(judged) == (SafetyCategory.VIOLENCE,)
    assert evaluate(judged).categories == ("violence",)


def test_parse_tells_what_a_response_was_asked_from_what_it_said() -> None:
    filters = [
        {"source_type": source, "content_filter_results": {"hate": LOW}}
        for source in ("prompt", "completion")
    ]
    assert [f.source for f in parse({"content_filters": filters})] == ["prompt", "completion"]


def test_parse_keeps_what_it_does_not_know() -> None:
    judged = {"gossip": {"filtered": True, "severity": "outrageous"}, "blocklists": {"filtered": 1}}
    gossip, blocklists = parse(judged)
    assert (gossip.category, gossip.severity, gossip.filtered) == ("gossip", "outrageous", True)
    assert (blocklists.filtered, blocklists.severity) == (False, None)
    assert not evaluate(judged, SafetyTemplates.MINIMAL).passed  # what is not known is the worst


@pytest.mark.parametrize("judged", ["text", None, 5, b"x", ServerError("Down.", "X", "x", 500)])
def test_what_holds_no_verdict_is_refused(judged: Any) -> None:
    for function in (parse, was_filtered, filtered_categories, evaluate):
        with pytest.raises(InvalidRequestError, match="no verdict"):
            function(judged)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["choices", "error", "response", "hate", "x"]), json_values))
def test_any_json_is_read_without_a_fault(judged: dict[str, Any]) -> None:
    report = evaluate(judged, SafetyTemplates.STRICT)
    assert report.passed <= report.judged
    assert set(report.failures) <= set(report.findings)


# Templates: every threshold truly applies


@pytest.mark.parametrize(
    ("name", "fails"),
    [
        ("STRICT", {"low", "medium", "high"}),
        ("MODERATE", {"medium", "high"}),
        ("MINIMAL", {"high"}),
        ("CHILD_SAFE", {"low", "medium", "high"}),
        ("ENTERPRISE", {"low", "medium", "high"}),
    ],
)
@pytest.mark.parametrize("severity", SafetySeverity)
@pytest.mark.parametrize("place", ["prompt", "completion"])
def test_a_template_fails_from_its_threshold_on(
    name: str, fails: set[str], severity: str, place: str
) -> None:
    template: SafetyTemplate = getattr(SafetyTemplates, name)
    results = ALL_SAFE | {"violence": {"filtered": False, "severity": severity}}
    judged = completion(ALL_SAFE, prompt=results) if place == "prompt" else completion(results)
    report = evaluate(judged, template)
    assert report.passed is (severity not in fails)
    assert report.categories == (() if report.passed else (SafetyCategory.VIOLENCE,))


@pytest.mark.parametrize("name", ["STRICT", "MODERATE", "CHILD_SAFE", "ENTERPRISE", "MINIMAL"])
def test_only_the_minimal_template_looks_past_what_was_held_back(name: str) -> None:
    held_back = {"sexual": {"filtered": True, "severity": "low"}}
    assert evaluate(held_back, getattr(SafetyTemplates, name)).passed is (name == "MINIMAL")
    assert not evaluate(held_back).passed


@pytest.mark.parametrize("name", ["STRICT", "MODERATE", "MINIMAL", "ENTERPRISE", "CHILD_SAFE"])
def test_what_is_detected_counts_where_its_category_does(name: str) -> None:
    judged = completion(ALL_SAFE, prompt={"jailbreak": DETECTED})
    assert evaluate(judged, getattr(SafetyTemplates, name)).passed is (name == "CHILD_SAFE")
    assert not evaluate(judged).passed
    assert not was_filtered(judged)


def test_new_categories_count_where_none_are_named() -> None:
    judged = {"gossip": LOW}
    assert not evaluate(judged, SafetyTemplates.STRICT).passed
    assert evaluate(judged, SafetyTemplates.ENTERPRISE).passed


def test_categories_stand_for_those_of_the_template() -> None:
    judged = {"hate": LOW, "jailbreak": DETECTED}
    assert evaluate(judged, SafetyTemplates.STRICT, categories=["hate"]).categories == ("hate",)
    assert evaluate(judged, SafetyTemplates.CHILD_SAFE, categories=["jailbreak"]).categories == (
        "jailbreak",
    )
    assert evaluate(judged, SafetyTemplates.STRICT, categories=["sexual"]).passed


def test_without_a_template_the_platform_decides() -> None:
    assert evaluate({"hate": {"filtered": False, "severity": "high"}}).passed
    assert not evaluate({"hate": {"filtered": True, "severity": "safe"}}).passed


# Refusals


def test_a_refusal_is_a_report() -> None:
    report = evaluate(refused())
    assert (report.passed, report.refused, report.judged) == (False, True, True)
    assert report.failures == (SafetyFinding(SafetyCategory.HATE, "prompt", filtered=True),)
    assert report.reason == "Refused for hate."
    assert was_filtered(refused())


@pytest.mark.parametrize(
    "template", [getattr(SafetyTemplates, n) for n in vars(SafetyTemplates) if n.isupper()]
)
def test_a_refusal_passes_with_no_template(template: SafetyTemplate) -> None:
    assert not evaluate(refused(), template).passed
    assert not evaluate(refused(details="no category"), template).passed


def test_a_refusal_for_another_category_is_not_for_this_one() -> None:
    assert evaluate(refused(), categories=["violence"]).passed
    assert not evaluate(refused(details="x"), categories=["violence"]).passed


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, True),
        ({"http_status": 400}, True),
        ({"error_id": "X", "http_status": 451}, True),
        ({"error_id": "content_policy_violation", "http_status": 400}, True),
        ({"error_id": "X", "http_status": 400, "error_code": "content_filter"}, True),
        ({"error_id": "X", "http_status": 400}, False),
    ],
)
def test_a_refusal_is_known_by_its_id_its_status_or_its_code(
    fields: dict[str, Any], refusal: bool
) -> None:
    chosen: dict[str, Any] = {"error_id": "CONTENT_POLICY_VIOLATION", "http_status": 451} | fields
    assert is_refusal(InvalidRequestError("No.", details="x", **chosen)) is refusal


@pytest.mark.parametrize(
    "judged",
    [
        completion({}, finish="content_filter"),
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        {"content_filters": [{"blocked": True}]},
        [{"choices": [{"finish_reason": None}]}, completion({}, finish="content_filter")],
    ],
)
def test_an_answer_that_was_broken_off_does_not_pass(judged: Any) -> None:
    assert was_filtered(judged)
    report = evaluate(judged)
    assert (report.passed, report.refused, report.failures) == (False, True, ())
    assert evaluate(judged, SafetyTemplates.MINIMAL).passed


UNJUDGED: list[Any] = [{}, [], {"choices": [{"message": {}}]}, {"hate": {}}]


@pytest.mark.parametrize("judged", UNJUDGED)
def test_what_nobody_judged_does_not_pass(judged: Any) -> None:
    report = evaluate(judged)
    assert (report.passed, report.judged, report.failures) == (False, False, ())
    assert not was_filtered(judged)


# What users pass in


@pytest.mark.parametrize("threshold", ["safe", "worse", "", 2, SafetySeverity.SAFE])
def test_a_threshold_that_cannot_be_is_refused(threshold: Any) -> None:
    with pytest.raises(InvalidRequestError, match="lowest severity that fails"):
        SafetyTemplate(threshold)


@pytest.mark.parametrize("categories", ["hate", [], [""], [5], b"x"])
def test_categories_that_cannot_be_are_refused(categories: Any) -> None:
    with pytest.raises(InvalidRequestError, match="categories must be a list"):
        SafetyTemplate("low", categories=categories)
    with pytest.raises(InvalidRequestError, match="categories must be a list"):
        evaluate({}, categories=categories)


@pytest.mark.parametrize("slip", ["violense", "self-harm", "Sexual"])
def test_a_category_that_looks_like_a_slip_is_refused(slip: str) -> None:
    with pytest.raises(InvalidRequestError, match=rf"no category '{slip}'. Did you mean "):
        SafetyTemplate("low", categories=[slip])
    assert SafetyTemplate("low", categories=["gossip"]).categories == {"gossip"}


def test_a_template_of_another_kind_is_refused() -> None:
    wrong: Any = "STRICT"
    with pytest.raises(InvalidRequestError, match=r"SafetyTemplates\.STRICT"):
        evaluate({}, wrong)


def test_templates_are_values() -> None:
    own = SafetyTemplate("medium", categories=["hate", "gossip"])
    assert own == SafetyTemplate(SafetySeverity.MEDIUM, categories=("gossip", "hate"))
    assert own.threshold is SafetySeverity.MEDIUM
    assert own.fails(SafetyFinding("gossip", "prompt", detected=True))
    with pytest.raises(dataclasses.FrozenInstanceError):
        own.threshold = "low"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
