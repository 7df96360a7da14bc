"""The async client: settings in, APIs and verbs out, one line each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from .._core.async_driver import AsyncDriver
from .._core.config import DEFAULT_MAX_RESPONSE, Config, arrived, configure, portable, reconfigure
from .._data.checks import DEFAULT_TIMEOUT
from .._http.engine import AsyncEngine
from ..errors import ConfigurationError
from .base import KEEP, ClientBase, Shared, built_once, deprecated, raw_call, warming

if TYPE_CHECKING:
    import httpx

    from .._core.polling import Options
    from .._core.protocols import AsyncEngineProtocol
    from ..budget import Budget
    from ..embeddings.api import AsyncEmbeddingsAPI
    from ..models.api import AsyncModelsAPI
    from ..models.requests import FieldsOptions
    from ..orchestrator.api import AsyncOrchestratorAPI
    from ..outputs.previews import Preview
    from ..predictions.api import AsyncPredictionsAPI
    from ..predictions.handle import AsyncPrediction
    from ..predictions.requests import Payload
    from ..predictions.targets import Waitable
    from ..predictions.wait_all import AsyncCompleted
    from ..responses.api import AsyncResponsesAPI
    from ..safety.api import AsyncSafetyAPI
    from ..transports import AsyncHttpClient
    from ..types.models import Model
    from ..types.options import ClientOptions, RetryOptions
    from ..types.predict import PredictionResponse
    from ..types.requests import Input, RunOptions
    from ..types.shared import OnProgressCallback, PaginatedResponse
    from ..webhooks.handler import WebhookHandler
    from .chat import AsyncChatAPI


class AsyncSkytellsClient(ClientBase, AsyncDriver):
    """The async client of the Skytells platform. As `SkytellsClient`, awaited.

    One client may serve several event loops, one after another or in several threads: each has its
    own connections, which close with it. Use it as an async context manager or call `aclose()`, to
    close them at once. `on_progress` may be a coroutine function.

    Args:
        api_key: As for `SkytellsClient`, like all that follows.
        options: `ClientOptions` or a dict.
        base_url: Where the API is.
        timeout: Milliseconds for one call with all its retries.
        headers: Sent with every request.
        retry: How often a call is tried again.
        http_client: A ready `httpx.AsyncClient`, never closed here.
        allow_http: Allow plain http to a host other than this machine.
        max_response_bytes: Largest answer that is read, in bytes after decoding.
        orchestrator_key: Your key for `client.orchestrator`, `wfb_…`.
        orchestrator_base_url: Where the Orchestrator is.
        edge: Whether the API is the edge gateway.
        budget: What may be spent.

    Example:
        >>> import asyncio
        >>> async def main() -> None:
        ...     async with AsyncSkytellsClient() as client:
        ...         prediction = await client.run("flux-pro", input={"prompt": "A cat"})
        ...         print(prediction.status)
        >>> asyncio.run(main())
        succeeded
    """

    def __init__(
        self,
        api_key: str | Callable[[], str] | None = None,
        options: ClientOptions | Mapping[str, Any] | None = None,
        *,
        base_url: str | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        headers: Mapping[str, str] | None = None,
        retry: RetryOptions | Mapping[str, Any] | None = None,
        http_client: httpx.AsyncClient | AsyncHttpClient | None = None,
        allow_http: bool = False,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE,
        orchestrator_key: str | None = None,
        orchestrator_base_url: str | None = None,
        edge: bool = False,
        budget: Budget | None = None,
        auth: Literal["x-api-key", "bearer", "both"] = "x-api-key",
    ) -> None:
        config = configure(
            api_key,
            options,
            base_url=base_url,
            timeout=timeout,
            headers=headers,
            retry=retry,
            allow_http=allow_http,
            max_response_bytes=max_response_bytes,
            orchestrator_key=orchestrator_key,
            orchestrator_base_url=orchestrator_base_url,
            edge=edge,
            budget=budget,
            auth=auth,
        )
        self._assemble(config, AsyncEngine(http_client))

    def _assemble(
        self, config: Config, engine: AsyncEngineProtocol, shared: Shared | None = None
    ) -> None:
        super().__init__(config, shared)
        self._engine = engine

    @property
    @built_once
    def predictions(self) -> AsyncPredictionsAPI:
        """Predictions: create, fetch and list them, keep their outputs."""
        from ..predictions.api import AsyncPredictionsAPI

        shared = self._shared
        return AsyncPredictionsAPI(self, shared.submissions, self._preflight, self._config)

    @property
    @built_once
    def models(self) -> AsyncModelsAPI:
        """The catalogue of models."""
        from ..models.api import AsyncModelsAPI  # here: few predictions need the catalogue

        return AsyncModelsAPI(self, self._shared.models)

    @property
    @built_once
    def orchestrator(self) -> AsyncOrchestratorAPI:
        """Workflows on the Orchestrator, which has a key of its own."""
        from ..orchestrator.api import AsyncOrchestratorAPI  # here: few clients need it

        return AsyncOrchestratorAPI(self)

    @property
    @built_once
    def chat(self) -> AsyncChatAPI:
        """Conversations with text models; see `chat.completions`."""
        from .chat import AsyncChatAPI

        return AsyncChatAPI(self, lambda: self.responses)

    @property
    @built_once
    def responses(self) -> AsyncResponsesAPI:
        """Responses of text models."""
        from ..responses.api import AsyncResponsesAPI

        return AsyncResponsesAPI(self)

    @property
    @built_once
    def safety(self) -> AsyncSafetyAPI:
        """Whether content is acceptable."""
        from ..chat.requests import create_completion
        from ..safety.api import AsyncSafetyAPI

        return AsyncSafetyAPI(self, create_completion)

    @property
    @built_once
    def embeddings(self) -> AsyncEmbeddingsAPI:
        """Texts as vectors."""
        from ..embeddings.api import AsyncEmbeddingsAPI

        return AsyncEmbeddingsAPI(self)

    @property
    def http_client(self) -> httpx.AsyncClient:
        """What sends the requests: the `httpx.AsyncClient` of this client, or the one passed in."""
        client: httpx.AsyncClient = self._engine.client
        return client

    def with_options(
        self,
        *,
        api_key: str | None = None,
        timeout: float | None = KEEP,
        headers: Mapping[str, str] | None = None,
        retry: RetryOptions | Mapping[str, Any] | None = None,
        orchestrator_key: str | None = None,
        budget: Budget | None = None,
    ) -> Self:
        """A client with some settings changed, on the same connections; as `SkytellsClient`'s."""
        config = reconfigure(
            self._config,
            api_key=api_key,
            timeout=timeout,
            headers=headers,
            retry=retry,
            orchestrator_key=orchestrator_key,
            budget=budget,
        )
        client = type(self).__new__(type(self))
        client._assemble(config, self._engine, self._shared.under(api_key))
        return client

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, ...]]:
        if not self._engine.owned:
            raise ConfigurationError.of("A client with an http_client of yours cannot be pickled.")
        return type(self)._arrive, (portable(self._config),)

    def __copy__(self) -> Self:
        return self.with_options()

    def __deepcopy__(self, memo: object) -> Self:
        return self.with_options()

    @classmethod
    def _arrive(cls, config: Config) -> Self:
        client = cls.__new__(cls)
        client._assemble(arrived(config), AsyncEngine())
        return client

    def _preview(self, prediction: AsyncPrediction, max_wait: float) -> Preview | None:
        """What a notebook shows of a prediction, for a display, which cannot await: it blocks.

        `None` where there is an `http_client` of yours: that one can only be awaited.
        """
        if not self._engine.owned:
            return None
        from .display import preview

        return preview(self._config, self._shared, prediction, max_wait)

    async def warm_up(self, connections: int = 1) -> int:
        """Open connections of this event loop ahead of calls; as `SkytellsClient.warm_up`."""
        return await self.perform(warming(self._config, connections))

    async def run(
        self,
        model: str,
        input: Input | None = None,
        on_progress: OnProgressCallback | None = None,
        *,
        webhook: Mapping[str, Any] | str | None = None,
        stream: bool = False,
        options: RunOptions | Mapping[str, Any] | None = None,
        max_wait: float | None = None,
        interval: float | None = None,
        validate: bool = False,
        handler: WebhookHandler | None = None,
        progress: bool = False,
        download_to: str | os.PathLike[str] | None = None,
    ) -> AsyncPrediction:
        """Run a model and wait until its prediction has ended; as `SkytellsClient.run`."""
        from ..predictions.progress import ProgressReporter
        from ..predictions.run import check_destination, run, run_options

        chosen = run_options(input, webhook, stream, options, max_wait, interval)
        reporter = ProgressReporter(on_progress, progress)
        flow = run(
            model,
            chosen,
            reporter.callback,
            self._shared.submissions,
            self._preflight,
            self._shared.history,
            validate,
            handler,
        )
        if download_to is not None:
            await self.perform(check_destination(download_to))
        from ..predictions.handle import AsyncPrediction  # here: only this verb gives one

        prediction = AsyncPrediction(self, await self.perform(reporter.during(flow)))
        if download_to is not None:
            await prediction.save(download_to)
        return prediction

    async def predict(self, payload: Payload, *, validate: bool = False) -> PredictionResponse:
        """Create a prediction from a payload, sent as it is; as `SkytellsClient.predict`."""
        from ..predictions.prepare import create
        from ..predictions.requests import as_request

        return await self.perform(
            create(as_request(payload), self._shared.submissions.add, self._preflight, validate)
        )

    async def wait(
        self,
        prediction: Waitable,
        options: Options = None,
        on_progress: OnProgressCallback | None = None,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        handler: WebhookHandler | None = None,
        progress: bool = False,
    ) -> PredictionResponse:
        """Wait until a prediction has ended, whether it succeeded, failed or was cancelled; as `SkytellsClient.wait`."""
        from .._core.polling import wait_options
        from ..predictions.progress import ProgressReporter
        from ..predictions.wait import wait

        chosen = wait_options(options, max_wait, interval)
        reporter = ProgressReporter(on_progress, progress)
        flow = wait(prediction, chosen, reporter.callback, self._shared.history, handler)
        return await self.perform(reporter.during(flow))

    async def wait_all(
        self,
        predictions: Iterable[Waitable],
        options: Options = None,
        on_progress: OnProgressCallback | None = None,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        handler: WebhookHandler | None = None,
        progress: bool = False,
    ) -> list[PredictionResponse]:
        """Wait until all of many predictions have ended; as `SkytellsClient.wait_all`."""
        from .._core.polling import wait_options
        from ..predictions.progress import ProgressReporter
        from ..predictions.wait_all import PredictionBatch

        chosen = wait_options(options, max_wait, interval)
        reporter = ProgressReporter(on_progress, progress)
        batch = PredictionBatch(predictions, chosen, reporter.callback, handler)
        return await self.perform(reporter.during(batch.all(), batch.seen))

    def as_completed(
        self,
        predictions: Iterable[Waitable],
        options: Options = None,
        on_progress: OnProgressCallback | None = None,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        handler: WebhookHandler | None = None,
        progress: bool = False,
    ) -> AsyncCompleted:
        """Iterate, with `async for`, over predictions as they end; as `SkytellsClient`'s."""
        from .._core.polling import wait_options
        from ..predictions.progress import ProgressReporter
        from ..predictions.wait_all import AsyncCompleted, PredictionBatch

        chosen = wait_options(options, max_wait, interval)
        reporter = ProgressReporter(on_progress, progress)
        return AsyncCompleted(
            self, PredictionBatch(predictions, chosen, reporter.callback, handler), reporter
        )

    async def dispatch(self, *, validate: bool = False) -> list[PredictionResponse]:
        """Create predictions of all that is in the queue, eight at a time; as `SkytellsClient.dispatch`."""
        from ..predictions.dispatch import dispatch

        requests = self._take_queue()
        return await self.perform(
            dispatch(requests, self._shared.submissions, self._preflight, self._give_back, validate)
        )

    async def stream_prediction(self, id: str) -> PredictionResponse:
        """Fetch a prediction with the address of its stream, in `urls.stream`; as `SkytellsClient.stream_prediction`."""
        from ..predictions.requests import stream_prediction

        return await self.perform(stream_prediction(id))

    async def cancel_prediction(self, id: str) -> PredictionResponse:
        """Cancel a prediction that is still running; as `SkytellsClient.cancel_prediction`."""
        from ..predictions.requests import cancel_prediction

        return await self.perform(cancel_prediction(id))

    async def delete_prediction(self, id: str) -> PredictionResponse:
        """Delete a prediction and its files; returns the server's confirmation; as `SkytellsClient.delete_prediction`."""
        from ..predictions.requests import delete_prediction

        return await self.perform(delete_prediction(id))

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
    ) -> Any:
        """Call an endpoint that this package does not wrap; as `SkytellsClient.request`."""
        return await self.perform(raw_call(method, path, params, json))

    async def list_predictions(self, page: int | None = None) -> PaginatedResponse:
        """Deprecated: use `client.predictions.list()`."""
        deprecated("list_predictions", "client.predictions.list()")
        return await self.predictions.list(page=page)

    async def list_models(
        self, fields: Sequence[str] | None = None, options: FieldsOptions | None = None
    ) -> list[Model]:
        """Deprecated: use `client.models.list()`."""
        deprecated("list_models", "client.models.list()")
        return await self.models.list(fields, options)

    async def get_prediction(self, id: str) -> PredictionResponse:
        """Deprecated: use `client.predictions.get(id)`."""
        deprecated("get_prediction", "client.predictions.get(id)")
        return await self.predictions.get(id)

    async def get_model(
        self,
        slug: str,
        fields: Sequence[str] | None = None,
        options: FieldsOptions | None = None,
    ) -> Model:
        """Deprecated: use `client.models.get(slug)`."""
        deprecated("get_model", "client.models.get(slug)")
        return await self.models.get(slug, fields, options)
