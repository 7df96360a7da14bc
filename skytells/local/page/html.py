"""The HTML of the page. It changes nothing and knows nothing of HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from skytells.local.inference.types import Exchange
from skytells.local.jobs import Job
from skytells.local.json_values import Json, JsonObject
from skytells.local.platform import DEFAULT_KEY, Platform
from skytells.local.prediction_json import prediction_json
from skytells.local.schedule import TERMINAL
from skytells.local.webhooks import Delivery

from ..._data.html import Markup, tag, together

_MAX_ITEMS: Final = 50
"""The number of predictions and deliveries that are shown."""

_MAX_TEXT: Final = 2000
"""The number of characters of a value that are shown."""

_STYLE: Final = Markup(Path(__file__).with_name("style.css").read_text("utf-8"))
_SCRIPT: Final = Markup(Path(__file__).with_name("script.js").read_text("utf-8"))

_ACTIONS: Final = {"finish": "Finish", "fail": "Fail", "cancel": "Cancel"}


def content_security_policy() -> str:
    """The policy for the page: its own style and script, and files of this platform."""
    return (
        f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; "
        "img-src 'self' data:; media-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def page(platform: Platform, origin: str) -> str:
    """The page.

    Args:
        platform: The platform.
        origin: Scheme, host and port of the request for the page.
    """
    jobs, now = platform.all(), platform.now()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", "Skytells, local platform"),
        tag("link", rel="icon", href="data:,"),
        tag("noscript", tag("meta", http_equiv="refresh", content="5")),
        tag("style", _STYLE),
    )
    main = tag(
        "main",
        _predictions(jobs, now, origin),
        exchanges(platform.inference.history),
        deliveries(list(platform.outbox.deliveries)),
    )
    body = tag("body", _header(platform, jobs, now, origin), main, tag("script", _SCRIPT))
    return f"<!doctype html>{tag('html', head, body, lang='en')}"


def exchanges(history: Sequence[Exchange]) -> Markup:
    """A table of requests to chat, responses and embeddings."""
    rows = [
        tag(
            "tr",
            tag("td", one.model),
            tag("td", _short(one.prompt)),
            tag("td", _short(one.result)),
            tag("td", f"{one.tokens} for {_credits(one.credits)}"),
        )
        for one in history
    ]
    return _table(
        "Chat and embeddings",
        "exchanges",
        ("Model", "Prompt", "Result", "Tokens"),
        rows,
        "None yet. Send a request to a chat model to see it here.",
    )


def deliveries(sent: Sequence[Delivery]) -> Markup:
    """A table of webhook deliveries, newest first."""
    return _table(
        "Webhook deliveries",
        "deliveries",
        ("Event", "URL", "Attempt", "Response"),
        [_delivery(delivery) for delivery in reversed(sent[-_MAX_ITEMS:])],
        "None yet. Create a prediction with a webhook to see them here.",
    )


def _table(title: str, id: str, names: Sequence[str], rows: Sequence[Markup], note: str) -> Markup:
    """A section with a table, or with a note if it has no rows."""
    head = tag("tr", *(tag("th", name, scope="col") for name in names))
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    empty = tag("p", note, class_="note")
    return tag(
        "section",
        tag("h2", title, id=f"{id}-title"),
        tag("div", table if rows else empty, id=id, data_live=True),
        aria_labelledby=f"{id}-title",
    )


def _header(platform: Platform, jobs: list[Job], now: float, origin: str) -> Markup:
    # A key that was chosen by the user must not be shown.
    key = DEFAULT_KEY if platform.key == DEFAULT_KEY else "<your key>"
    exports = f"export SKYTELLS_BASE_URL={origin}/v1\nexport SKYTELLS_API_KEY={key}"
    exports += f"\nexport SKYTELLS_ORCHESTRATOR_BASE_URL={origin}/orchestrator"
    statuses = Counter(job.stage(now).status for job in jobs)
    counted = ", ".join(f"{count} {status}" for status, count in statuses.items()) or "none yet"
    speed = "stopped" if not platform.clock.speed else f"{platform.clock.speed:g} times real time"
    facts = {"Predictions": counted, "Credits": f"{platform.account.balance:,.2f}", "Clock": speed}
    return tag(
        "header",
        tag("h1", "Skytells ", tag("span", "local platform")),
        tag("pre", exports, role="group", aria_label="What to export", tabindex=0),
        tag(
            "dl", *(_fact(name, value) for name, value in facts.items()), id="facts", data_live=True
        ),
        tag("p", tag("a", "Refresh", href="/"), id="reload"),
    )


def _fact(name: str, value: str | Markup) -> Markup:
    return tag("div", tag("dt", name), tag("dd", value))


def _predictions(jobs: list[Job], now: float, origin: str) -> Markup:
    shown = [_prediction(job, now, origin) for job in islice(jobs, _MAX_ITEMS)]
    if len(jobs) > _MAX_ITEMS:
        shown.append(_note(f"{len(jobs) - _MAX_ITEMS} older ones are not shown."))
    empty = _note("None yet. Connect a client and run a model to see it here.")
    return tag(
        "section",
        tag("h2", "Predictions", id="predictions-title"),
        tag("div", *(shown or [empty]), id="predictions", data_list=True),
        aria_labelledby="predictions-title",
    )


def _note(text: str) -> Markup:
    return tag("p", text, class_="note", id="note", data_live=True)


def _prediction(job: Job, now: float, origin: str) -> Markup:
    shown = prediction_json(job, now, origin)
    name = f"{job.model.namespace} {job.id[:8]}"
    finished = shown["status"] in TERMINAL
    return tag(
        "article",
        tag(
            "h3",
            tag("span", job.model.namespace, class_="model"),
            " ",
            tag("span", shown["status"], class_=f"status {_state_class(shown['status'])}"),
        ),
        tag("p", tag("code", job.id), ", ", _moment(shown["created_at"]), class_="id"),
        together() if finished else _progress(job, now, name),
        _input(job.request.input),
        _outcome(job, shown, now),
        together() if finished else _buttons(job, name),
        _details(shown),
        id=f"p-{job.id}",
        data_live=True,
        aria_label=f"{name}, {shown['status']}",
    )


def _state_class(status: str) -> str:
    classes = {"succeeded": "good", "failed": "bad", "cancelled": "off", "canceled": "off"}
    return classes.get(status, "busy")


def _moment(date: str) -> Markup:
    return tag("time", f"{date[11:19]} UTC", datetime=date)


def _progress(job: Job, now: float, name: str) -> Markup:
    done = job.schedule.progress(job.age(now))
    bar = tag("progress", f"{done} %", max=100, value=done, aria_label=f"Progress of {name}")
    return tag("p", bar, tag("span", f"{done:.0f} %"), class_="progress")


def _input(given: Mapping[str, Json]) -> Markup:
    pairs = [_fact(str(name), _short(value)) for name, value in given.items()]
    return tag("dl", *pairs, class_="input")


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"


def _outcome(job: Job, shown: JsonObject, now: float) -> Markup:
    match shown["status"]:
        case "failed":
            return tag("p", shown["response"], class_="failure")
        case "succeeded":
            cost = _credits(shown["metadata"]["billing"]["credits_used"])
            return together(_output(job, now), tag("p", cost, class_="note"))
        case _:
            return together()


def _credits(amount: float) -> str:
    digits = f"{amount:.6f}".rstrip("0").rstrip(".")
    return f"{digits} credits"


def _output(job: Job, now: float) -> Markup:
    if not job.has_assets(now):
        return tag("p", "Its files are deleted.", class_="note")
    if job.text is not None:
        return tag("blockquote", _short(job.text))
    prompt = _short(job.request.input.get("prompt") or job.model.name)
    shown = [
        _player(file.media_type, f"/assets/{job.id}/{file.name}", prompt) for file in job.files
    ]
    return tag("div", *shown, class_="output")


def _player(media_type: str, url: str, label: str) -> Markup:
    match media_type.partition("/")[0]:
        case "image":
            return tag("a", tag("img", src=url, alt=label, loading="lazy"), href=url)
        case "video":
            return tag(
                "video", src=url, controls=True, loop=True, muted=True, preload="metadata",
                aria_label=label,
            )  # fmt: skip
        case _:
            return tag("audio", src=url, controls=True, preload="none", aria_label=label)


def _buttons(job: Job, name: str) -> Markup:
    buttons = [
        tag("button", shown, name="do", value=action, aria_label=f"{shown} {name}")
        for action, shown in _ACTIONS.items()
    ]
    which = tag("input", type="hidden", name="id", value=job.id)
    return tag("form", which, *buttons, method="post", action="/")


def _details(prediction: JsonObject) -> Markup:
    shown = json.dumps(prediction, indent=2, ensure_ascii=False)
    return tag(
        "details",
        tag("summary", "JSON"),
        tag("pre", shown, role="group", aria_label="JSON", tabindex=0),
    )


def _delivery(delivery: Delivery) -> Markup:
    state = "good" if delivery.delivered else "bad"
    response = delivery.error if delivery.status is None else str(delivery.status)
    return tag(
        "tr",
        tag("td", delivery.event),
        tag("td", delivery.url),
        tag("td", str(delivery.attempt)),
        tag("td", tag("span", response or "none", class_=f"status {state}")),
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
