"""How things look in a notebook: what is shown, and that whatever was written by others is text."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skytells import (
    Model,
    ModelPricing,
    PaginatedResponse,
    PredictionMetrics,
    PredictionResponse,
    SkytellsClient,
    notebook,
)
from skytells._data.display import progress_bar
from skytells.notebook import render

from .support import Page

URL = "https://delivery.skytells.cloud/abc/cat.png"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
    "</pre></td></div><iframe src=//evil>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//https://x",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://x/\"onmouseover='alert(1)'",
    "https://x/<script>",
    "https:javascript:alert(1)",
    "https://[",
    "file:///etc/passwd",
    "//evil.example/x.png",
    "\ud800 half a character",
    "\x00\x1b[2J\u202e backwards",
    "<!-- a comment",
    "<![CDATA[x]]>",
    "&lt;b&gt;",
]


def prediction(**fields: Any) -> PredictionResponse:
    return PredictionResponse.from_wire({"id": "p1", "status": "succeeded", **fields})


# --- Predictions --------------------------------------------------------------------------------


def test_a_prediction_shows_its_output_prompt_and_cost() -> None:
    page = Page(
        render(
            prediction(
                output=[URL],
                input={"prompt": "A cat"},
                model={"name": "flux-pro", "type": "image"},
                metrics={"total_time": 4.7},
                metadata={"billing": {"credits_used": 0.05}},
            )
        )
    )
    [link] = page.all("a")
    assert link.attributes["href"] == URL
    assert link.attributes["rel"] == "noopener noreferrer"
    assert link.texts == ["cat.png"]
    assert "A cat" in page.texts("p")
    assert "succeeded, flux-pro, 4.7 s, 0.05 credits p1" in page.text


def test_media_that_was_not_downloaded_is_a_link_and_loads_nothing() -> None:
    page = Page(render(prediction(output=[URL, "https://x/film.mp4", "https://x/song.mp3"])))
    assert len(page.all("a")) == 3
    assert not page.all("img") + page.all("video") + page.all("audio")


def test_a_text_is_shown_as_it_is() -> None:
    text = "Two\n  lines & <b>tags</b>"
    assert Page(render(prediction(output=text))).texts("pre") == [text]


def test_outputs_of_other_kinds_are_shown_too() -> None:
    page = Page(render(prediction(output=[{"url": URL}, {"score": 1}, None])))
    assert page.all("a")[0].attributes["href"] == URL
    assert page.texts("pre") == ['{"score": 1}', "null"]
    assert Page(render(prediction(output=None))).all("pre") == []


def test_a_failure_is_shown() -> None:
    page = Page(render(prediction(status="failed", response="Too dark <here>.")))
    assert page.texts("pre") == ["Too dark <here>."]
    assert page.all("span", "failed")


def test_a_prompt_that_is_no_text_is_left_out() -> None:
    assert "prompt" not in Page(render(prediction(input={"prompt": {"a": 1}}))).text


def test_a_long_prompt_is_cut() -> None:
    assert len(Page(render(prediction(input={"prompt": "x" * 10_000}))).text) < 1_000


def test_a_page_is_a_table_of_predictions() -> None:
    page = PaginatedResponse(
        {
            "data": [
                {"id": "p1", "status": "succeeded", "model": "m", "output": [URL, "text"]},
                {"id": "p2", "status": "failed", "created_at": "2026-11-23T12:00:00Z"},
            ],
            "pagination": {"current_page": 2, "last_page": 3, "total": 42},
        }
    )
    shown = Page(render(page))
    assert shown.texts("th")[:4] == ["Status", "Model", "Prompt", "Output"]
    assert shown.rows() == [
        ["succeeded", "m", "", "cat.pngtext", "", "", "p1"],
        ["failed", "", "", "", "2026-11-23 12:00", "", "p2"],
    ]
    assert "Page 2 of 3, 42 in all." in shown.text


def test_several_predictions_are_a_table() -> None:
    assert [row[-1] for row in Page(render([prediction(), prediction(id="p2")])).rows()] == [
        "p1",
        "p2",
    ]
    assert Page(render([])).rows() == []


# --- Models and other records -------------------------------------------------------------------

MODEL = {
    "name": "Veo",
    "namespace": "veo",
    "type": "video",
    "description": "Films.",
    "vendor": {"name": "Google"},
    "capabilities": ["fast"],
    "pricing": {
        "amount": 0.18,
        "currency": "USD",
        "unit": "second",
        "criterias": [{"field": "audio", "value": True, "billable_price": 0.2, "unit": "second"}],
    },
}


def test_models_are_a_table_with_prices() -> None:
    page = Page(render([Model.from_wire(MODEL), Model.from_wire({"namespace": "bare"})]))
    assert page.texts("th") == ["Slug", "Name", "Type", "Vendor", "Price"]
    assert page.rows() == [
        ["veo", "Veo", "video", "Google", "0.18 USD per second0.2 per second where audio is true"],
        ["bare", "", "", "", ""],
    ]


def test_a_model_shows_what_it_is_and_costs() -> None:
    text = Page(render(Model.from_wire(MODEL))).text
    for part in ("Veo veo", "video, Google, fast", "Films.", "0.18 USD per second"):
        assert part in text
    assert text.endswith("0.2 per second where audio is true")
    assert Page(render(Model.from_wire({}))).text == " "


@pytest.mark.parametrize(
    ("pricing", "price"),
    [
        (None, None),
        ({}, None),
        ({"amount": 5e-07, "currency": "USD", "unit": "token"}, "0.5 USD per million tokens"),
        ({"amount": 2e-10, "currency": "USD", "unit": "tokens"}, "0.0002 USD per million tokens"),
        ({"amount": 0.002, "currency": "USD", "unit": "token"}, "0.002 USD per token"),
        ({"amount": 0, "currency": "USD", "unit": "token"}, "0 USD per token"),
        ({"amount": 2, "unit": "image_megapixel"}, "2 per image megapixel"),
        ({"amount": 0.5}, "0.5"),
        ({"amount": 0}, "0"),
    ],
)
def test_a_price_is_in_words(pricing: Any, price: str | None) -> None:
    assert Model.from_wire({"pricing": pricing}).price == price


@pytest.mark.parametrize(
    ("vendor", "name"),
    [(None, None), ("Google", "Google"), ({"slug": "google"}, "google"), ({}, None)],
)
def test_a_vendor_has_a_name_in_either_form(vendor: Any, name: str | None) -> None:
    assert Model.from_wire({"vendor": vendor}).vendor_name == name


def test_any_record_is_a_table_of_its_fields() -> None:
    page = Page(render(PredictionMetrics.from_wire({"progress": 4, "new": {"a": [1]}})))
    assert page.rows() == [["progress", "4"], ["new", '{"a": [1]}']]


def test_a_number_that_python_will_not_print_does_not_break_the_display() -> None:
    Page(render(PredictionMetrics.from_wire({"progress": 10**5000})))


def test_a_list_of_models_is_a_list_in_every_respect(client: SkytellsClient) -> None:
    models = client.models.list()
    assert isinstance(models, list)
    assert models == list(models)
    assert json.loads(json.dumps([dict(m) for m in models])) == models
    assert pickle.loads(pickle.dumps(models)) == models
    assert repr(models[:1]).startswith("[Model(name=")
    assert models + models[:1] == [*models, models[0]]


def test_a_slice_of_a_list_is_a_table_too(client: SkytellsClient) -> None:
    models = client.models.list()
    few: Any = models[1:4]
    assert (type(few), few) == (type(models), [models[1], models[2], models[3]])
    assert len(Page(few._repr_html_()).rows()) == 3
    assert repr(few) == repr(list(few))


def test_a_list_of_your_own_is_shown_as_a_table_or_one_by_one(
    client: SkytellsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[Any] = []
    monkeypatch.setattr(notebook, "display", lambda: put.append)
    models = client.models.list()
    notebook.show([model for model in models if model.type == "video"])
    notebook.show((prediction(), prediction(id="p2")))
    notebook.show(models)
    assert [len(Page(shown._repr_html_()).rows()) > 1 for shown in put] == [True] * 3
    assert put[2] is models
    put.clear()
    handles = [client.run("flux-pro", {"prompt": "A cat"}), 5]
    notebook.show(handles)
    assert put == handles
    notebook.show(handles[0])
    assert put[2] is handles[0]


def test_whatever_the_client_gives_renders_itself(client: SkytellsClient) -> None:
    handle = client.run("flux-pro", {"prompt": "A <cat>"})
    shown: Any
    for shown in (
        client.models.list(),
        client.models.list(),  # the second may come from memory
        client.models.get("flux-pro"),
        client.predictions.list(),
        client.predictions.get(handle.id),
        client.wait_all([handle.id]),
        client.dispatch(),
        handle.response.metrics,
    ):
        Page(shown._repr_html_())  # pyright: ignore[reportPrivateUsage]
    assert "A <cat>" in Page(handle._repr_html_()).text  # pyright: ignore[reportPrivateUsage]


# --- What others wrote --------------------------------------------------------------------------

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(HOSTILE), inner),
    max_leaves=8,
)
ANY_PREDICTION = st.fixed_dictionaries(
    {"id": st.text(), "status": st.text() | st.sampled_from(HOSTILE)},
    optional={
        "output": ANY_JSON,
        "input": st.dictionaries(st.just("prompt"), ANY_JSON) | ANY_JSON,
        "response": ANY_JSON,
        "model": ANY_JSON,
        "created_at": ANY_JSON,
        "metadata": ANY_JSON,
        "metrics": st.fixed_dictionaries({"total_time": ANY_JSON}),
    },
)
ANY_MODEL = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("name", "namespace", "type", "description", "vendor"), ANY_JSON),
        "capabilities": ANY_JSON | st.lists(st.sampled_from(HOSTILE)),
        "pricing": st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys(("amount", "currency", "unit"), ANY_JSON),
                "criterias": st.lists(
                    st.fixed_dictionaries(
                        {}, optional=dict.fromkeys(("field", "value", "unit"), ANY_JSON)
                    )
                ),
            },
        ),
    },
)


@given(ANY_PREDICTION)
def test_whatever_a_prediction_says_is_text(wire: dict[str, Any]) -> None:
    record = PredictionResponse.from_wire(wire)
    for shown in (record, [record, record], PaginatedResponse({"data": [wire]})):
        Page(render(shown))


@given(ANY_MODEL)
def test_whatever_a_model_says_is_text(wire: dict[str, Any]) -> None:
    record = Model.from_wire(wire)
    for shown in (record, [record, record], ModelPricing.from_wire(wire)):
        Page(render(shown))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_seen_and_does_nothing(text: str) -> None:
    page = Page(
        render(prediction(output=[text], input={"prompt": text}, model=text, status=text, id=text))
    )
    assert not page.all("img") + page.all("video")
    for link in page.all("a"):
        assert link.attributes["href"] == text


@given(st.text(), st.none() | st.floats(0, 1), st.floats(0, 1e9))
def test_a_bar_is_well_formed(text: str, share: float | None, seconds: float) -> None:
    page = Page(progress_bar(text, share, seconds))
    [fill] = page.all("span", "fill")
    assert fill.attributes["style"] == f"width:{round((share or 0) * 100)}%"


# --- What it costs where no notebook is ---------------------------------------------------------


def test_nothing_of_it_is_loaded_where_nothing_is_shown() -> None:
    code = (
        "import sys, skytells; from skytells import PredictionResponse as P, SkytellsClient as C;"
        "C('sk-key'); repr(P(id='p1', status='succeeded'));"
        "print([m for m in sys.modules if m in ('skytells.notebook', 'skytells.predictions.progress_bar',"
        " 'skytells._data.html', 'IPython', 'rich')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
