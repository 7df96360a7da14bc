"""What content filters found, and whether that is acceptable: plain functions of plain values.

The platform judges every prompt and every answer of a chat model. `parse` reads its verdict from
wherever it stands, `evaluate` holds it against a template.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from .._data.checks import as_list, clean, is_array, is_mapping, is_object, shown
from ..errors import ApiErrorId, InvalidRequestError, SkytellsError
from .templates import (
    PLATFORM,
    SafetyCategory,
    SafetyFinding,
    SafetyReport,
    SafetySeverity,
    SafetyTemplate,
    Source,
    category_of,
)

Judged: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | SkytellsError
"""What may hold a verdict: a completion, a chunk or several, a response, filter results, an error."""


def parse(judged: Judged) -> tuple[SafetyFinding, ...]:
    """What content filters found, the worst of each category in prompts and in answers.

    Args:
        judged: A completion, a chunk or a list of them, a response, filter results by themselves,
            or the error of a request that was refused.

    Example:
        >>> from skytells import safety
        >>> safety.parse({"violence": {"filtered": False, "severity": "low"}})[0].severity
        <SafetySeverity.LOW: 'low'>
    """
    found: dict[tuple[str, str], SafetyFinding] = {}
    for source, results in _results(_wire(judged), "completion"):
        for category, result in results.items():
            finding = _finding(category, source, result)
            if finding is not None:
                key = (finding.category, source)
                found[key] = found[key].merged(finding) if key in found else finding
    return tuple(found.values())


def was_filtered(judged: Judged) -> bool:
    """Whether the platform held a prompt or an answer back, or refused to answer."""
    return _refused(_wire(judged)) or any(finding.filtered for finding in parse(judged))


def filtered_categories(judged: Judged) -> tuple[SafetyCategory | str, ...]:
    """The categories for which a prompt or an answer was held back, each once."""
    return tuple(dict.fromkeys(f.category for f in parse(judged) if f.filtered))


def evaluate(
    judged: Judged,
    template: SafetyTemplate | None = None,
    *,
    categories: Collection[SafetyCategory | str] | None = None,
) -> SafetyReport:
    """Whether content is acceptable. Sends nothing.

    Args:
        judged: What `parse` takes.
        template: What is not acceptable; by default what the platform holds back or detects.
        categories: Those that count, instead of the template's.

    Example:
        >>> from skytells import safety, SafetyTemplates
        >>> found = {"violence": {"filtered": False, "severity": "low"}}
        >>> safety.evaluate(found).passed, safety.evaluate(found, SafetyTemplates.STRICT).passed
        (True, False)
    """
    chosen = PLATFORM if template is None else template
    if not isinstance(chosen, SafetyTemplate):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError.of(
            "template must be a SafetyTemplate, such as SafetyTemplates.STRICT, not "
            f"{shown(template)}."
        )
    if categories is not None:
        chosen = replace(chosen, categories=categories)
    findings, refused = parse(judged), _refused(_wire(judged))
    if isinstance(judged, SkytellsError):
        # Refused altogether: however lenient a template is, that does not pass.
        chosen = replace(chosen, fail_on_filtered=True)
    failures = tuple(filter(chosen.fails, findings))
    unexplained = refused and not any(finding.filtered for finding in findings)
    known = bool(findings) or refused
    return SafetyReport(
        passed=known and not failures and not (unexplained and chosen.fail_on_filtered),
        findings=findings,
        failures=failures,
        refused=refused,
        judged=known,
        reason=clean(judged.message) if isinstance(judged, SkytellsError) else None,
    )


def is_refusal(error: SkytellsError) -> bool:
    """Whether an error says that a request was refused for what it holds."""
    return (
        error.http_status == 451
        or error.error_id.upper() == ApiErrorId.CONTENT_POLICY_VIOLATION
        or error.error_code in {"content_filter", "content_policy_violation"}
    )


def _wire(judged: object) -> Any:
    """What is looked through, as JSON."""
    if is_mapping(judged) or is_array(judged):
        return judged
    if isinstance(judged, SkytellsError) and is_refusal(judged):
        category = judged.details.get("category") if is_object(judged.details) else None
        named = {category: {"filtered": True}} if isinstance(category, str) else {}
        return {"error": judged.response, "refused_for": named}
    raise InvalidRequestError.of(
        "This holds no verdict of a content filter: hand in a completion, a chunk, a response or "
        f"their filter results, not {shown(judged)}. For text, there is client.safety.check_text()."
    )


def _results(wire: object, source: Source) -> Iterator[tuple[Source, _Results]]:
    """All filter results in it, wherever they stand, with what they are about."""
    if is_array(wire):
        for item in wire:
            yield from _results(item, source)
    elif is_mapping(wire):
        places = [name for name in _PLACES if name in wire]
        for name in places:
            yield from _results(wire[name], _PLACES[name] or source)
        for one in as_list(wire.get("content_filters")) or []:
            yield from _results(one, "prompt" if _is_prompts(one) else "completion")
        if not places and "content_filters" not in wire:
            yield source, wire


_Results: TypeAlias = Mapping[str, Any]
# Where filter results stand, and what they are about where the place alone says so.
_PLACES: Final[dict[str, Source | None]] = {
    "prompt_filter_results": "prompt",
    "choices": "completion",
    "content_filter_results": None,
    "content_filter_result": None,
    "response": None,
    "error": "prompt",
    "innererror": None,
    "refused_for": "prompt",
}


def _is_prompts(filters: object) -> bool:
    """Whether filter results of a response are about what it was asked."""
    return is_mapping(filters) and filters.get("source_type") == "prompt"


def _finding(category: str, source: Source, result: object) -> SafetyFinding | None:
    """A finding, where the result of a filter is one."""
    if not is_mapping(result) or not {"filtered", "severity", "detected"} & set(result):
        return None
    given = result.get("severity")
    severity = given if isinstance(given, str) and given else None
    return SafetyFinding(
        category_of(category),
        source,
        SafetySeverity(severity) if severity in set(SafetySeverity) else severity,
        result.get("filtered") is True,
        result.get("detected") is True,
    )


def _refused(wire: object) -> bool:
    """Whether an answer was refused or broken off for what it holds."""
    if is_array(wire):
        return any(map(_refused, wire))
    if not is_mapping(wire):
        return False
    details = wire.get("incomplete_details")
    return (
        "refused_for" in wire
        or wire.get("finish_reason") == "content_filter"
        or wire.get("blocked") is True
        or (is_mapping(details) and details.get("reason") == "content_filter")
        or any(_refused(wire.get(name)) for name in ("choices", "content_filters", "response"))
    )
