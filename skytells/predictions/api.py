"""Predictions: the API that both clients offer as `client.predictions`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .._data.checks import DEFAULT_IDLE
from ..errors import SkytellsError
from ..types.outputs import LARGEST_FILE, LARGEST_IN_MEMORY, DownloadProgress
from ..types.predict import PredictionResponse
from ..types.shared import PaginatedResponse
from .requests import (
    Payload,
    cancel_prediction,
    creating,
    delete_prediction,
    get_prediction,
    list_predictions,
    listing,
)
from .state import Preflight, SubmissionLog

if TYPE_CHECKING:
    from .._core.config import Config
    from .._core.protocols import AsyncPerformer, Performer
    from ..outputs.previews import Preview
    from ..outputs.reading import AsyncOutputReader, OutputReader
    from ..pagination import AsyncPager, Pager
    from ..types.requests import Input, PredictionsListOptions
    from .stream import AsyncPredictionStream, PredictionStream
    from .targets import Waitable

# In the classes below, `list` and `bytes` are methods.
Found: TypeAlias = list[PredictionResponse]
Paths: TypeAlias = list[Path]
Content: TypeAlias = bytes
Place: TypeAlias = str | os.PathLike[str]


class PredictionsAPI:
    """Create, fetch and list predictions; `client.predictions`.

    Example:
        >>> prediction = client.predictions.create(model="flux-pro", input={"prompt": "A cat"})
        >>> client.predictions.get(prediction.id)["id"] == prediction.id
        True
    """

    def __init__(
        self, client: Performer, submissions: SubmissionLog, preflight: Preflight, config: Config
    ) -> None:
        self._client = client
        self._submissions = submissions
        self._preflight = preflight
        self._config = config

    def create(
        self,
        payload: Payload | None = None,
        *,
        model: str | None = None,
        input: Input | None = None,
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
        from .prepare import create

        request = creating(payload, model, input, webhook, await_, stream)
        return self._client.perform(
            create(request, self._submissions.add, self._preflight, validate, request.await_)
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
        from ..pagination import Pager

        return Pager(self._client, options, list_predictions)

    def stream(
        self,
        prediction: Waitable,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        idle_timeout: float | None = DEFAULT_IDLE,
    ) -> PredictionStream:
        """Follow a prediction to its end: by its own stream where it has one, else by looking at it.

        A prediction that was created with `stream=True` may have a stream, at `urls.stream`. Where
        that is silent, breaks, or is not below `base_url`, the prediction is looked at, as `wait()`
        does; so its end is never missed.

        Args:
            prediction: A record, a handle, a dict with an `id`, or an id.
            max_wait: Longest time for all of it, in milliseconds; by default there is none.
            interval: Pause between two looks, in milliseconds; by default adaptive.
            idle_timeout: Longest silence of the stream before it is left for looks, in milliseconds;
                `None` has no limit.

        Returns:
            A context manager that gives a `PredictionEvent` for all that is told. The last is always
            the prediction as it has ended. Nothing is sent before it is entered or iterated.

        Raises:
            WaitTimeoutError: While it is read: it has not ended within `max_wait`.
            SkytellsError: While it is read: it could not be looked at.

        Example:
            >>> prediction = client.predictions.create(model="flux-pro", input={"prompt": "A cat"})
            >>> with client.predictions.stream(prediction) as stream:
            ...     statuses = [str(event.status) for event in stream]
            >>> statuses[-1], len(stream.final().output)
            ('succeeded', 1)
        """
        from .follow import follow
        from .stream import PredictionStream

        base_url = self._config.api.url
        return PredictionStream(
            self._client, follow(prediction, base_url, max_wait, interval, idle_timeout)
        )

    def preview(
        self,
        prediction: Waitable,
        *,
        max_wait: float | None = None,
        allow_private: bool = False,
    ) -> Preview:
        """A prediction as a notebook shows it: its pictures, films and sounds are fetched.

        Args:
            prediction: A record, a handle, a dict with an `id`, or an id.
            max_wait: Longest time for all of it, in milliseconds.
            allow_private: Allow addresses of private networks, and plain http.

        Returns:
            What renders itself as the last line of a cell. What could not be fetched says why.

        Example:
            >>> prediction = client.run("flux-pro", input={"prompt": "A cat"})
            >>> client.predictions.preview(prediction.id).complete
            True
        """
        from ..outputs.previews import LARGEST_PICTURE
        from ..outputs.saving import terms_of
        from .outputs import preview_outputs

        terms = terms_of(self._config, max_wait, LARGEST_PICTURE, allow_private=allow_private)
        return self._client.perform(preview_outputs(prediction, terms))

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
        from .recover import unconfirmed

        return self._client.perform(unconfirmed(error, self._submissions))

    def save(
        self,
        prediction: Waitable,
        to: Place = ".",
        *,
        overwrite: bool = False,
        progress: DownloadProgress | None = None,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_FILE,
        allow_private: bool = False,
    ) -> Paths:
        """Keep all outputs of a prediction on disk, before the platform deletes them.

        Args:
            prediction: A record, a handle, a dict with an `id`, or an id.
            to: A folder, which is made if need be; or, with a suffix, the name of a file.
            overwrite: Whether a file that is there may be replaced; otherwise the next free of
                `name-2`, `name-3` … is taken.
            progress: Called with the bytes that have come, and how many there will be or `None`.
            max_wait: Longest time for all of it, in milliseconds; without it, only silence for as
                long as the client's `timeout` ends a download.
            max_bytes: Largest output in bytes.
            allow_private: Allow addresses of private networks, and plain http.

        Returns:
            The files, in the order of the outputs; a text is kept as a `.txt`.

        Raises:
            DownloadError: Not all could be kept; `error.paths` has those that were.
            OutputExpiredError: One is no longer there.

        Example:
            >>> import tempfile
            >>> prediction = client.run("flux-pro", input={"prompt": "A cat"})
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     [path] = client.predictions.save(prediction.id, f"{folder}/cat.png")
            ...     print(path.name)
            cat.png
        """
        from ..outputs.saving import terms_of
        from .outputs import save_outputs

        terms = terms_of(self._config, max_wait, max_bytes, allow_private=allow_private)
        return self._client.perform(
            save_outputs(prediction, to, terms, progress, overwrite=overwrite)
        )

    def bytes(
        self,
        prediction: Waitable,
        index: int = 0,
        *,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_IN_MEMORY,
        allow_private: bool = False,
    ) -> Content:
        """One output of a prediction, in memory.

        Args:
            prediction: A record, a handle, a dict with an `id`, or an id.
            index: Which output, from 0.
            max_wait: Longest time in milliseconds.
            max_bytes: Largest output in bytes.
            allow_private: Allow addresses of private networks, and plain http.

        Raises:
            DownloadError: It could not be fetched.

        Example:
            >>> prediction = client.run("flux-pro", input={"prompt": "A cat"})
            >>> client.predictions.bytes(prediction.id)[:4]
            b'\\x89PNG'
        """
        from ..outputs.saving import terms_of
        from .outputs import fetch_output

        terms = terms_of(self._config, max_wait, max_bytes, allow_private=allow_private)
        return self._client.perform(fetch_output(prediction, index, terms))

    def open(
        self,
        prediction: Waitable,
        index: int = 0,
        *,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_FILE,
        allow_private: bool = False,
    ) -> OutputReader:
        """Read one output of a prediction as it comes, without holding it in memory.

        Args:
            prediction: A record, a handle, a dict with an `id`, or an id.
            index: Which output, from 0.
            max_wait: Longest time for all of it, in milliseconds.
            max_bytes: Largest output in bytes.
            allow_private: Allow addresses of private networks, and plain http.

        Returns:
            A context manager that gives chunks; the request is sent on entering it.

        Example:
            >>> prediction = client.run("flux-pro", input={"prompt": "A cat"})
            >>> with client.predictions.open(prediction.id) as output:
            ...     size = sum(len(chunk) for chunk in output)
        """
        from ..outputs.reading import OutputReader
        from ..outputs.saving import terms_of
        from .outputs import open_output

        terms = terms_of(self._config, max_wait, max_bytes, allow_private=allow_private)
        return OutputReader(self._client, open_output(prediction, index, terms))


class AsyncPredictionsAPI:
    """Create, fetch and list predictions; `client.predictions`. As `PredictionsAPI`, awaited."""

    def __init__(
        self,
        client: AsyncPerformer,
        submissions: SubmissionLog,
        preflight: Preflight,
        config: Config,
    ) -> None:
        self._client = client
        self._submissions = submissions
        self._preflight = preflight
        self._config = config

    async def create(
        self,
        payload: Payload | None = None,
        *,
        model: str | None = None,
        input: Input | None = None,
        webhook: Mapping[str, Any] | str | None = None,
        await_: bool = False,
        stream: bool = False,
        validate: bool = False,
    ) -> PredictionResponse:
        """Create a prediction in the background; as `PredictionsAPI.create`."""
        from .prepare import create

        request = creating(payload, model, input, webhook, await_, stream)
        return await self._client.perform(
            create(request, self._submissions.add, self._preflight, validate, request.await_)
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
        from ..pagination import AsyncPager

        return AsyncPager(self._client, options, list_predictions)

    def stream(
        self,
        prediction: Waitable,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        idle_timeout: float | None = DEFAULT_IDLE,
    ) -> AsyncPredictionStream:
        """Follow a prediction to its end; not awaited itself. As `PredictionsAPI.stream`."""
        from .follow import follow
        from .stream import AsyncPredictionStream

        base_url = self._config.api.url
        return AsyncPredictionStream(
            self._client, follow(prediction, base_url, max_wait, interval, idle_timeout)
        )

    async def preview(
        self,
        prediction: Waitable,
        *,
        max_wait: float | None = None,
        allow_private: bool = False,
    ) -> Preview:
        """A prediction as a notebook shows it; as `PredictionsAPI.preview`."""
        from ..outputs.previews import LARGEST_PICTURE
        from ..outputs.saving import terms_of
        from .outputs import preview_outputs

        terms = terms_of(self._config, max_wait, LARGEST_PICTURE, allow_private=allow_private)
        return await self._client.perform(preview_outputs(prediction, terms))

    async def cancel(self, id: str) -> PredictionResponse:
        """Cancel a prediction that is still running; as `client.cancel_prediction`."""
        return await self._client.perform(cancel_prediction(id))

    async def delete(self, id: str) -> PredictionResponse:
        """Delete a prediction and its files; as `client.delete_prediction`."""
        return await self._client.perform(delete_prediction(id))

    async def find_unconfirmed(self, error: SkytellsError) -> Found:
        """Find what a request whose answer was lost started; as `PredictionsAPI`'s."""
        from .recover import unconfirmed

        return await self._client.perform(unconfirmed(error, self._submissions))

    async def save(
        self,
        prediction: Waitable,
        to: Place = ".",
        *,
        overwrite: bool = False,
        progress: DownloadProgress | None = None,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_FILE,
        allow_private: bool = False,
    ) -> Paths:
        """Keep all outputs of a prediction on disk, before the platform deletes them; as `PredictionsAPI.save`."""
        from ..outputs.saving import terms_of
        from .outputs import save_outputs

        terms = terms_of(self._config, max_wait, max_bytes, allow_private=allow_private)
        return await self._client.perform(
            save_outputs(prediction, to, terms, progress, overwrite=overwrite)
        )

    async def bytes(
        self,
        prediction: Waitable,
        index: int = 0,
        *,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_IN_MEMORY,
        allow_private: bool = False,
    ) -> Content:
        """One output of a prediction, in memory; as `PredictionsAPI.bytes`."""
        from ..outputs.saving import terms_of
        from .outputs import fetch_output

        terms = terms_of(self._config, max_wait, max_bytes, allow_private=allow_private)
        return await self._client.perform(fetch_output(prediction, index, terms))

    def open(
        self,
        prediction: Waitable,
        index: int = 0,
        *,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_FILE,
        allow_private: bool = False,
    ) -> AsyncOutputReader:
        """Read one output as it comes, with `async with`; as `PredictionsAPI.open`."""
        from ..outputs.reading import AsyncOutputReader
        from ..outputs.saving import terms_of
        from .outputs import open_output

        terms = terms_of(self._config, max_wait, max_bytes, allow_private=allow_private)
        return AsyncOutputReader(self._client, open_output(prediction, index, terms))
