"""The local platform: models, predictions and their assets. No sockets, no event loop.

State changes only on request (create, cancel, delete, script); what a prediction shows is computed
from its schedule and the clock. So running predictions cost nothing, and moving the clock moves all
of them.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Final, Unpack

from .account import Account
from .catalogue import MODELS, Model
from .clock import Clock
from .errors import ApiError
from .faults import FaultRules
from .inference.service import Inference
from .jobs import EarlyEnd, Job, JobPage
from .json_values import Json
from .media.files import File
from .orchestrator.service import Orchestrator
from .requests import ListQuery, PredictionRequest, check_input
from .scripts import ScriptFields, ScriptStore, usual_schedule
from .store import JobStore, RecentItems
from .variants import check_variants, status_spellings
from .webhooks import Outbox

DEFAULT_KEY: Final = "sk-local"
"""The API key of a platform that accepts any."""

DEFAULT_CREDITS: Final = 1_000_000.0
"""The initial balance by default."""

_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True)
class Request:
    """A request that the platform received.

    Args:
        method: Such as `POST`.
        path: As it was sent, percent-encoded.
        query: The parameters; of a repeated one, the last.
        headers: By lower-case name.
        body: The parsed JSON, or `None`.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Json


class Platform:
    """A platform in memory. Thread-safe.

    Args:
        clock: Its clock; real time by default.
        options: The other arguments; see `skytells.local.PlatformOptions`.

    Raises:
        ValueError: An option is wrong; the message names it.

    Example:
        >>> platform = Platform(clock=Clock(speed=0))
        >>> job = platform.create(PredictionRequest("flux-pro", {"prompt": "a fox"}))
        >>> platform.advance(60.0)
        >>> job.stage(platform.now()).status
        'succeeded'
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int | None = 0,
        key: str | None = None,
        models: Iterable[Model] = MODELS,
        asset_lifetime: float = 300.0,
        credits: float = DEFAULT_CREDITS,
        rpm: int | None = None,
        concurrency: int | None = None,
        webhook_secret: str | None = None,
        webhook_wrapped: bool = False,
        webhook_copies: int = 1,
        variants: Iterable[str] = (),
        orchestrator_key: str | None = None,
        keep: int = 10_000,
    ) -> None:
        self.clock: Clock = clock or Clock()
        self.models: tuple[Model, ...] = tuple(models)
        self.key: str = key or DEFAULT_KEY
        self.closed: bool = False
        self.variants: frozenset[str] = check_variants(variants)
        self.account: Account = Account(
            self.clock, credits=credits, rpm=rpm, concurrency=concurrency
        )
        self.faults: FaultRules = FaultRules()
        self.outbox: Outbox = Outbox(
            secret=webhook_secret,
            wrapped=webhook_wrapped,
            copies=webhook_copies,
            variants=self.variants,
        )
        self._accepts_any_key = key is None
        self._random = Random(seed)
        # A source of its own: reading predictions must not change the ids of the next ones.
        self._request_random = Random(None if seed is None else f"{seed}/requests")
        self._models_by_slug = {slug: model for model in self.models for slug in model.slugs}
        self._asset_lifetime = asset_lifetime
        self._jobs = JobStore(count=keep, size=256 * _MEBIBYTE)
        self._scripts = ScriptStore()
        self._requests = RecentItems[Request](count=10_000, size=64 * _MEBIBYTE)
        self._watchers: set[Callable[[], object]] = set()
        self._lock = threading.RLock()
        self.inference: Inference = Inference(
            self._models_by_slug,
            account=self.account,
            clock=self.clock,
            scripts=self._scripts,
            seed=seed,
            lock=self._lock,
            closed=lambda: self.closed,
        )
        self.orchestrator: Orchestrator = Orchestrator(self.clock, seed=seed, key=orchestrator_key)

    def __repr__(self) -> str:
        return f"Platform(predictions={len(self._jobs)}, clock={self.clock!r})"

    def now(self) -> float:
        """The current moment of the platform's clock."""
        return self.clock.now()

    def authorise(self, key: str | None) -> None:
        """Check an API key.

        Raises:
            ApiError: 401, the key is missing or wrong.
        """
        if not key:
            raise ApiError(401, "UNAUTHORIZED", "The x-api-key header is missing.")
        if key.startswith("wfb_"):
            message = "A wfb_ key is for the orchestrator: use an API key here."
            raise ApiError(401, "UNAUTHORIZED", message)
        if not self._accepts_any_key and key != self.key:
            raise ApiError(401, "UNAUTHORIZED", "The API key is not valid.")

    def model(self, slug: str) -> Model:
        """The model with a slug, which may include its vendor.

        Raises:
            ApiError: 404, it does not exist.
        """
        try:
            return self._models_by_slug[slug]
        except KeyError:
            raise ApiError(404, "MODEL_NOT_FOUND", f"There is no model {slug!r}.") from None

    def get(self, job_id: str) -> Job:
        """The prediction with an id.

        Raises:
            ApiError: 404, it does not exist.
        """
        try:
            return self._jobs[job_id]
        except KeyError:
            message = f"There is no prediction {job_id!r}."
            raise ApiError(404, "PREDICTION_NOT_FOUND", message) from None

    def all(self) -> list[Job]:
        """All predictions, newest first."""
        with self._lock:
            return self._jobs.newest_first()

    def find(self, query: ListQuery) -> JobPage:
        """A page of the matching predictions, newest first.

        Raises:
            ApiError: 404, the model in the query does not exist.
        """
        model = None if query.model is None else self.model(query.model)
        now = self.now()
        found = [
            job
            for job in self.all()
            if (model is None or job.model is model)
            and (query.status is None or query.status in status_spellings(job.stage(now).status))
            and (query.since is None or job.date(job.created) >= query.since)
            and (query.until is None or job.date(job.created) < query.until)
        ]
        first = (query.page - 1) * query.per_page
        page = found[first : first + query.per_page]
        return JobPage(page, query.page, query.per_page, len(found))

    def asset(self, job_id: str, name: str) -> File:
        """An asset of a successful prediction.

        Raises:
            ApiError: 404, it does not exist, or no longer.
        """
        with suppress(KeyError):
            job = self._jobs[job_id]
            for file in job.files if job.has_assets(self.now()) else ():
                if file.name == name:
                    return file
        raise ApiError(404, "NOT_FOUND", "This file does not exist, or no longer.")

    def create(
        self,
        request: PredictionRequest,
        *,
        origin: str = "",
        key: str | None = None,
        size: int = 0,
    ) -> Job:
        """Create a prediction.

        Args:
            request: The request.
            origin: Scheme, host and port of the URLs in its webhooks.
            key: The API key of the request; the platform's own by default.
            size: The size of the request in bytes.

        Raises:
            ApiError: 404, the model does not exist; 422, it is for inference only, or the input
                does not fit its schema; 429, a limit is reached; 402, the balance is too low.
        """
        model = self.model(request.model)
        if model.openai_compatible:
            raise ApiError(
                422,
                "MODEL_NOT_SUPPORTED",
                f"{model.namespace} does not support predictions: use /v1/chat/completions, "
                "/v1/responses or /v1/embeddings.",
            )
        check_input(model, request.input)
        with self._lock:
            job = Job(
                id=str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
                model=model,
                request=request,
                schedule=self._scripts.get(model).schedule,
                created=self.now(),
                clock=self.clock,
                lifetime=self._asset_lifetime,
                origin=origin,
                key=key or self.key,
            )
            self.account.reserve(job)
            self._scripts.count_use(model)
            self.outbox.plan(job)
            self._jobs.add(job, size, job.created)
        if job.request.webhook:
            self._notify()
        return job

    def cancel(self, job_id: str) -> Job:
        """Cancel a running prediction.

        Raises:
            ApiError: 409, it has finished; 404, it does not exist.
        """
        return self._end_now(job_id, "cancelled")

    def fail(self, job_id: str, message: str | None = None) -> Job:
        """Make a running prediction fail now.

        Args:
            job_id: The prediction.
            message: Its message; the model's usual one by default.

        Raises:
            ApiError: 409, it has finished; 404, it does not exist.
        """
        usual = usual_schedule(self.get(job_id).model).failure
        return self._end_now(job_id, "failed", message or usual)

    def finish(self, job_id: str) -> Job:
        """Make a running prediction succeed now.

        Raises:
            ApiError: 409, it has finished; 404, it does not exist.
        """
        return self._end_now(job_id, "succeeded")

    def delete(self, job_id: str) -> Job:
        """Delete a prediction and its assets; a running one is cancelled first.

        Raises:
            ApiError: 404, it does not exist.
        """
        with self._lock:
            job, now = self.get(job_id), self.now()
            if not job.finished(now):
                self._end(job, EarlyEnd(now, "cancelled"))
            job.deleted = True
            self._jobs.remove(job_id)
        self._notify()
        return job

    def script(self, slug: str, **fields: Unpack[ScriptFields]) -> None:
        """Set the script of a model or workflow, which replaces the one before.

        Args:
            slug: The model, or the id of a workflow.
            fields: The script; see `skytells.local.ScriptFields`.

        Raises:
            ValueError: The model does not exist, or the script contradicts itself.

        Example:
            >>> Platform().script("flux-pro", fails="NSFW content detected.", times=1)
        """
        if self.orchestrator.has_workflow(slug):
            self.orchestrator.script(slug, fields)
            return
        if slug not in self._models_by_slug:
            names = ", ".join(model.namespace for model in self.models)
            raise ValueError(f"unknown model {slug!r}: use one of {names}")
        with self._lock:
            self._scripts.set(self._models_by_slug[slug], fields)

    def advance(self, seconds: float) -> None:
        """Move the clock forward, in platform seconds."""
        self.clock.advance(seconds)
        self._notify()

    def set_speed(self, speed: float) -> None:
        """Change the speed of the clock."""
        self.clock.speed = speed
        self._notify()

    def close(self) -> None:
        """End all waits and streams."""
        self.closed = True
        self._notify()

    def watch(self, callback: Callable[[], object]) -> None:
        """Call a function, from any thread, at changes that are not due to the passage of time.

        Creation of a prediction counts only if it has a webhook.
        """
        with self._lock:
            self._watchers.add(callback)

    def unwatch(self, callback: Callable[[], object]) -> None:
        """Stop calling a function."""
        with self._lock:
            self._watchers.discard(callback)

    @property
    def requests(self) -> list[Request]:
        """The requests received, oldest first."""
        with self._lock:
            return list(self._requests)

    def record(self, request: Request, size: int = 0) -> None:
        """Record a request, whose body has a size in bytes."""
        with self._lock:
            self._requests.add(request, size)

    def request_id(self) -> str:
        """A new id for a request."""
        with self._lock:
            return f"req_{self._request_random.getrandbits(96):024x}"

    def _end_now(self, job_id: str, status: str, failure: str | None = None) -> Job:
        with self._lock:
            job, now = self.get(job_id), self.now()
            if job.finished(now):
                message = f"The prediction is {job.stage(now).status} already."
                raise ApiError(409, "PREDICTION_NOT_CANCELLABLE", message)
            self._end(job, EarlyEnd(now, status, failure))
        self._notify()
        return job

    def _end(self, job: Job, end: EarlyEnd) -> None:
        job.ended = end
        self.account.settle(job)
        self.outbox.reschedule(job)

    def _notify(self) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for callback in watchers:
            callback()
