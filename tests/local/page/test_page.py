"""The page at `/`: its content, escaping, and buttons."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

import skytells.local
from skytells._data.html import Markup, tag, together
from skytells.local import Clock, LocalPlatform, Platform
from skytells.local.jobs import Job
from skytells.local.json_values import JsonObject
from skytells.local.page.html import deliveries, page
from skytells.local.requests import PredictionRequest
from skytells.local.webhooks import Delivery

ORIGIN = "http://127.0.0.1:8787"
EVIL = "</p><script>alert('1')</script> \"&\" <img src=x onerror=alert(1)>"


class Reader(HTMLParser):
    """Elements and texts of a page."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, element: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == element]


@pytest.fixture
def still() -> Platform:
    return Platform(clock=Clock(speed=0))


@pytest.fixture
def served() -> Iterator[LocalPlatform]:
    with skytells.local.serve(speed=0) as platform:
        yield platform


@pytest.fixture
def http(served: LocalPlatform) -> Iterator[httpx.Client]:
    origin = served.url.removesuffix("/v1")
    with httpx.Client(base_url=origin, headers={"x-api-key": served.key}) as http:
        yield http


def submitted(platform: Platform, model: str = "flux-pro", **given: object) -> Job:
    return platform.create(PredictionRequest(model, {"prompt": "a fox", **given}))


def read(platform: Platform) -> Reader:
    return Reader(page(platform, ORIGIN))


def created(http: httpx.Client) -> str:
    body: JsonObject = {"model": "flux-pro", "input": {"prompt": "a fox"}}
    job_id: str = http.post("/v1/predict", json=body).json()["id"]
    return job_id


def test_the_page_says_what_to_export(still: Platform) -> None:
    shown = read(still)
    assert f"export SKYTELLS_BASE_URL={ORIGIN}/v1\nexport SKYTELLS_API_KEY=sk-local" in shown.text
    assert "None yet. Connect a client" in shown.text


def test_the_page_never_shows_a_key_that_somebody_chose() -> None:
    content = page(Platform(key="sk-secret"), ORIGIN)
    assert "sk-secret" not in content
    assert "export SKYTELLS_API_KEY=&lt;your key&gt;" in content


def test_a_running_prediction_shows_its_progress_and_buttons(still: Platform) -> None:
    job = submitted(still, seed=7)
    still.advance(5.0)
    shown = read(still)
    (bar,) = shown.all("progress")
    assert bar["value"] == str(job.schedule.progress(5.0))
    assert [button["value"] for button in shown.all("button")] == ["finish", "fail", "cancel"]
    assert {"type": "hidden", "name": "id", "value": job.id} in shown.all("input")
    assert "processing" in shown.text


def test_a_finished_prediction_shows_its_output_and_no_buttons(still: Platform) -> None:
    job = submitted(still, num_outputs=2)
    still.advance(60.0)
    shown = read(still)
    urls = [f"/assets/{job.id}/{place}.png" for place in range(2)]
    assert [image["src"] for image in shown.all("img")] == urls
    assert {image["alt"] for image in shown.all("img")} == {"a fox"}
    assert "0.1 credits" in shown.text
    assert shown.all("button") == shown.all("progress") == []


@pytest.mark.parametrize(
    ("model", "element"), [("veo-3.1-fast", "video"), ("beatfusion-2.0", "audio")]
)
def test_films_and_sounds_have_players(still: Platform, model: str, element: str) -> None:
    job = submitted(still, model, lyrics="la")
    still.advance(100.0)
    (player,) = read(still).all(element)
    assert (player["src"] or "").startswith(f"/assets/{job.id}/0.")
    assert "controls" in player
    assert player["aria-label"] == "a fox"


def test_a_text_is_shown(still: Platform) -> None:
    job = submitted(still, "local-text")
    still.advance(60.0)
    assert job.text
    assert job.text in read(still).text


def test_a_failure_says_why(still: Platform) -> None:
    still.fail(submitted(still).id, "NSFW content detected.")
    assert "NSFW content detected." in read(still).text


def test_files_that_are_gone_are_not_shown(still: Platform) -> None:
    submitted(still)
    still.advance(1_000.0)
    shown = read(still)
    assert shown.all("img") == []
    assert "Its files are deleted." in shown.text


def test_everything_that_users_write_is_escaped(still: Platform) -> None:
    plain = read(still).elements
    for model in ("flux-pro", "local-text", "veo-3.1-fast", "beatfusion-2.0"):
        submitted(still, model, lyrics=EVIL, **{"prompt": EVIL, EVIL: {EVIL: [EVIL, None]}})
    still.advance(200.0)
    still.fail(submitted(still).id, EVIL)
    webhook: JsonObject = {"url": EVIL, "events": []}
    still.create(PredictionRequest("flux-pro", {"prompt": "a fox"}, webhook=webhook))
    [notification, *_] = still.outbox.take_due(still.now() + 60.0)
    delivery = Delivery(EVIL, EVIL, b"{}", {}, 1, error=EVIL)
    still.outbox.record(notification, delivery, still.now())
    shown = read(still)
    assert len(shown.all("script")) == 1
    assert [image["src"] for image in shown.all("img") if image["src"] == "x"] == []
    assert not any(name.startswith("on") for _, found in shown.elements for name in found)
    assert len(shown.elements) > len(plain)
    assert shown.text.count(EVIL) > 8


def test_half_a_surrogate_pair_does_no_harm(still: Platform) -> None:
    submitted(still, prompt="\ud800")
    assert page(still, ORIGIN).encode()


def test_long_inputs_are_cut_short(still: Platform) -> None:
    submitted(still, image="data:" + "A" * 10_000)
    assert "A" * 1_990 + "…" in read(still).text


def test_only_the_newest_predictions_are_shown(still: Platform) -> None:
    jobs = [submitted(still) for _ in range(53)]
    shown = read(still)
    assert len(shown.all("article")) == 50
    assert "3 older ones are not shown." in shown.text
    assert jobs[-1].id in shown.text
    assert jobs[0].id not in shown.text


def test_exchanges_show_prompt_result_and_price(still: Platform) -> None:
    assert "None yet. Send a request to a chat model" in read(still).text
    asked = [{"role": "user", "content": EVIL}]
    still.inference.chat({"model": "gpt-5", "messages": asked})
    still.script("gpt-5", calls={"get_weather": {"city": "Rome"}})
    still.inference.respond({"model": "gpt-5", "input": "How warm is it?"})
    still.inference.embed({"model": "skytells-embed-3-small", "input": ["a fox", "a wolf"]})
    shown = page(still, ORIGIN)
    assert "<img src=x" not in shown
    text = Reader(shown).text
    assert EVIL in text
    assert 'get_weather({"city": "Rome"})' in text
    assert "2 × 1536 numbers" in text
    assert re.search(r"\d+ for 0\.000\d+ credits", text)


def test_deliveries_show_their_answers_newest_first() -> None:
    answers = ((500, None), (None, "ConnectError: refused"), (204, None))
    tried = [
        Delivery("http://localhost/hook", "completed", b"{}", {}, attempt, status, error)
        for attempt, (status, error) in enumerate(answers, 1)
    ]
    shown = re.findall(r'>([0-9])</td>.*?class="status (good|bad)">([^<]*)<', deliveries(tried))
    assert shown == [
        ("3", "good", "204"),
        ("2", "bad", "ConnectError: refused"),
        ("1", "bad", "500"),
    ]


def test_the_page_is_html_that_loads_nothing_from_elsewhere(http: httpx.Client) -> None:
    answer = http.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    shown = Reader(answer.text)
    assert len(shown.all("style")) == len(shown.all("script")) == 1
    assert "http" not in "".join(str(found) for _, found in shown.elements).replace(
        "http-equiv", ""
    )
    assert {"http-equiv": "refresh", "content": "5"} in shown.all("meta")


def test_the_page_is_not_recorded_as_a_request(served: LocalPlatform, http: httpx.Client) -> None:
    http.get("/")
    assert served.requests == []


@pytest.mark.parametrize(
    ("do", "status"), [("finish", "succeeded"), ("fail", "failed"), ("cancel", "cancelled")]
)
def test_a_button_ends_a_prediction_and_leads_back(
    served: LocalPlatform, http: httpx.Client, do: str, status: str
) -> None:
    answer = http.post("/", data={"id": created(http), "do": do})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert served.predictions[0]["status"] == status


def test_a_button_causes_a_webhook(served: LocalPlatform, http: httpx.Client) -> None:
    hook = {"url": "http://127.0.0.1:1/", "events": ["failed"]}
    body = {"model": "flux-pro", "input": {"prompt": "a fox"}, "webhook": hook}
    job_id = http.post("/v1/predict", json=body).json()["id"]
    http.post("/", data={"id": job_id, "do": "fail"})
    while "<td>failed</td>" not in http.get("/").text:
        time.sleep(0.01)


def test_a_button_that_comes_too_late_leads_back(http: httpx.Client) -> None:
    job_id = created(http)
    for _ in range(2):
        assert http.post("/", data={"id": job_id, "do": "cancel"}).status_code == 303
    assert http.post("/", data={"id": "nope", "do": "cancel"}).status_code == 303


@pytest.mark.parametrize("data", [{}, {"do": "explode"}])
def test_a_form_without_a_known_action_is_refused(http: httpx.Client, data: JsonObject) -> None:
    answer = http.post("/", data=data)
    assert answer.status_code == 400
    assert answer.json()["response"] == "do must be one of cancel, fail, finish."


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
    ],
)
def test_a_form_of_another_site_is_refused(
    served: LocalPlatform, http: httpx.Client, headers: dict[str, str]
) -> None:
    answer = http.post("/", data={"id": created(http), "do": "cancel"}, headers=headers)
    assert answer.status_code == 403
    assert served.predictions[0]["status"] == "pending"


def test_a_form_of_the_page_itself_is_taken(served: LocalPlatform, http: httpx.Client) -> None:
    headers = {"origin": str(http.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    answer = http.post("/", data={"id": created(http), "do": "cancel"}, headers=headers)
    assert answer.status_code == 303
    assert served.predictions[0]["status"] == "cancelled"


def test_a_foreign_host_name_sees_no_page(http: httpx.Client) -> None:
    assert http.get("/", headers={"host": "evil.example"}).status_code == 403


def test_markup_escapes_text_and_attributes_and_keeps_markup() -> None:
    made = tag("p", "<", tag("b", "&"), class_='"', data_live=True, hidden=False)
    assert made == '<p class="&quot;" data-live>&lt;<b>&amp;</b></p>'
    assert tag("img", src="x") == '<img src="x">'
    assert isinstance(together("<", Markup("<br>")), Markup)
    assert together("<", Markup("<br>")) == "&lt;<br>"
