"""The inference service: it checks, generates and charges completions and embeddings."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from skytells.local.account import Account
from skytells.local.catalogue import Model
from skytells.local.clock import Clock
from skytells.local.errors import ApiError
from skytells.local.json_values import Json, JsonObject
from skytells.local.requests import parse_object
from skytells.local.scripts import Script, ScriptStore

from .embeddings import EmbeddingRequest, create_embeddings, parse_embeddings
from .generation import generate
from .parsing import parse_chat, parse_response, reject
from .types import Choice, Completion, CompletionRequest, Exchange, Message
from .validation import context_exceeded

_MAX_STORED: Final = 1000
_MAX_HISTORY: Final = 50
_MAX_SHOWN: Final = 2000


class Inference:
    """Chat, responses and embeddings of a platform. Thread-safe.

    Args:
        models: The platform's models by every slug.
        account: The account that is charged.
        clock: The platform's clock.
        scripts: The scripts of models.
        seed: Makes ids repeatable; `None` makes them random.
        lock: Guards the scripts.
        closed: Whether the platform has closed.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        account: Account,
        clock: Clock,
        scripts: ScriptStore,
        seed: int | None,
        lock: threading.RLock,
        closed: Callable[[], bool],
    ) -> None:
        self._models = models
        self._account = account
        self._clock = clock
        self._scripts = scripts
        self._random = Random(None if seed is None else f"{seed}/inference")
        self._lock = lock
        self._closed = closed
        self._stored: dict[str, Sequence[Message]] = {}
        self._history: deque[Exchange] = deque(maxlen=_MAX_HISTORY)

    @property
    def history(self) -> list[Exchange]:
        """The latest requests and their results, newest first."""
        with self._lock:
            return [*reversed(self._history)]

    def chat(self, body: Json, *, stream: bool = False) -> tuple[CompletionRequest, Completion]:
        """Complete a chat.

        Args:
            body: The JSON body.
            stream: Whether the query asks for events; the body may too.
        """
        fields = parse_object(body)
        return self._complete(parse_chat({**fields, "stream": True} if stream else fields))

    def respond(self, body: Json) -> tuple[CompletionRequest, Completion]:
        """Make a response; as `chat`, except that a script makes the response itself fail."""
        request = parse_response(parse_object(body), self._conversation)
        request, completion = self._complete(request, raises=False)
        if request.body.get("store"):
            choice = completion.choices[0]
            reply = Message("assistant", choice.text or "", calls=choice.calls)
            with self._lock:
                self._stored[f"resp_{completion.id}"] = [*request.messages, reply]
                while len(self._stored) > _MAX_STORED:
                    del self._stored[next(iter(self._stored))]
        return request, completion

    def embed(self, body: Json) -> tuple[EmbeddingRequest, JsonObject, float]:
        """Make embeddings; also returns the platform seconds that it takes."""
        request = parse_embeddings(parse_object(body))
        model = self._model(request.model, embeddings=True)
        result = create_embeddings(request, model.namespace, model.dimensions, self._closed)
        with self._lock:
            script = self._scripts.get(model)
            price = self._charge(model, script, model.token_credits(request.tokens, 0))
            shown = f"{len(request.texts)} × {request.dimensions or model.dimensions} numbers"
            first = " ".join(request.texts[0])[:_MAX_SHOWN]
            self._history.append(Exchange(model.namespace, first, shown, request.tokens, price))
        return request, result, script.seconds

    def limit_headers(self, slug: str) -> dict[str, str]:
        """The response headers about the limits of a model."""
        return self._account.limit_headers(self._models[slug].namespace)

    def _complete(
        self, request: CompletionRequest, *, raises: bool = True
    ) -> tuple[CompletionRequest, Completion]:
        model = self._model(request.model, embeddings=False)
        request = replace(request, model=model.namespace)
        with self._lock:
            script = self._scripts.get(model)
            completion = generate(
                request,
                script,
                self._models,
                id=f"{self._random.getrandbits(96):024x}",
                created=int(self._clock.date()),
            )
            prompt, generated = completion.prompt_tokens, completion.completion_tokens
            if prompt > model.context and request.body.get("truncation") != "auto":
                raise context_exceeded(model.context, prompt, request.field)
            price = model.token_credits(prompt, generated)
            price = self._charge(model, script, price, raises=raises)
            shown = completion.failure or _shown(completion.choices[0])
            self._history.append(
                Exchange(
                    model=completion.model,
                    prompt=request.prompt[:_MAX_SHOWN],
                    result=shown[:_MAX_SHOWN],
                    tokens=prompt + generated,
                    credits=price,
                )
            )
        return request, completion

    def _model(self, slug: str, *, embeddings: bool) -> Model:
        try:
            model = self._models[slug]
        except KeyError:
            raise ApiError(
                404, "MODEL_NOT_FOUND", f"There is no model {slug!r}.", param="model"
            ) from None
        if not model.openai_compatible:
            reject("model", f"is {slug!r}, which supports predictions only: use /v1/predict")
        if bool(model.dimensions) != embeddings:
            path = "/v1/embeddings" if model.dimensions else "/v1/chat/completions"
            reject("model", f"is {slug!r}, which this route does not support: use {path}")
        return model

    def _charge(self, model: Model, script: Script, price: float, *, raises: bool = True) -> float:
        """Charge a request, unless a script makes it fail; returns what was charged."""
        price = price if script.fails is None else 0.0
        self._account.charge(model.namespace, price, script.seconds)
        self._scripts.count_use(model)
        if raises and script.fails is not None:
            raise ApiError(500, "INFERENCE_ERROR", script.fails)
        return price

    def _conversation(self, response_id: str) -> Sequence[Message]:
        """The messages up to a stored response."""
        try:
            return self._stored[response_id]
        except KeyError:
            raise ApiError(
                404,
                "INVALID_REQUEST",
                f"The response {response_id!r} is not stored: create it with store: true.",
                param="previous_response_id",
            ) from None


def _shown(choice: Choice) -> str:
    calls = ", ".join(f"{call.name}({call.arguments})" for call in choice.calls)
    return choice.text or calls or choice.finish_reason
