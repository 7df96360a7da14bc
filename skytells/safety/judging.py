"""What content filters found, and whether that is acceptable: plain functions of plain values.

The platform judges every prompt and every answer of a chat model. `parse` reads its verdict from
wherever it stands, `evaluate` holds it against a template.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal, TypeAlias, cast

from .._checks import is_array, is_mapping, is_object, shown
from .._wire import as_list, clean
from ..errors import ApiErrorId, InvalidRequestError, SkytellsError

Source: TypeAlias = Literal["prompt", "completion"]
Judged: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | SkytellsError
"""What may hold a verdict: a completion, a chunk or several, a response, filter results, an error."""


class SafetyCategory(StrEnum):
    """What content is judged by. Categories that are not listed stay plain strings."""

    HATE = "hate"
    VIOLENCE = "violence"
    SEXUAL = "sexual"
    SELF_HARM = "self_harm"
    JAILBREAK = "jailbreak"
    PROTECTED_MATERIAL_CODE = "protected_material_code"
    PROTECTED_MATERIAL_TEXT = "protected_material_text"


class SafetySeverity(StrEnum):
    """How bad content is, in rising order. Severities that are not listed count as the worst."""

    SAFE = "safe"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


_DEGREES: Final = {str(severity): degree for degree, severity in enumerate(SafetySeverity)}
_UNKNOWN: Final = len(SafetySeverity)
HARMS: Final = frozenset(
    {
        SafetyCategory.HATE,
        SafetyCategory.VIOLENCE,
        SafetyCategory.SEXUAL,
        SafetyCategory.SELF_HARM,
    }
)


@dataclass(frozen=True, slots=True)
class SafetyFinding:
    """What was found of one category.

    Args:
        category: Which one.
        source: Whether in the prompt or in the answer.
        severity: How bad it is, for categories that have degrees.
        filtered: Whether the platform held the content back for it.
        detected: Whether it is there, for categories that have no degrees.
    """

    category: SafetyCategory | str
    source: Source
    severity: SafetySeverity | str | None = None
    filtered: bool = False
    detected: bool = False

    @property
    def degree(self) -> int:
        """The severity as a number: -1 for none, 0 for `safe`, 3 for `high`, 4 for an unknown one."""
        return -1 if self.severity is None else _DEGREES.get(self.severity, _UNKNOWN)

    def merged(self, other: SafetyFinding) -> SafetyFinding:
        """Both as one: the worst of each."""
        worst = max(self, other, key=lambda finding: finding.degree)
        return SafetyFinding(
            self.category,
            self.source,
            worst.severity,
            self.filtered or other.filtered,
            self.detected or other.detected,
        )


@dataclass(frozen=True, slots=True)
class SafetyTemplate:
    """What is not acceptable.

    Content fails in a category if its severity is `threshold` or worse, if it was detected, or,
    with `fail_on_filtered`, if the platform held it back.

    Args:
        threshold: The lowest severity that fails: `"low"`, `"medium"` or `"high"`; `None` is none.
        fail_on_filtered: Whether content fails because the platform held it back.
        categories: Those that count; `None` is all, also those that are not known here.

    Raises:
        InvalidRequestError: A threshold that there is not, or `"safe"`, with which all would fail.

    Example:
        >>> from skytells import SafetyTemplate
        >>> SafetyTemplate("medium", categories=["violence"]).threshold
        <SafetySeverity.MEDIUM: 'medium'>
    """

    threshold: SafetySeverity | str | None = None
    fail_on_filtered: bool = True
    categories: Collection[SafetyCategory | str] | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None:
            if self.threshold not in set(SafetySeverity) - {SafetySeverity.SAFE}:
                raise InvalidRequestError.of(
                    "threshold is the lowest severity that fails: 'low', 'medium' or 'high', not "
                    f"{shown(self.threshold)}."
                )
            object.__setattr__(self, "threshold", SafetySeverity(self.threshold))
        object.__setattr__(self, "categories", _categories(self.categories))

    def fails(self, finding: SafetyFinding) -> bool:
        """Whether a finding is not acceptable."""
        if self.categories is not None and finding.category not in self.categories:
            return False
        if finding.detected or (self.fail_on_filtered and finding.filtered):
            return True
        return self.threshold is not None and finding.degree >= _DEGREES[self.threshold]


class SafetyTemplates:
    """Templates for common needs.

    | Template | Fails from | What was held back | Categories |
    |---|---|---|---|
    | `STRICT` | `low` | fails | all, also new ones |
    | `MODERATE` | `medium` | fails | all, also new ones |
    | `MINIMAL` | `high` | is looked at by its severity alone | all, also new ones |
    | `CHILD_SAFE` | `low` | fails | hate, violence, sexual, self-harm |
    | `ENTERPRISE` | `low` | fails | the seven of `SafetyCategory` |
    """

    STRICT: ClassVar[SafetyTemplate] = SafetyTemplate(SafetySeverity.LOW)
    MODERATE: ClassVar[SafetyTemplate] = SafetyTemplate(SafetySeverity.MEDIUM)
    MINIMAL: ClassVar[SafetyTemplate] = SafetyTemplate(SafetySeverity.HIGH, fail_on_filtered=False)
    CHILD_SAFE: ClassVar[SafetyTemplate] = SafetyTemplate(SafetySeverity.LOW, categories=HARMS)
    ENTERPRISE: ClassVar[SafetyTemplate] = SafetyTemplate(
        SafetySeverity.LOW, categories=frozenset(SafetyCategory)
    )


_PLATFORM: Final = SafetyTemplate()
"""Content fails where the platform held it back or detected something, and not otherwise."""


@dataclass(frozen=True, slots=True)
class SafetyReport:
    """Whether content is acceptable, and why not.

    Args:
        passed: Whether it was judged, and nothing in it fails.
        findings: All that was found, the worst of each category in prompt and answer.
        failures: Those of them that fail.
        refused: Whether the platform refused to answer or broke its answer off.
        judged: Whether there was any verdict at all; what nobody judged does not pass.
        reason: The server's words, where it refused the request.
    """

    passed: bool
    findings: tuple[SafetyFinding, ...]
    failures: tuple[SafetyFinding, ...]
    refused: bool = False
    judged: bool = True
    reason: str | None = field(default=None, repr=False)

    @property
    def categories(self) -> tuple[SafetyCategory | str, ...]:
        """The categories that fail, each once."""
        return tuple(dict.fromkeys(finding.category for finding in self.failures))


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
    chosen = _PLATFORM if template is None else template
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
        or error.error_id == ApiErrorId.CONTENT_POLICY_VIOLATION
        or error.error_code in {"content_filter", "content_policy_violation"}
    )


def _categories(given: Collection[object] | None) -> frozenset[SafetyCategory | str] | None:
    if given is None:
        return None
    names = [] if isinstance(given, str | bytes) else list(given)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise InvalidRequestError.of(
            f"categories must be a list with at least one name, not {shown(given)}."
        )
    return frozenset(map(_category, cast("list[str]", names)))


def _category(name: str) -> SafetyCategory | str:
    return SafetyCategory(name) if name in set(SafetyCategory) else name


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
        places = _PLACES.keys() & wire
        for name in places - {"content_filters"}:
            yield from _results(wire[name], _PLACES[name] or source)
        for one in as_list(wire.get("content_filters")) or []:
            yield from _results(one, "prompt" if _is_prompts(one) else "completion")
        if not places:
            yield source, wire


_Results: TypeAlias = Mapping[str, Any]
# Where filter results stand, and what they are about where the place alone says so.
_PLACES: Final[dict[str, Source | None]] = {
    "prompt_filter_results": "prompt",
    "choices": "completion",
    "content_filter_results": None,
    "content_filter_result": None,
    "content_filters": None,
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
        _category(category),
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
