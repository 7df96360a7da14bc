"""The sync client: settings in, APIs and verbs out, one line each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from .._core.config import DEFAULT_MAX_RESPONSE, Config, arrived, configure, portable, reconfigure
from .._core.driver import Driver
from .._data.checks import DEFAULT_TIMEOUT, blocking
from .._http.engine import SyncEngine
from ..errors import ConfigurationError
from .base import KEEP, ClientBase, Shared, built_once, deprecated, raw_call, warming

if TYPE_CHECKING:
    import httpx

    from .._core.polling import Options
    from .._core.protocols import EngineProtocol
    from ..budget import Budget
    from ..embeddings.api import EmbeddingsAPI
    from ..models.api import ModelsAPI
    from ..models.requests import FieldsOptions
    from ..orchestrator.api import OrchestratorAPI
    from ..predictions.api import PredictionsAPI
    from ..predictions.handle import Prediction
    from ..predictions.requests import Payload
    from ..predictions.targets import Waitable
    from ..predictions.wait_all import Completed
    from ..responses.api import ResponsesAPI
    from ..safety.api import SafetyAPI
    from ..transports import HttpClient
    from ..types.models import Model
    from ..types.options import ClientOptions, RetryOptions
    from ..types.predict import PredictionResponse
    from ..types.requests import Input, RunOptions
    from ..types.shared import OnProgressCallback, PaginatedResponse
    from ..webhooks.handler import WebhookHandler
    from .chat import ChatAPI


class SkytellsClient(ClientBase, Driver):
    """The sync client of the Skytells platform.

    It may be shared by threads, is cheap to build, and survives a fork. Use it as a context manager
    or call `close()`, to close its connections at once.

    Args:
        api_key: Your key, `sk-…`, or a function that returns it, which is called for each request. By
            default the environment's `SKYTELLS_API_KEY`; then the key file of the platform's command
            line, `~/.config/skytells/credentials.json`; then the secrets of Colab.
        options: `ClientOptions` or a dict, instead of keywords; a keyword that is given wins.
        base_url: Where the API is; by default `SKYTELLS_BASE_URL`, then `API_BASE_URL`.
        timeout: Milliseconds for one call with all its retries; `None` has no limit.
        headers: Sent with every request.
        retry: How often a call is tried again; by default reads twice, and whatever surely did not
            reach the server.
        http_client: A ready `httpx.Client`, for proxies, client certificates or a transport of your
            own. It is never closed here.
        allow_http: Allow plain http to a host other than this machine.
        max_response_bytes: Largest answer that is read, in bytes after decoding.
        orchestrator_key: Your key for `client.orchestrator`, `wfb_…`; by default the environment's
            `SKYTELLS_ORCHESTRATOR_KEY` or `ORCHESTRATOR_API_KEY`.
        orchestrator_base_url: Where the Orchestrator is; by default
            `SKYTELLS_ORCHESTRATOR_BASE_URL`, then `https://orchestrator.skytells.ai`.
        edge: Whether the API is the edge gateway: by default at `https://edge.skytells.ai/v1`, with
            a timeout of 25,000 milliseconds, and without webhooks.
        budget: What may be spent; a run that would exceed it is refused.
        auth: The header that carries the key: `x-api-key`, `bearer` (as `Authorization`) or `both`.

    Raises:
        ConfigurationError: An option that cannot work; the message names it.

    Example:
        >>> from skytells import SkytellsClient
        >>> client = SkytellsClient("sk-key", timeout=30_000, retry={"retries": 3})
        >>> client.models.get("flux-pro").name
        'FLUX Pro'
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
        http_client: httpx.Client | HttpClient | None = None,
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
        self._assemble(config, SyncEngine(http_client))

    def _assemble(
        self, config: Config, engine: EngineProtocol, shared: Shared | None = None
    ) -> None:
        super().__init__(config, shared)
        self._engine = engine

    @property
    @built_once
    def predictions(self) -> PredictionsAPI:
        """Predictions: create, fetch and list them, keep their outputs."""
        from ..predictions.api import PredictionsAPI

        shared = self._shared
        return PredictionsAPI(self, shared.submissions, self._preflight, self._config)

    @property
    @built_once
    def models(self) -> ModelsAPI:
        """The catalogue of models."""
        from ..models.api import ModelsAPI  # here: few predictions need the catalogue

        return ModelsAPI(self, self._shared.models)

    @property
    @built_once
    def orchestrator(self) -> OrchestratorAPI:
        """Workflows on the Orchestrator, which has a key of its own."""
        from ..orchestrator.api import OrchestratorAPI  # here: few clients need it

        return OrchestratorAPI(self)

    @property
    @built_once
    def chat(self) -> ChatAPI:
        """Conversations with text models; see `chat.completions`."""
        from .chat import ChatAPI

        return ChatAPI(self, lambda: self.responses)

    @property
    @built_once
    def responses(self) -> ResponsesAPI:
        """Responses of text models."""
        from ..responses.api import ResponsesAPI

        return ResponsesAPI(self)

    @property
    @built_once
    def safety(self) -> SafetyAPI:
        """Whether content is acceptable."""
        from ..chat.requests import create_completion
        from ..safety.api import SafetyAPI

        return SafetyAPI(self, create_completion)

    @property
    @built_once
    def embeddings(self) -> EmbeddingsAPI:
        """Texts as vectors."""
        from ..embeddings.api import EmbeddingsAPI

        return EmbeddingsAPI(self)

    @property
    def http_client(self) -> httpx.Client:
        """What sends the requests: the `httpx.Client` of this client, or the one passed in."""
        client: httpx.Client = self._engine.client
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
        """A client with some settings changed, on the same connections.

        Args:
            api_key: Another key.
            timeout: Milliseconds for one call; `None` has no limit.
            headers: Sent besides those of this client.
            retry: How often a call is tried again.
            orchestrator_key: Another key for `client.orchestrator`.
            budget: What this copy may spend; by default, the client's own budget.

        Example:
            >>> client.with_options(timeout=5_000, retry={"retries": 0}).models.get("flux-pro").name
            'FLUX Pro'
        """
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
        client._assemble(arrived(config), SyncEngine())
        return client

    def warm_up(self, connections: int = 1) -> int:
        """Open connections to the API before they are needed, so that the next calls find them.

        Nothing is sent on them, so nothing is counted or paid for.

        Args:
            connections: How many, from 1 to 100. They are kept for 30 seconds. A request that costs
                money goes on one that is not older than 2 seconds.

        Returns:
            How many were opened; none where a proxy leads to the API.

        Raises:
            ConfigurationError: The client sends through an `http_client` of yours.
            SkytellsError: One could not be opened within `timeout`.

        Example:
            >>> client.warm_up(4)
            4
        """
        return self.perform(warming(self._config, connections))

    def run(
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
    ) -> Prediction:
        """Run a model and wait until its prediction has ended.

        Args:
            model: Slug of the model, such as `"flux-pro"`.
            input: The model's parameters: a dict, a pydantic model or a dataclass. A `Path`, bytes or an
                open binary file among them, of 10 MiB at most, an image of Pillow and an array of
                NumPy are sent as data URIs, and a prediction as the URL of its output.
            on_progress: Called with each new state of the prediction.
            webhook: `{"url": …, "events": […]}`.
            stream: Ask for `urls.stream`.
            options: `RunOptions` or a dict, instead of keywords; keywords win.
            max_wait: Longest wait in milliseconds; `None` has no limit.
            interval: Pause between looks in milliseconds; by default adaptive.
            validate: Check the input by the model's own schema first, as `Model.validate` does.
            handler: What receives your webhooks, the one of `webhook=` among them: what tells of the
                end ends the wait at once, and looks are six times rarer meanwhile.
            progress: `True` draws a bar: in a terminal (with the extra `progress`), in a notebook,
                or as a few lines in a log.
            download_to: A folder, or the name of a file, where its outputs are kept the moment it
                has succeeded, as by `prediction.save()`; `prediction.paths` has them.

        Returns:
            The prediction, succeeded or cancelled.

        Raises:
            PredictionFailedError: It failed; `error.prediction` holds it.
            WaitTimeoutError: It is still running after `max_wait`; `error.prediction` holds it.
            DownloadError: It succeeded, and not all outputs were kept; `error.prediction` holds it.
            SkytellsError: It was not accepted; or, with `maybe_sent`, its outcome is unknown.

        Example:
            >>> prediction = client.run("flux-pro", input={"prompt": "A cat"})
            >>> print(prediction.status)
            succeeded
        """
        from ..predictions.progress import ProgressReporter
        from ..predictions.run import check_destination, run, run_options

        chosen = run_options(input, webhook, stream, options, max_wait, interval)
        reporter = ProgressReporter(blocking(on_progress), progress)
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
            self.perform(check_destination(download_to))
        from ..predictions.handle import Prediction  # here: only this verb gives one

        prediction = Prediction(self, self.perform(reporter.during(flow)))
        if download_to is not None:
            prediction.save(download_to)
        return prediction

    def predict(self, payload: Payload, *, validate: bool = False) -> PredictionResponse:
        """Create a prediction from a payload, sent as it is.

        Args:
            payload: `{"model": …, "input": …, "await": …}` or a `PredictionRequest`.
            validate: Check the input by the model's own schema first, as `Model.validate` does.

        Returns:
            The prediction as the server answers: ended if `await` was asked for and honoured.
        """
        from ..predictions.prepare import create
        from ..predictions.requests import as_request

        return self.perform(
            create(as_request(payload), self._shared.submissions.add, self._preflight, validate)
        )

    def wait(
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
        """Wait until a prediction has ended, whether it succeeded, failed or was cancelled.

        Args:
            prediction: A record, a handle, a dict with an `id`, or an id.
            options: `WaitOptions` or a dict, instead of keywords.
            on_progress: Called with each new state.
            max_wait: Longest wait in milliseconds; the last look begins at its end.
            interval: Pause between looks in milliseconds; by default quick at first, easing to 5 s.
            handler: What receives your webhooks: one that tells of the end ends the wait at once, and
                looks are six times rarer meanwhile.
            progress: Whether to draw a bar.

        Raises:
            WaitTimeoutError: It is still running after `max_wait`.

        Example:
            >>> background = client.predictions.create(model="flux-pro", input={"prompt": "A cat"})
            >>> print(client.wait(background, max_wait=60_000)["status"])
            succeeded
        """
        from .._core.polling import wait_options
        from ..predictions.progress import ProgressReporter
        from ..predictions.wait import wait

        chosen = wait_options(options, max_wait, interval)
        reporter = ProgressReporter(blocking(on_progress), progress)
        flow = wait(prediction, chosen, reporter.callback, self._shared.history, handler)
        return self.perform(reporter.during(flow))

    def wait_all(
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
        """Wait until all of many predictions have ended, at about a fiftieth of the requests.

        Args:
            predictions: Records, handles, dicts with an `id`, or ids.
            options: `WaitOptions` or a dict, instead of keywords.
            on_progress: Called with each new state of each prediction.
            max_wait: Longest wait for all of them, in milliseconds.
            interval: Pause between looks in milliseconds; by default adaptive.
            handler: What receives your webhooks: what has ended by one needs no look, and looks are
                six times rarer meanwhile.
            progress: Whether to draw a bar.

        Returns:
            Them in their order, whether they succeeded, failed or were cancelled.

        Raises:
            WaitTimeoutError: One is still running after `max_wait`.

        Example:
            >>> for prompt in ["A cat", "A dog", "A bird"]:
            ...     client.queue({"model": "flux-pro", "input": {"prompt": prompt}})
            >>> [str(p.status) for p in client.wait_all(client.dispatch())]
            ['succeeded', 'succeeded', 'succeeded']
        """
        from .._core.polling import wait_options
        from ..predictions.progress import ProgressReporter
        from ..predictions.wait_all import PredictionBatch

        chosen = wait_options(options, max_wait, interval)
        reporter = ProgressReporter(blocking(on_progress), progress)
        batch = PredictionBatch(predictions, chosen, reporter.callback, handler)
        return self.perform(reporter.during(batch.all(), batch.seen))

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
    ) -> Completed:
        """Iterate over many predictions as they end, waiting as `wait_all` does.

        Example:
            >>> prompts = ["A cat", "A dog"]
            >>> jobs = [client.predictions.create(model="flux-pro", input={"prompt": p}) for p in prompts]
            >>> for prediction in client.as_completed(jobs):
            ...     print(prediction.status)
            succeeded
            succeeded
        """
        from .._core.polling import wait_options
        from ..predictions.progress import ProgressReporter
        from ..predictions.wait_all import Completed, PredictionBatch

        chosen = wait_options(options, max_wait, interval)
        reporter = ProgressReporter(blocking(on_progress), progress)
        return Completed(
            self, PredictionBatch(predictions, chosen, reporter.callback, handler), reporter
        )

    def dispatch(self, *, validate: bool = False) -> list[PredictionResponse]:
        """Create predictions of all that is in the queue, eight at a time.

        Args:
            validate: Check each input by its model's own schema first, as `Model.validate` does.

        Returns:
            The predictions as accepted, in the order of the queue.

        Raises:
            DispatchError: Some were not accepted; it carries those that were.

        Example:
            >>> for prompt in ["A cat", "A dog"]:
            ...     client.queue({"model": "flux-pro", "input": {"prompt": prompt}})
            >>> [p["input"]["prompt"] for p in client.dispatch()]
            ['A cat', 'A dog']
        """
        from ..predictions.dispatch import dispatch

        requests = self._take_queue()
        return self.perform(
            dispatch(requests, self._shared.submissions, self._preflight, self._give_back, validate)
        )

    def stream_prediction(self, id: str) -> PredictionResponse:
        """Fetch a prediction with the address of its stream, in `urls.stream`."""
        from ..predictions.requests import stream_prediction

        return self.perform(stream_prediction(id))

    def cancel_prediction(self, id: str) -> PredictionResponse:
        """Cancel a prediction that is still running.

        Returns:
            The prediction; or the server's acknowledgement, with `id` and `status` as attributes.
        """
        from ..predictions.requests import cancel_prediction

        return self.perform(cancel_prediction(id))

    def delete_prediction(self, id: str) -> PredictionResponse:
        """Delete a prediction and its files; returns the server's confirmation."""
        from ..predictions.requests import delete_prediction

        return self.perform(delete_prediction(id))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
    ) -> Any:
        """Call an endpoint that this package does not wrap.

        Args:
            method: HTTP method. `POST` and `PATCH` are taken to cost money: they are not re-sent
                once they may have arrived.
            path: Path below `base_url`, encoded, such as `"/models"`.
            params: The query.
            json: The body.

        Returns:
            The answer's JSON; `None` where it is empty.

        Example:
            >>> client.request("GET", "/models/flux-pro")["namespace"]
            'flux-pro'
        """
        return self.perform(raw_call(method, path, params, json))

    def list_predictions(self, page: int | None = None) -> PaginatedResponse:
        """Deprecated: use `client.predictions.list()`."""
        deprecated("list_predictions", "client.predictions.list()")
        return self.predictions.list(page=page)

    def list_models(
        self, fields: Sequence[str] | None = None, options: FieldsOptions | None = None
    ) -> list[Model]:
        """Deprecated: use `client.models.list()`."""
        deprecated("list_models", "client.models.list()")
        return self.models.list(fields, options)

    def get_prediction(self, id: str) -> PredictionResponse:
        """Deprecated: use `client.predictions.get(id)`."""
        deprecated("get_prediction", "client.predictions.get(id)")
        return self.predictions.get(id)

    def get_model(
        self,
        slug: str,
        fields: Sequence[str] | None = None,
        options: FieldsOptions | None = None,
    ) -> Model:
        """Deprecated: use `client.models.get(slug)`."""
        deprecated("get_model", "client.models.get(slug)")
        return self.models.get(slug, fields, options)
