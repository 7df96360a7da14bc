"""What content is judged by, what is acceptable, and what came of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final, Literal, TypeAlias, cast

from .._data.checks import did_you_mean, shown
from ..errors import InvalidRequestError

Source: TypeAlias = Literal["prompt", "completion"]


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


def _categories(given: Collection[object] | None) -> frozenset[SafetyCategory | str] | None:
    if given is None:
        return None
    names = [] if isinstance(given, str | bytes) else list(given)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise InvalidRequestError.of(
            f"categories must be a list with at least one name, not {shown(given)}."
        )
    return frozenset(map(_meant, cast("list[str]", names)))


def _meant(name: str) -> SafetyCategory | str:
    """A category by its name; a new one may be named, but none that looks like a slip."""
    category = category_of(name)
    if not isinstance(category, SafetyCategory) and (hint := did_you_mean(name, SafetyCategory)):
        raise InvalidRequestError.of(f"There is no category {shown(name)}.{hint}")
    return category


def category_of(name: str) -> SafetyCategory | str:
    """A category by its name, known or not."""
    return SafetyCategory(name) if name in set(SafetyCategory) else name


@dataclass(frozen=True, slots=True)
class SafetyTemplate:
    """What is not acceptable.

    Content fails in a category if its severity is `threshold` or worse, if it was detected, or,
    with `fail_on_filtered`, if the platform held it back.

    Args:
        threshold: The lowest severity that fails: `"low"`, `"medium"` or `"high"`; `None` is none.
        fail_on_filtered: Whether content fails because the platform held it back.
        categories: Those that count; `None` is all, also those that are not known here. New ones may
            be named, but nothing that is nearly a known one.

    Raises:
        InvalidRequestError: A threshold that there is not, or `"safe"`, with which all would fail; a
            category that is misspelled.

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


PLATFORM: Final = SafetyTemplate()
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
