"""Where inference is asked: it is checked, decided whole, and paid for before any of it is sent."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Final

from skytells.local.prediction_json import Json, JsonObject, Refusal
from skytells.local.requests import read_object

from .embeddings import Embed, embeddings, read_embed
from .generation import answer
from .parsing import read_chat, read_response, wrong
from .types import Answer, Ask, Talk, Turn
from .validation import context_exceeded

if TYPE_CHECKING:
    from skytells.local.account import Account
    from skytells.local.catalogue import Model
    from skytells.local.clock import Clock
    from skytells.local.scripts import Script, Scripts

_STORED: Final = 1000
_REMEMBERED: Final = 50
_LONGEST: Final = 2000


class Inference:
    """Chat, responses and embeddings of a platform, safe to use from several threads.

    Arguments:
        models: what the platform offers, by every slug.
        account: who pays.
        clock: the platform's time.
        scripts: what was decided about models.
        seed: makes ids repeatable; `None` makes them random.
        lock: what guards the scripts.
        closed: whether the platform has closed, so that nobody waits for an answer any more.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        account: Account,
        clock: Clock,
        scripts: Scripts,
        seed: int | None,
        lock: threading.RLock,
        closed: Callable[[], bool],
    ) -> None:
        self._models = models
        self._account = account
        self._clock = clock
        self._scripts = scripts
        self._dice = Random(None if seed is None else f"{seed}/inference")
        self._lock = lock
        self._closed = closed
        self._stored: dict[str, list[Turn]] = {}
        self._talks: deque[Talk] = deque(maxlen=_REMEMBERED)

    @property
    def talks(self) -> list[Talk]:
        """The latest questions and answers, newest first."""
        with self._lock:
            return [*reversed(self._talks)]

    def chat(self, body: Json, *, stream: bool = False) -> tuple[Ask, Answer]:
        """Chat.

        Arguments:
            body: what came as JSON.
            stream: whether the address asks for events; the body may too.

        Raises:
            Refusal: 400, 404, 451 for what is asked; 429, 402 as the account stands; 500, a
                script lets it fail.
        """
        fields = read_object(body)
        return self._asked(read_chat({**fields, "stream": True} if stream else fields))

    def respond(self, body: Json) -> tuple[Ask, Answer]:
        """Make a response; see `chat`. One that a script lets fail says so itself."""
        ask = read_response(read_object(body), self._earlier)
        ask, made = self._asked(ask, fails=False)
        if ask.body.get("store"):
            said = made.said[0]
            with self._lock:
                reply = Turn("assistant", said.text or "", calls=said.calls)
                self._stored[f"resp_{made.id}"] = [*ask.turns, reply]
                while len(self._stored) > _STORED:
                    del self._stored[next(iter(self._stored))]
        return ask, made

    def embed(self, body: Json) -> tuple[Embed, JsonObject, float]:
        """Embed what is asked for; also gives the platform seconds that it takes.

        Raises:
            Refusal: as for `chat`; 503, the platform has closed.
        """
        embed = read_embed(read_object(body))
        model = self._model(embed.model, embeds=True)
        made = embeddings(embed, model.namespace, model.dimensions, self._closed)
        with self._lock:
            script = self._scripts.of(model)
            price = self._begin(model, script, model.tokens(embed.tokens, 0))
            said = f"{len(embed.texts)} × {embed.dimensions or model.dimensions} numbers"
            first = " ".join(embed.texts[0])[:_LONGEST]
            self._talks.append(Talk(model.namespace, first, said, embed.tokens, price))
        return embed, made, script.seconds

    def limits(self, slug: str) -> dict[str, str]:
        """What the headers of an answer say about the limits of a model."""
        return self._account.standing(self._models[slug].namespace).headers()

    def _asked(self, ask: Ask, *, fails: bool = True) -> tuple[Ask, Answer]:
        model = self._model(ask.model, embeds=False)
        ask = replace(ask, model=model.namespace)
        with self._lock:
            script = self._scripts.of(model)
            made = answer(
                ask,
                script,
                self._models,
                id=f"{self._dice.getrandbits(96):024x}",
                created=int(self._clock.date()),
            )
            if made.read > model.context and ask.body.get("truncation") != "auto":
                raise context_exceeded(model.context, made.read, ask.field)
            cost = model.tokens(made.read, made.written)
            price = self._begin(model, script, cost, fails=fails)
            prompt, said = ask.prompt[:_LONGEST], _shown(made)[:_LONGEST]
            self._talks.append(Talk(made.model, prompt, said, made.read + made.written, price))
        return ask, made

    def _model(self, slug: str, *, embeds: bool) -> Model:
        try:
            model = self._models[slug]
        except KeyError:
            raise Refusal(
                404, "MODEL_NOT_FOUND", f"There is no model {slug!r}.", param="model"
            ) from None
        if not model.openai_compatible:
            wrong("model", f"names {slug!r}, which takes predictions only: send it to /v1/predict")
        if bool(model.dimensions) != embeds:
            there = "/v1/embeddings" if model.dimensions else "/v1/chat/completions"
            wrong("model", f"names {slug!r}, which belongs to {there}")
        return model

    def _begin(self, model: Model, script: Script, cost: float, *, fails: bool = True) -> float:
        """Pay for what was decided, unless a script lets it fail; the price is what was paid."""
        price = cost if script.fails is None else 0.0
        self._account.pay(model.namespace, price, script.seconds)
        self._scripts.use(model)
        if fails and script.fails is not None:
            raise Refusal(500, "INFERENCE_ERROR", script.fails)
        return price

    def _earlier(self, id: str) -> list[Turn]:
        try:
            return self._stored[id]
        except KeyError:
            raise Refusal(
                404,
                "INVALID_REQUEST",
                f"No response {id!r} is stored: make the earlier one with store: true.",
                param="previous_response_id",
            ) from None


def _shown(answer: Answer) -> str:
    """What an answer says, in a few words."""
    said = answer.said[0]
    calls = ", ".join(f"{call.name}({call.arguments})" for call in said.calls)
    return answer.failure or said.text or calls or said.finish
