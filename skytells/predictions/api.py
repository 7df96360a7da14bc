"""Predictions: the API that both clients offer as `client.predictions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import SkytellsError
from ..pagination import AsyncPager, Pager
from ..types.predict import PredictionResponse, PredictionsListOptions
from ..types.shared import PaginatedResponse
from .calls import (
    Payload,
    cancel_prediction,
    creating,
    delete_prediction,
    get_prediction,
    list_predictions,
    listing,
)
from .flows import Accepted, unconfirmed
from .placing import Desk, create

if TYPE_CHECKING:
    from ..client import AsyncSkytellsClient, SkytellsClient

# In the classes below, `list` is a method.
Found: TypeAlias = list[PredictionResponse]


class PredictionsAPI:
    """Create, fetch and list predictions; `client.predictions`.

    Example:
        >>> prediction = client.predictions.create(model="flux-pro", input={"prompt": "A cat"})
        >>> client.predictions.get(prediction.id)["id"] == prediction.id
        True
    """

    def __init__(self, client: SkytellsClient, accepted: Accepted, desk: Desk) -> None:
        self._client = client
        self._accepted = accepted
        self._desk = desk

    def create(
        self,
        payload: Payload | None = None,
        *,
        model: str | None = None,
        input: Mapping[str, Any] | None = None,
        webhook: Mapping[str, Any] | str | None = None,
        await_: bool = False,
        stream: bool = False,
        validate: bool = False,
    ) -> PredictionResponse:
        """Create a prediction in the background, and return it without waiting.

        Args:
            payload: `{"model": …, "input": …}` or a `PredictionRequest`; further keys travel along.
            model: Slug of the model, instead of a payload.
            input: The model's parameters.
            webhook: `{"url": …, "events": […]}`.
            await_: Let the server hold its answer until the prediction has ended.
            stream: Ask for `urls.stream`.
            validate: Check the input by the model's own schema first, as `Model.validate` does.

        Returns:
            The prediction as accepted, usually `pending`.

        Raises:
            SkytellsError: It was refused; or, with `maybe_sent`, its outcome is unknown.

        Example:
            >>> client.predictions.create({"model": "flux-pro", "input": {"prompt": "A cat"}}).done
            False
        """
        request = creating(payload, model, input, webhook, await_, stream)
        return self._client.perform(
            create(request, self._accepted.add, self._desk, validate, request.await_)
        )

    def get(self, id: str) -> PredictionResponse:
        """Fetch a prediction.

        Args:
            id: Its id.

        Raises:
            NotFoundError: There is none.
        """
        return self._client.perform(get_prediction(id))

    def list(
        self,
        page: int | None = None,
        since: str | None = None,
        until: str | None = None,
        model: str | None = None,
        options: PredictionsListOptions | Mapping[str, Any] | None = None,
        *,
        per_page: int | None = None,
        status: str | None = None,
    ) -> PaginatedResponse:
        """Fetch one page of predictions.

        Args:
            page: Page number, from 1.
            since: First day, `YYYY-MM-DD`.
            until: Last day, `YYYY-MM-DD`.
            model: Slug of a model.
            options: The same as one object or dict; keywords win.
            per_page: Predictions on a page, 1 to 50.
            status: Only predictions in this status.

        Example:
            >>> page = client.predictions.list(model="flux-pro", per_page=10)
            >>> page.pagination.current_page
            1
        """
        return self._client.perform(
            list_predictions(listing(page, since, until, model, options, per_page, status))
        )

    def iterate(
        self,
        since: str | None = None,
        until: str | None = None,
        model: str | None = None,
        *,
        per_page: int = 50,
        status: str | None = None,
    ) -> Pager:
        """Iterate over all predictions that fit, fetching page after page.

        Args:
            since: First day, `YYYY-MM-DD`.
            until: Last day, `YYYY-MM-DD`.
            model: Slug of a model.
            per_page: Predictions per request, 1 to 50.
            status: Only predictions in this status.

        Returns:
            An iterable that begins anew each time; it gives no prediction twice.

        Example:
            >>> sum(1 for prediction in client.predictions.iterate(model="truefusion"))
            0
        """
        options = listing(None, since, until, model, None, per_page, status)
        return Pager(self._client, options, list_predictions)

    def cancel(self, id: str) -> PredictionResponse:
        """Cancel a prediction that is still running; as `client.cancel_prediction`."""
        return self._client.perform(cancel_prediction(id))

    def delete(self, id: str) -> PredictionResponse:
        """Delete a prediction and its files; as `client.delete_prediction`."""
        return self._client.perform(delete_prediction(id))

    def find_unconfirmed(self, error: SkytellsError) -> Found:
        """Find what a paid request whose answer was lost may have started.

        Args:
            error: An error whose `maybe_sent` is true.

        Returns:
            Predictions of the same model and input, created since the request began, that this
            client does not know as another's answer. None: it was most likely not accepted.
        """
        return self._client.perform(unconfirmed(error, self._accepted))


class AsyncPredictionsAPI:
    """Create, fetch and list predictions; `client.predictions`. As `PredictionsAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient, accepted: Accepted, desk: Desk) -> None:
        self._client = client
        self._accepted = accepted
        self._desk = desk

    async def create(
        self,
        payload: Payload | None = None,
        *,
        model: str | None = None,
        input: Mapping[str, Any] | None = None,
        webhook: Mapping[str, Any] | str | None = None,
        await_: bool = False,
        stream: bool = False,
        validate: bool = False,
    ) -> PredictionResponse:
        """Create a prediction in the background; as `PredictionsAPI.create`."""
        request = creating(payload, model, input, webhook, await_, stream)
        return await self._client.perform(
            create(request, self._accepted.add, self._desk, validate, request.await_)
        )

    async def get(self, id: str) -> PredictionResponse:
        """Fetch a prediction; as `PredictionsAPI.get`."""
        return await self._client.perform(get_prediction(id))

    async def list(
        self,
        page: int | None = None,
        since: str | None = None,
        until: str | None = None,
        model: str | None = None,
        options: PredictionsListOptions | Mapping[str, Any] | None = None,
        *,
        per_page: int | None = None,
        status: str | None = None,
    ) -> PaginatedResponse:
        """Fetch one page of predictions; as `PredictionsAPI.list`."""
        return await self._client.perform(
            list_predictions(listing(page, since, until, model, options, per_page, status))
        )

    def iterate(
        self,
        since: str | None = None,
        until: str | None = None,
        model: str | None = None,
        *,
        per_page: int = 50,
        status: str | None = None,
    ) -> AsyncPager:
        """Iterate, with `async for`, over all predictions that fit; as `PredictionsAPI.iterate`."""
        options = listing(None, since, until, model, None, per_page, status)
        return AsyncPager(self._client, options, list_predictions)

    async def cancel(self, id: str) -> PredictionResponse:
        """Cancel a prediction that is still running; as `client.cancel_prediction`."""
        return await self._client.perform(cancel_prediction(id))

    async def delete(self, id: str) -> PredictionResponse:
        """Delete a prediction and its files; as `client.delete_prediction`."""
        return await self._client.perform(delete_prediction(id))

    async def find_unconfirmed(self, error: SkytellsError) -> Found:
        """Find what a request whose answer was lost started; as `PredictionsAPI`'s."""
        return await self._client.perform(unconfirmed(error, self._accepted))
