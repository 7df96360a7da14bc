"""The local platform itself: models, predictions and their assets. No sockets, no event loop.

State changes only when somebody asks for it (create, cancel, delete, script); everything that a
prediction *shows* is computed from its life and the clock when somebody looks. So thousands of
running predictions cost nothing, and moving the clock moves them all.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Final, Unpack

from . import media
from .account import Account
from .catalogue import MODELS, Model
from .clock import Clock
from .faults import FaultBook
from .inference.service import Inference
from .jobs import Ending, Job, Page
from .orchestrator.service import Orchestrator
from .prediction_json import Json, Refusal, known_variants, spellings
from .requests import Order, Search, check_input
from .scripts import ScriptFields, Scripts, normal_life
from .store import Jobs, Recent
from .webhooks import Outbox

DEFAULT_KEY: Final = "sk-local"
"""The key that a platform without one of its own hands out; it takes any other too."""

PLENTY: Final = 1_000_000.0
"""Credits that an account has unless it is told otherwise."""

_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True)
class Request:
    """A request that the platform saw.

    Arguments:
        method: such as `POST`.
        path: as it travelled, percent-encoding included.
        query: the parameters; of a repeated one, the last.
        headers: by lower-case name.
        body: the parsed JSON, or `None`.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Json


class Platform:
    """A platform in memory, safe to use from several threads.

    Arguments:
        clock: its time; real time by default.
        seed: makes ids repeatable; `None` makes them random.
        key: the only API key it takes; `None` takes any that is not empty.
        models: what it offers.
        asset_lifetime: seconds on the calendar for which files stay after the end.
        credits: the balance at first; one credit is one dollar.
        rpm: predictions of one model that may begin within 60 platform seconds.
        concurrency: predictions of one model that may run at once.
        webhook_secret: signs webhooks; `None` signs with the key that ordered the prediction.
        webhook_wrapped: send `{"type", "created_at", "data"}` instead of the bare prediction.
        webhook_copies: how often each event is sent.
        variants: other spellings of answers; see `skytells.local.prediction_json.VARIANTS`.
        orchestrator_key: the only key that the Orchestrator takes; `None` takes any `wfb_…`.
        keep: predictions to remember; of more, the oldest that are over are forgotten.

    Raises:
        ValueError: an option makes no sense; the message names it.

    Example:
        >>> platform = Platform(clock=Clock(speed=0))
        >>> job = platform.create(Order("flux-pro", {"prompt": "a fox"}))
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
        credits: float = PLENTY,
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
        self.variants: frozenset[str] = known_variants(variants)
        self.account: Account = Account(
            self.clock, credits=credits, rpm=rpm, concurrency=concurrency
        )
        self.faults: FaultBook = FaultBook()
        self.outbox: Outbox = Outbox(
            secret=webhook_secret,
            wrapped=webhook_wrapped,
            copies=webhook_copies,
            variants=self.variants,
        )
        self._takes_any_key = key is None
        self._dice = Random(seed)
        # A source of its own: looking at predictions must not change the ids of the next ones.
        self._request_dice = Random(None if seed is None else f"{seed}/requests")
        self._slugs = {slug: model for model in self.models for slug in model.slugs}
        self._asset_lifetime = asset_lifetime
        self._jobs = Jobs(count=keep, weight=256 * _MEBIBYTE)
        self._scripts = Scripts()
        self._requests = Recent[Request](count=10_000, weight=64 * _MEBIBYTE)
        self._watchers: set[Callable[[], object]] = set()
        self._lock = threading.RLock()
        self.inference: Inference = Inference(
            self._slugs,
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
        """The moment, as the platform's clock shows it."""
        return self.clock.now()

    def authorise(self, key: str | None) -> None:
        """Let a key pass.

        Raises:
            Refusal: 401, the key is missing or wrong.
        """
        if not key:
            raise Refusal(401, "UNAUTHORIZED", "The x-api-key header is missing.")
        if key.startswith("wfb_"):
            raise Refusal(
                401, "UNAUTHORIZED", "A wfb_ key is the orchestrator's: it has no business here."
            )
        if not self._takes_any_key and key != self.key:
            raise Refusal(401, "UNAUTHORIZED", "The API key is not valid.")

    def model(self, slug: str) -> Model:
        """The model of a slug, with or without its vendor.

        Raises:
            Refusal: 404, there is none.
        """
        try:
            return self._slugs[slug]
        except KeyError:
            raise Refusal(404, "MODEL_NOT_FOUND", f"There is no model {slug!r}.") from None

    def get(self, job_id: str) -> Job:
        """The prediction of an id.

        Raises:
            Refusal: 404, there is none.
        """
        try:
            return self._jobs[job_id]
        except KeyError:
            raise Refusal(
                404, "PREDICTION_NOT_FOUND", f"There is no prediction {job_id!r}."
            ) from None

    def all(self) -> list[Job]:
        """Every prediction, newest first."""
        with self._lock:
            return self._jobs.newest_first()

    def find(self, search: Search) -> Page:
        """A page of the predictions that match, newest first.

        Raises:
            Refusal: 404, the model in the search does not exist.
        """
        model = None if search.model is None else self.model(search.model)
        now = self.now()
        found = [
            job
            for job in self.all()
            if (model is None or job.model is model)
            and (search.status is None or search.status in spellings(job.stage(now).status))
            and (search.since is None or job.date(job.created) >= search.since)
            and (search.until is None or job.date(job.created) < search.until)
        ]
        first = (search.page - 1) * search.per_page
        page = found[first : first + search.per_page]
        return Page(page, search.page, search.per_page, len(found))

    def asset(self, job_id: str, name: str) -> media.File:
        """An asset of a prediction that succeeded.

        Raises:
            Refusal: 404, there is none, or no longer.
        """
        with suppress(KeyError):
            job = self._jobs[job_id]
            for file in job.files if job.has_assets(self.now()) else ():
                if file.name == name:
                    return file
        raise Refusal(404, "NOT_FOUND", "There is no such file, or no longer.")

    def create(
        self, order: Order, *, origin: str = "", key: str | None = None, weight: int = 0
    ) -> Job:
        """Begin a prediction.

        Arguments:
            order: what is asked for.
            origin: scheme, host and port that the URLs sent to its webhook begin with.
            key: the API key that asks; the platform's own by default.
            weight: how many bytes the order took.

        Raises:
            Refusal: 404, no such model; 422, it is one for inference, or its input does not fit
                the model's schema; 429, a limit is reached; 402, the balance does not cover it.
        """
        model = self.model(order.model)
        if model.openai_compatible:
            raise Refusal(
                422,
                "MODEL_NOT_SUPPORTED",
                f"{model.namespace} takes no predictions: ask it through /v1/chat/completions, "
                "/v1/responses or /v1/embeddings.",
            )
        check_input(model, order.input)
        with self._lock:
            job = Job(
                id=str(uuid.UUID(int=self._dice.getrandbits(128), version=4)),
                model=model,
                order=order,
                life=self._scripts.of(model).life,
                created=self.now(),
                clock=self.clock,
                lifetime=self._asset_lifetime,
                origin=origin,
                key=key or self.key,
            )
            self.account.enter(job)
            self._scripts.use(model)
            self.outbox.plan(job)
            self._jobs.add(job, weight, job.created)
        if job.order.webhook:
            self._tell()
        return job

    def cancel(self, job_id: str) -> Job:
        """End a prediction early.

        Raises:
            Refusal: 409, it is over already; 404, there is none.
        """
        return self._end_now(job_id, "cancelled")

    def fail(self, job_id: str, message: str | None = None) -> Job:
        """Make a running prediction fail now.

        Arguments:
            job_id: the prediction.
            message: what it says; the model's usual words by default.

        Raises:
            Refusal: 409, it is over already; 404, there is none.
        """
        usual = normal_life(self.get(job_id).model).failure
        return self._end_now(job_id, "failed", message or usual)

    def finish(self, job_id: str) -> Job:
        """Make a running prediction succeed now.

        Raises:
            Refusal: 409, it is over already; 404, there is none.
        """
        return self._end_now(job_id, "succeeded")

    def delete(self, job_id: str) -> Job:
        """Remove a prediction and its assets for good; a running one is cancelled first.

        Raises:
            Refusal: 404, there is none.
        """
        with self._lock:
            job, now = self.get(job_id), self.now()
            if not job.finished(now):
                self._end(job, Ending(now, "cancelled"))
            job.deleted = True
            self._jobs.remove(job_id)
        self._tell()
        return job

    def script(self, slug: str, **fields: Unpack[ScriptFields]) -> None:
        """Decide how the next predictions or answers of a model fare; it replaces the one before.

        Arguments:
            slug: the model, or the id of a workflow, whose executions it decides.
            fields: what is decided; see `skytells.local.ScriptFields`.

        Raises:
            ValueError: the model does not exist, or the script contradicts itself.

        Example:
            >>> Platform().script("flux-pro", fails="NSFW content detected.", times=1)
        """
        if self.orchestrator.knows(slug):
            return self.orchestrator.script(slug, fields)
        if slug not in self._slugs:
            raise ValueError(f"no model {slug!r}: take one of {', '.join(self._names())}")
        with self._lock:
            self._scripts.set(self._slugs[slug], fields)
        return None

    def advance(self, seconds: float) -> None:
        """Move the platform's clock forward, in platform seconds."""
        self.clock.advance(seconds)
        self._tell()

    def set_speed(self, speed: float) -> None:
        """Let the platform's clock run at another speed from now on."""
        self.clock.speed = speed
        self._tell()

    def close(self) -> None:
        """Let go of everybody who waits."""
        self.closed = True
        self._tell()

    def watch(self, changed: Callable[[], object]) -> None:
        """Call `changed`, from any thread, when something happens that time alone didn't do.

        Creation counts only if a webhook is to be told.
        """
        with self._lock:
            self._watchers.add(changed)

    def unwatch(self, changed: Callable[[], object]) -> None:
        """Call it no more."""
        with self._lock:
            self._watchers.discard(changed)

    @property
    def requests(self) -> list[Request]:
        """The requests seen, oldest first."""
        with self._lock:
            return list(self._requests)

    def see(self, request: Request, weight: int = 0) -> None:
        """Remember a request, the body of which is so many bytes long."""
        with self._lock:
            self._requests.add(request, weight)

    def request_id(self) -> str:
        """A fresh id for a request."""
        with self._lock:
            return f"req_{self._request_dice.getrandbits(96):024x}"

    def _end_now(self, job_id: str, status: str, failure: str | None = None) -> Job:
        with self._lock:
            job, now = self.get(job_id), self.now()
            if job.finished(now):
                over = job.stage(now).status
                raise Refusal(
                    409, "PREDICTION_NOT_CANCELLABLE", f"The prediction is {over} already."
                )
            self._end(job, Ending(now, status, failure))
        self._tell()
        return job

    def _end(self, job: Job, ending: Ending) -> None:
        job.ending = ending
        self.account.leave(job)
        self.outbox.ended(job)

    def _names(self) -> list[str]:
        return [model.namespace for model in self.models]

    def _tell(self) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for changed in watchers:
            changed()
