"""Safety: the API that both clients offer as `client.safety`."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ..types.chat import ImageSource
from .check import Complete, check_image, check_text
from .findings import Judged, evaluate, filtered_categories, parse, was_filtered
from .templates import SafetyCategory, SafetyFinding, SafetyReport, SafetyTemplate

if TYPE_CHECKING:
    from .._core.protocols import AsyncPerformer, Performer


class SafetyAPI:
    """Whether content is acceptable; `client.safety`.

    A check is a chat call (`deepbrain-router`, 16 tokens at most), and billed as one. The other
    methods send nothing: they read what came with an answer that you have anyway.

    Example:
        >>> from skytells import SafetyTemplates
        >>> client.safety.check_text("A cat on a mat", template=SafetyTemplates.STRICT).passed
        True
    """

    def __init__(self, client: Performer, complete: Complete) -> None:
        self._client = client
        self._complete = complete

    def check_text(
        self,
        text: str,
        *,
        template: SafetyTemplate | None = None,
        categories: Collection[SafetyCategory | str] | None = None,
    ) -> SafetyReport:
        """Have a text judged. This is a chat call, and billed as one.

        Args:
            text: The text.
            template: What is not acceptable; by default what the platform holds back or detects.
            categories: Those that count, instead of the template's.

        Returns:
            The report. A text that the platform refuses altogether is a report, too, not an error.

        Raises:
            SkytellsError: It could not be judged.

        Example:
            >>> report = client.safety.check_text("He stabbed him")
            >>> report.passed, [str(category) for category in report.categories]
            (False, ['violence'])
        """
        return self._client.perform(check_text(self._complete, text, template, categories))

    def check_image(
        self,
        image: ImageSource,
        *,
        template: SafetyTemplate | None = None,
        categories: Collection[SafetyCategory | str] | None = None,
    ) -> SafetyReport:
        """Have a picture judged; as `check_text`.

        Args:
            image: Its URL, a `Path`, its bytes, or an open file; ten megabytes at most.
            template: What is not acceptable.
            categories: Those that count, instead of the template's.
        """
        return self._client.perform(check_image(self._complete, image, template, categories))

    def evaluate(
        self,
        judged: Judged,
        template: SafetyTemplate | None = None,
        *,
        categories: Collection[SafetyCategory | str] | None = None,
    ) -> SafetyReport:
        """Whether an answer that you have is acceptable; sends nothing. As `safety.evaluate`."""
        return evaluate(judged, template, categories=categories)

    def was_filtered(self, judged: Judged) -> bool:
        """Whether the platform held a prompt or an answer back; sends nothing."""
        return was_filtered(judged)

    def filtered_categories(self, judged: Judged) -> tuple[SafetyCategory | str, ...]:
        """The categories for which something was held back; sends nothing."""
        return filtered_categories(judged)

    def parse(self, judged: Judged) -> tuple[SafetyFinding, ...]:
        """All that content filters found; sends nothing. As `safety.parse`."""
        return parse(judged)


class AsyncSafetyAPI:
    """Whether content is acceptable; `client.safety`. As `SafetyAPI`; only the checks are awaited."""

    def __init__(self, client: AsyncPerformer, complete: Complete) -> None:
        self._client = client
        self._complete = complete

    async def check_text(
        self,
        text: str,
        *,
        template: SafetyTemplate | None = None,
        categories: Collection[SafetyCategory | str] | None = None,
    ) -> SafetyReport:
        """Have a text judged; as `SafetyAPI.check_text`."""
        return await self._client.perform(check_text(self._complete, text, template, categories))

    async def check_image(
        self,
        image: ImageSource,
        *,
        template: SafetyTemplate | None = None,
        categories: Collection[SafetyCategory | str] | None = None,
    ) -> SafetyReport:
        """Have a picture judged; as `SafetyAPI.check_image`."""
        return await self._client.perform(check_image(self._complete, image, template, categories))

    def evaluate(
        self,
        judged: Judged,
        template: SafetyTemplate | None = None,
        *,
        categories: Collection[SafetyCategory | str] | None = None,
    ) -> SafetyReport:
        """Whether an answer that you have is acceptable; not awaited. As `SafetyAPI.evaluate`."""
        return evaluate(judged, template, categories=categories)

    def was_filtered(self, judged: Judged) -> bool:
        """Whether the platform held a prompt or an answer back; not awaited."""
        return was_filtered(judged)

    def filtered_categories(self, judged: Judged) -> tuple[SafetyCategory | str, ...]:
        """The categories for which something was held back; not awaited."""
        return filtered_categories(judged)

    def parse(self, judged: Judged) -> tuple[SafetyFinding, ...]:
        """All that content filters found; not awaited."""
        return parse(judged)
