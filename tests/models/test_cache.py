"""What the catalogue remembers: for how long, with which fields, and of whose models."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from skytells.models.cache import TTL, ModelCache
from skytells.models.find import find_model, find_models
from skytells.types import Model

from ..core.support import Hand, reply, script

SCHEMA = {"type": "object", "properties": {"prompt": {"type": "string"}}}


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def a_model(slug: str = "m", **more: Any) -> Model:
    return Model.from_wire({"name": slug.upper(), "namespace": slug, **more})


def test_an_answer_is_known_for_ten_minutes() -> None:
    time = Time()
    catalogue = ModelCache(time)
    catalogue.put("m", (), a_model())
    catalogue.put_all((), [a_model()])
    time.now += TTL - 1
    assert catalogue.model("m") == a_model()
    assert catalogue.models() == [a_model()]
    time.now += 1
    assert catalogue.model("m") is None
    assert catalogue.models() is None


def test_more_fields_serve_for_fewer_and_are_left_out() -> None:
    catalogue = ModelCache()
    catalogue.put("m", ["input_schema"], a_model(input_schema=SCHEMA))
    assert catalogue.model("m", ["output_schema"]) is None
    assert catalogue.model("m", ["input_schema"]) == a_model(input_schema=SCHEMA)
    assert catalogue.model("m") == a_model()


def test_fewer_fields_do_not_displace_more_while_those_are_true() -> None:
    time = Time()
    catalogue = ModelCache(time)
    catalogue.put("m", ["input_schema"], a_model(input_schema=SCHEMA))
    catalogue.put("m", (), a_model(status="offline"))
    assert catalogue.model("m", ["input_schema"]) is not None
    time.now += TTL
    catalogue.put("m", (), a_model(status="offline"))
    assert catalogue.model("m") == a_model(status="offline")


def test_a_list_serves_for_each_of_its_models() -> None:
    catalogue = ModelCache()
    catalogue.put_all(["input_schema"], [a_model("a", input_schema=SCHEMA), a_model("b")])
    assert catalogue.model("a", ["input_schema"]) is not None
    # The list left the schema of this one out: it is not known to have none.
    assert catalogue.model("b", ["input_schema"]) is None
    assert catalogue.model("b") == a_model("b")
    assert catalogue.models(["input_schema", "output_schema"]) is None


def test_a_model_without_a_slug_is_listed_only() -> None:
    catalogue = ModelCache()
    catalogue.put_all((), [Model.from_wire({"name": "x"})])
    assert catalogue.models() == [Model.from_wire({"name": "x"})]


def test_what_the_caller_does_to_an_answer_stays_with_the_caller() -> None:
    catalogue = ModelCache()
    sent = a_model(capabilities=["text-to-image"])
    catalogue.put("m", (), sent)
    sent["capabilities"].append("flying")
    taken = catalogue.model("m")
    assert taken is not None
    taken["capabilities"].append("singing")
    assert catalogue.model("m") == a_model(capabilities=["text-to-image"])


def test_the_catalogue_does_not_grow_without_bound() -> None:
    catalogue = ModelCache()
    for number in range(1001):
        catalogue.put(f"m{number}", (), a_model())
    assert catalogue.model("m0") is None
    assert catalogue.model("m1000") is not None


def test_threads_may_share_a_catalogue() -> None:
    catalogue = ModelCache()

    def work(number: int) -> bool:
        slug = f"m{number % 7}"
        catalogue.put(slug, ["input_schema"], a_model(slug, input_schema=SCHEMA))
        catalogue.put_all((), [a_model(slug)])
        if number % 5 == 0:
            catalogue.forget(slug)
        found = catalogue.model(slug)
        return found is None or found == a_model(slug)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(500)))


# Flows


def test_a_model_is_asked_for_once_with_its_schema() -> None:
    hand, catalogue = Hand(script(reply(a_model(input_schema=SCHEMA).to_dict()))), ModelCache()
    for _ in range(3):
        assert hand.perform(find_model(catalogue, "m")).input_schema == SCHEMA
        assert hand.perform(find_model(catalogue, "m", [])).input_schema is None
    assert hand.sent == ["GET /v1/model/m?fields=input_schema"]


def test_refresh_asks_again_and_what_it_learns_is_kept() -> None:
    answers = script(reply({"namespace": "m", "status": "operational"}), reply({"status": "off"}))
    hand, catalogue = Hand(answers), ModelCache()
    hand.perform(find_model(catalogue, "m"))
    assert hand.perform(find_model(catalogue, "m", [], refresh=True)).status == "off"
    assert hand.perform(find_model(catalogue, "m", [])).status == "off"
    assert len(hand.sent) == 2


def test_a_list_is_asked_for_once_and_refreshed_as_a_whole() -> None:
    rows = [a_model("a").to_dict(), a_model("b").to_dict()]
    hand, catalogue = Hand(script(reply(rows))), ModelCache()
    assert hand.perform(find_models(catalogue, None, None, False)) == rows
    assert hand.perform(find_models(catalogue, None, None, False)) == rows
    assert hand.perform(find_model(catalogue, "b", [])) == rows[1]
    hand.perform(find_models(catalogue, None, None, True))
    assert hand.sent == ["GET /v1/models"] * 2


def test_a_failure_is_not_kept() -> None:
    hand = Hand(script(reply({"error": "no"}, 404), reply(a_model().to_dict())))
    catalogue = ModelCache()
    with pytest.raises(Exception, match="no"):
        hand.perform(find_model(catalogue, "m"))
    assert hand.perform(find_model(catalogue, "m")).slug == "m"


def test_a_slug_that_cannot_be_is_refused_before_the_catalogue_is_asked() -> None:
    slug: Any = ["m"]
    with pytest.raises(Exception, match="slug must be a string"):
        Hand(script()).perform(find_model(ModelCache(), slug))
