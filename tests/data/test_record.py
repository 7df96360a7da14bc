"""The contract of a record: wire JSON by key, typed Python by attribute."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast

import pytest
from hypothesis import given, settings
from hypothesis.strategies import DataObject, data
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

import skytells.types
from skytells._data.checks import is_list
from skytells._data.record import Record
from skytells.types import (
    Model,
    ModelPricing,
    ModelType,
    ModelVendor,
    PredictionBilling,
    PredictionFile,
    PredictionMetadata,
    PredictionMetrics,
    PredictionModel,
    PredictionResponse,
    PredictionSource,
    PredictionStatus,
    PredictionStorage,
    PredictionType,
    PredictionUrls,
    PredictionWebhook,
    PricingCriterion,
    PricingOperator,
    PricingUnit,
)

from ..core.support import JsonObject, json_objects

FULL: JsonObject = {
    "id": "0f0e0d0c-0000-4000-8000-000000000001",
    "status": "succeeded",
    "stream": False,
    "type": "inference",
    "input": {"prompt": "x", "deep": [1, {"a": None}]},
    "output": ["https://cdn.example/o.png"],
    "created_at": "2026-01-01T00:00:00.000000Z",
    "started_at": "2026-01-01T00:00:00+00:00",
    "completed_at": "2026-01-01T02:00:01+02:00",
    "updated_at": "2026-01-01T00:00:01",
    "privacy": "private",
    "source": "api",
    "model": {"name": "truefusion", "type": "image"},
    "webhook": {"url": None, "events": []},
    "metrics": {"image_count": 1, "predict_time": 10.5, "total_time": 11, "asset_count": 1},
    "metadata": {
        "billing": {"credits_used": 0.02},
        "storage": {
            "files": [{"name": "o.png", "type": "image/png", "size": 1024, "url": "https://c/o"}]
        },
        "data_available": True,
    },
    "urls": {"get": "https://a/1", "cancel": "https://a/1/cancel", "stream": None},
    "brand_new": {"nobody": ["knew"]},
}
MODEL: JsonObject = {
    "name": "Veo",
    "namespace": "veo-3.1-fast",
    "type": "video",
    "privacy": "public",
    "img_url": None,
    "vendor": {"name": "Google", "slug": "google", "verified": True, "metadata": None},
    "pricing": {
        "amount": 0.18,
        "currency": "USD",
        "unit": "5 seconds",
        "criterias": [{"field": "a", "operator": "==", "value": True, "billable_price": 0.17}],
    },
    "capabilities": ["text-to-video"],
    "metadata": {"openai_compatible": False, "deployment_hardware": {"slug": "h100"}},
    "input_schema": {"type": "object"},
}

RECORDS: list[type[Record]] = [
    found
    for found in (getattr(skytells.types, name) for name in skytells.types.__all__)
    if isinstance(found, type) and issubclass(found, Record)
]
# `output` is given as it is, whatever it is.
FIELDS = [
    (cls, name, info.alias or name)
    for cls in RECORDS
    for name, info in cls.model_fields.items()
    if name not in {"id", "status", "output"} or cls is not PredictionResponse
]
each_field = pytest.mark.parametrize(
    ("cls", "name", "key"), FIELDS, ids=[f"{cls.__name__}.{name}" for cls, name, _ in FIELDS]
)


def least(cls: type[Record]) -> JsonObject:
    return {"id": "p1"} if cls is PredictionResponse else {"zzz": 1}


def wrong_for(cls: type[Record], name: str) -> object:
    return {"x": 1} if "list" in str(cls.model_fields[name].annotation) else [["x"]]


# What the server sends


def test_full_prediction_is_typed_by_attribute() -> None:
    p = PredictionResponse.from_wire(FULL)
    assert p.status is PredictionStatus.SUCCEEDED
    assert p.type is PredictionType.INFERENCE
    assert p.source is PredictionSource.API
    assert isinstance(p.model, PredictionModel)
    assert p.slug == p.model.name == "truefusion"
    assert p.metadata is not None
    assert p.metadata.billing is not None
    assert p.metadata.storage is not None
    assert p.metadata.storage.files is not None
    assert p.metadata.billing.credits_used == 0.02
    assert p.metadata.storage.files[0].size == 1024
    assert p.metrics is not None
    assert (p.metrics.total_time, p.metrics.progress) == (11.0, None)
    assert p.urls is not None
    assert p.urls.get_ == "https://a/1"
    assert p.output == ["https://cdn.example/o.png"]
    assert p.outputs() == "https://cdn.example/o.png"
    assert p.done
    assert p.failure is None


def test_full_prediction_is_plain_json_by_key() -> None:
    p = PredictionResponse.from_wire(FULL)
    assert type(p["metadata"]) is dict
    assert p["metadata"]["billing"] == {"credits_used": 0.02}
    assert type(p["status"]) is str
    assert p["urls"].get("stream") is None
    assert p["brand_new"] == {"nobody": ["knew"]}
    assert p == FULL
    assert json.loads(json.dumps(dict(p))) == FULL
    assert {**p} == FULL


def test_full_model_is_typed_by_attribute() -> None:
    m = Model.from_wire(MODEL)
    assert (m.slug, m.type) == ("veo-3.1-fast", ModelType.VIDEO)
    assert isinstance(m.vendor, ModelVendor)
    assert m.vendor.verified is True
    assert m.pricing is not None
    assert m.pricing.unit is PricingUnit.FIVE_SECONDS
    assert m.pricing.criterias is not None
    assert m.pricing.criterias[0].operator is PricingOperator.DOUBLE_EQUALS
    assert m.pricing.criterias[0].value is True
    assert m.metadata is not None
    assert m.metadata.deployment_hardware == {"slug": "h100"}
    assert m == MODEL


@pytest.mark.parametrize("cls", RECORDS)
def test_record_type_is_public(cls: type[Record]) -> None:
    assert cls.__name__ in skytells.types.__all__
    assert getattr(skytells, cls.__name__) is cls


@each_field
def test_absent_field_is_none_by_attribute_and_missing_by_key(
    cls: type[Record], name: str, key: str
) -> None:
    record = cls.from_wire(least(cls))
    assert getattr(record, name) is None
    assert key not in record
    assert record.get(key, "fallback") == "fallback"
    with pytest.raises(KeyError, match=key):
        record[key]


@each_field
def test_null_field_is_none_in_both_faces(cls: type[Record], name: str, key: str) -> None:
    record = cls.from_wire(least(cls) | {key: None})
    assert getattr(record, name) is None
    assert key in record
    assert record[key] is None


@each_field
def test_field_of_a_wrong_kind_is_none_by_attribute_and_kept_by_key(
    cls: type[Record], name: str, key: str
) -> None:
    wrong = wrong_for(cls, name)
    record = cls.from_wire(least(cls) | {key: wrong})
    assert getattr(record, name) is None
    assert record[key] == wrong


@pytest.mark.parametrize("cls", RECORDS)
def test_wrong_fields_do_not_spoil_the_others(cls: type[Record]) -> None:
    names = [n for n in cls.model_fields if n not in {"id", "status", "output"}]
    wire = least(cls) | {cls.model_fields[n].alias or n: wrong_for(cls, n) for n in names}
    record = cls.from_wire(wire)
    assert all(getattr(record, name) is None for name in names)
    assert record == wire
    if isinstance(record, PredictionResponse):
        assert record.id == "p1"


@pytest.mark.parametrize("cls", RECORDS)
def test_unknown_field_is_an_item_only(cls: type[Record]) -> None:
    record = cls.from_wire(least(cls) | {"brand_new": [1]})
    assert record["brand_new"] == [1]
    assert not hasattr(record, "brand_new")
    assert list(record)[-1] == "brand_new"


@pytest.mark.parametrize(
    ("cls", "field", "known", "member"),
    [
        (PredictionResponse, "status", "starting", PredictionStatus.STARTING),
        (PredictionResponse, "status", "canceled", PredictionStatus.CANCELLED),
        (PredictionResponse, "type", "training", PredictionType.TRAINING),
        (PredictionResponse, "source", "cli", PredictionSource.CLI),
        (Model, "type", "music", ModelType.MUSIC),
        (Model, "privacy", "private", skytells.types.ModelPrivacy.PRIVATE),
        (ModelPricing, "unit", "gpu", PricingUnit.GPU),
        (PricingCriterion, "operator", "equals", PricingOperator.EQUALS),
    ],
)
def test_enum_is_open(cls: type[Record], field: str, known: str, member: str) -> None:
    assert getattr(cls.from_wire(least(cls) | {field: known}), field) is member
    unheard = getattr(cls.from_wire(least(cls) | {field: "unheard_of"}), field)
    assert (type(unheard), unheard) == (str, "unheard_of")


@pytest.mark.parametrize(
    ("wire", "status", "done"),
    [
        ({"status": "cancelled"}, "cancelled", True),
        ({"status": "canceled"}, "cancelled", True),
        ({"status": "failed"}, "failed", True),
        ({"status": "queued"}, "queued", False),
        ({"status": "processing"}, "processing", False),
        ({"status": False}, "pending", False),
        ({"status": None}, "pending", False),
        ({"status": ["x"]}, "pending", False),
        ({}, "pending", False),
    ],
)
def test_status_is_read_leniently(wire: JsonObject, status: str, done: bool) -> None:
    p = PredictionResponse.from_wire({"id": "p1"} | wire)
    assert (p.status, p.done) == (status, done)
    assert p.get("status") == wire.get("status")


@pytest.mark.parametrize(
    "output", [None, "text", [], ["u"], ["u", "v"], [{"url": "u"}], {"a": 1}, 5]
)
def test_output_is_given_as_it_is(output: Any) -> None:
    p = PredictionResponse.from_wire({"id": "p1", "output": output})
    assert p.output == output
    assert p.outputs() == (output[0] if is_list(output) and len(output) == 1 else output)


@pytest.mark.parametrize("key", ["model", "webhook"])
def test_object_or_string_is_read_as_either(key: str) -> None:
    p = PredictionResponse.from_wire({"id": "p1", key: "flux-pro"})
    assert getattr(p, key) == "flux-pro"
    assert PredictionResponse.from_wire({"id": "p1", "model": "flux-pro"}).slug == "flux-pro"


def test_number_where_text_is_due_becomes_text_by_attribute_only() -> None:
    p = PredictionResponse.from_wire({"id": 7, "privacy": 1.5})
    assert (p.id, p["id"]) == ("7", 7)
    assert (p.privacy, p["privacy"]) == ("1.5", 1.5)


def test_fractional_credits_stay_fractional() -> None:
    assert PredictionBilling.from_wire({"credits_used": 0.75}).credits_used == 0.75
    assert PredictionBilling.from_wire({"credits_used": 10**400}).credits_used is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T00:00:00.000000Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T02:00:00+02:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01 00:00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("name", ["created", "started", "completed", "updated"])
def test_moment_is_aware_and_its_text_stays(
    name: str, text: str | None, moment: datetime | None
) -> None:
    p = PredictionResponse.from_wire({"id": "p1", f"{name}_at": text})
    assert getattr(p, name) == moment
    assert getattr(p, f"{name}_at") == p[f"{name}_at"] == text


@pytest.mark.parametrize(
    ("wire", "failure"),
    [
        ({"status": "failed", "response": "NSFW.", "error": "other"}, "NSFW."),
        ({"status": "failed", "error": "NSFW."}, "NSFW."),
        ({"status": "failed", "response": "", "error": None}, "The server gave no reason."),
        ({"status": "succeeded", "response": "fine"}, None),
    ],
)
def test_failure_is_in_the_servers_words(wire: JsonObject, failure: str | None) -> None:
    assert PredictionResponse.from_wire({"id": "p1"} | wire).failure == failure


# As a mapping


def test_record_is_a_mapping_to_every_user_of_one() -> None:
    p: Any = PredictionResponse.from_wire(FULL)
    assert issubclass(PredictionResponse, Mapping)
    assert len(p) == len(FULL)
    assert list(p) == list(p.keys()) == list(FULL)
    assert list(p.values()) == list(FULL.values())
    assert list(p.items()) == list(FULL.items())
    assert p.get("nope") is None
    match p:
        case {"status": "succeeded", "output": [url], **rest}:
            assert url == "https://cdn.example/o.png"
            assert "brand_new" in rest
        case _:
            pytest.fail("a record does not match as a mapping")


def test_record_unpacks_into_keywords() -> None:
    def take(**items: Any) -> JsonObject:
        return items

    assert take(**PredictionMetrics.from_wire({"progress": 3})) == {"progress": 3}


@pytest.mark.parametrize("other", [5, "x", None, [("id", "p1")]])
def test_record_does_not_equal_what_is_no_mapping(other: object) -> None:
    assert PredictionResponse(id="p1") != other


def test_records_compare_by_what_was_sent() -> None:
    assert PredictionResponse(id="p1") == PredictionResponse.from_wire({"id": "p1"})
    assert PredictionResponse(id="p1") != PredictionResponse(id="p1", status="pending")
    assert PredictionResponse(id="p1") != {"id": "p2"}


def test_record_is_unhashable_like_a_dict() -> None:
    record: Any = PredictionResponse(id="p1")
    with pytest.raises(TypeError, match="unhashable"):
        hash(record)


def test_record_is_read_only() -> None:
    record: Any = PredictionResponse.from_wire({"id": "p1"})
    with pytest.raises(AttributeError, match=r"read-only; to_dict\(\)"):
        record.id = "p2"
    with pytest.raises(AttributeError, match="read-only"):
        record.brand_new = 1
    with pytest.raises(AttributeError, match="read-only"):
        del record.id
    with pytest.raises(TypeError):
        record["id"] = "p2"
    assert record.id == record["id"] == "p1"


def test_record_has_no_attributes_but_its_own() -> None:
    with pytest.raises(AttributeError, match="nope"):
        getattr(PredictionResponse.from_wire({"id": "p1", "nope": 1}), "nope")  # noqa: B009  # a literal attribute would not type-check


def test_to_dict_is_deep() -> None:
    p = PredictionResponse.from_wire(copy.deepcopy(FULL))
    mine = p.to_dict()
    mine["input"]["deep"][1]["a"] = "changed"
    mine["new"] = 1
    assert p == FULL
    assert mine != FULL


@pytest.mark.parametrize("touched", [False, True])
def test_repr_shows_what_is_there(touched: bool) -> None:
    record = PredictionResponse.from_wire({"id": "p1", "status": "queued", "error": None, "x": 1})
    if touched:
        assert record.id
    assert repr(record) == str(record) == "PredictionResponse(id='p1', status='queued')"


# What users build


def test_built_record_has_the_same_faces() -> None:
    p = PredictionResponse(
        id="p1",
        status=PredictionStatus.SUCCEEDED,
        urls=PredictionUrls(get="https://a/1"),
        metadata=PredictionMetadata(storage=PredictionStorage(files=[PredictionFile(name="o")])),
        webhook=PredictionWebhook(events=["completed"]),
    )
    assert p.to_dict() == {
        "id": "p1",
        "status": "succeeded",
        "urls": {"get": "https://a/1"},
        "metadata": {"storage": {"files": [{"name": "o"}]}},
        "webhook": {"events": ["completed"]},
    }
    assert type(p["status"]) is str
    assert p.urls is not None
    assert p.urls.get_ == p["urls"]["get"] == "https://a/1"


def test_built_record_is_not_changed_by_its_sources() -> None:
    given_input: JsonObject = {"prompt": ["a"]}
    p = PredictionResponse(id="p1", input=given_input)
    given_input["prompt"].append("b")
    assert p["input"] == {"prompt": ["a"]}


def test_built_record_takes_the_wire_name_and_the_attributes_name() -> None:
    by_name: JsonObject = {"get_": "u"}
    assert PredictionUrls(**by_name) == PredictionUrls(get="u") == {"get": "u"}
    assert PredictionUrls(**by_name).get_ == "u"


def test_built_record_is_lenient_but_for_its_id() -> None:
    wrong: JsonObject = {"get_": [1], "cancel": "c"}
    assert PredictionUrls(**wrong).get_ is None
    assert PredictionUrls(**wrong) == {"get": [1], "cancel": "c"}
    with pytest.raises(ValidationError, match="id"):
        PredictionResponse.model_validate({"status": "succeeded"})


# Copies


def through_pickle(protocol: int) -> Callable[[Any], Any]:
    return lambda record: pickle.loads(pickle.dumps(record, protocol))


COPIERS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda record: record.model_copy(),
    "model_copy(deep)": lambda record: record.model_copy(deep=True),
    **{f"pickle {n}": through_pickle(n) for n in range(pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize("copier", COPIERS.values(), ids=COPIERS)
def test_copy_keeps_both_faces(copier: Callable[[Any], Any], touched: bool) -> None:
    p = PredictionResponse.from_wire(FULL)
    if touched:
        assert p.metrics
    copied = copier(p)
    assert type(copied) is PredictionResponse
    assert copied == FULL
    assert copied.status is PredictionStatus.SUCCEEDED
    assert copied.model_dump() == p.model_dump()


@pytest.mark.parametrize("copier", COPIERS.values(), ids=COPIERS)
def test_copy_keeps_what_is_known_besides(copier: Callable[[Any], Any]) -> None:
    known = {"id": "p1", "status": "cancelled"}
    copied = copier(PredictionResponse.from_wire({"success": True}, known))
    assert (copied.id, copied.status, dict(copied)) == ("p1", "cancelled", {"success": True})


def test_deep_copy_is_independent() -> None:
    p = PredictionResponse.from_wire(copy.deepcopy(FULL))
    for deep in (copy.deepcopy(p), p.model_copy(deep=True)):
        deep["input"]["prompt"] = "changed"
    assert p == FULL


def test_model_copy_updates_both_faces() -> None:
    p = PredictionResponse.from_wire(FULL).model_copy(
        update={"status": PredictionStatus.FAILED, "urls": PredictionUrls(get="u")}
    )
    assert (p.status, p["status"]) == (PredictionStatus.FAILED, "failed")
    assert p["urls"] == {"get": "u"}
    assert p["brand_new"] == FULL["brand_new"]


# What is known besides


def test_known_fields_are_attributes_but_not_items() -> None:
    p = PredictionResponse.from_wire({"success": True}, {"id": "p1", "status": "cancelled"})
    assert (p.id, p.status, p.done) == ("p1", PredictionStatus.CANCELLED, True)
    assert dict(p) == {"success": True}
    assert "id" not in p


@pytest.mark.parametrize("id", [None, [], {}])
def test_known_fields_stand_where_the_server_sent_none(id: object) -> None:
    record = PredictionResponse.from_wire({"id": id}, {"id": "p1", "status": "cancelled"})
    assert (record.id, record["id"]) == ("p1", id)


def test_known_fields_yield_to_the_server() -> None:
    p = PredictionResponse.from_wire({"status": "failed"}, {"id": "p1", "status": "cancelled"})
    assert (p.id, p.status) == ("p1", "failed")


def test_from_wire_keeps_the_dict_that_was_received() -> None:
    wire = {"id": "p1", "input": {"a": 1}}
    p = PredictionResponse.from_wire(wire)
    assert p["input"] is wire["input"]


def test_a_record_is_a_mapping_to_all_who_ask() -> None:
    record = PredictionResponse.from_wire({"id": "p1", "status": "failed"})
    assert isinstance(record, Mapping)
    assert issubclass(type(record), Mapping)
    match record:
        case {"id": id, **rest}:
            assert (id, rest) == ("p1", {"status": "failed"})
        case _:
            pytest.fail("no mapping")
    with pytest.raises(TypeError, match="not reversible"):
        reversed(cast("Any", record))


# Pydantic


class Mine(BaseModel):
    prediction: PredictionResponse
    others: list[PredictionResponse] = []
    model: Model | None = None


@pytest.mark.parametrize("prediction", [FULL, PredictionResponse.from_wire(FULL)])
def test_record_embeds_in_a_users_model(prediction: Any) -> None:
    mine = Mine(prediction=prediction, others=[prediction], model=Model.from_wire(MODEL))
    again = Mine.model_validate_json(mine.model_dump_json(by_alias=True))
    for one in (mine.prediction, mine.others[0]):
        assert one == FULL
    assert again.prediction.status is PredictionStatus.SUCCEEDED
    assert again.model is not None
    assert again.model.slug == "veo-3.1-fast"
    assert copy.deepcopy(mine) == pickle.loads(pickle.dumps(mine)) == mine


@pytest.mark.parametrize("touched", [False, True])
def test_model_dump_is_pydantics_own(touched: bool) -> None:
    p = PredictionResponse.from_wire({"id": "p1", "status": "succeeded", "urls": {"get": "u"}})
    if touched:
        assert p.urls
    assert p.model_dump(exclude_none=True) == {
        "id": "p1",
        "status": PredictionStatus.SUCCEEDED,
        "urls": {"get_": "u"},
    }
    assert p.model_dump(mode="json", by_alias=True, exclude_unset=True) == dict(p)
    assert json.loads(p.model_dump_json(include={"id"})) == {"id": "p1"}
    assert p.model_fields_set == {"id", "status", "urls"}


@pytest.mark.parametrize("touched", [False, True])
def test_web_framework_serialises_an_answer(touched: bool) -> None:
    p = PredictionResponse.from_wire({"id": "p1", "status": "succeeded", "urls": {"get": "u"}})
    if touched:
        assert p.urls
    adapter = TypeAdapter(list[PredictionResponse])
    answer = adapter.validate_python([p])
    sent: Any = adapter.dump_python(answer, mode="json", by_alias=True, exclude_none=True)
    assert sent == [dict(p)]


def test_model_validate_reads_json_and_keeps_it() -> None:
    p = PredictionResponse.model_validate_json(json.dumps(FULL))
    assert p == FULL
    assert p.status is PredictionStatus.SUCCEEDED
    assert PredictionResponse.model_validate(p) == p


@pytest.mark.parametrize("mode", ["validation", "serialization"])
@pytest.mark.parametrize("cls", RECORDS)
def test_json_schema_names_every_field(cls: type[Record], mode: Any) -> None:
    schema = cls.model_json_schema(mode=mode)
    assert set(schema["properties"]) == {f.alias or n for n, f in cls.model_fields.items()}
    assert schema["type"] == "object"


# Anything at all


@settings(max_examples=60)
@given(json_objects(*PredictionResponse.model_fields))
def test_any_object_with_an_id_round_trips(wire: JsonObject) -> None:
    wire |= {"id": "p1"}
    p = PredictionResponse.from_wire(wire)
    assert dict(p) == wire
    for name in PredictionResponse.model_fields:
        getattr(p, name)
    assert (p.id, p.done in {True, False}) == ("p1", True)
    _ = (p.outputs(), p.failure, p.slug, p.created, p.started, p.completed, p.updated, repr(p))
    assert pickle.loads(pickle.dumps(p)) == copy.deepcopy(p) == p == wire
    copied = p.to_dict()
    assert copied == wire
    copied.clear()
    assert dict(p) == wire


@pytest.mark.parametrize("cls", RECORDS)
@settings(max_examples=30)
@given(data())
def test_any_object_is_read_as_pydantic_reads_it(cls: type[Record], data: DataObject) -> None:
    """Records that were received are read by a reader of their own; it must not differ."""
    keys = [info.alias or name for name, info in cls.model_fields.items()]
    wire = data.draw(json_objects(*keys)) | least(cls)
    received, built = cls.from_wire(wire), cls.model_validate(wire)
    for name in cls.model_fields:
        one, other = getattr(received, name), getattr(built, name)
        assert type(one) is type(other), name
        assert repr(one) == repr(other)  # also where it is not a number


class Odd(Record):
    """Kinds of fields that no record of the API has."""

    text: Annotated[str | None, BeforeValidator(lambda v: v["text"])] = None
    pair: tuple[int, int] | None = None
    word: Literal["a", "b"] | None = None
    inner: PredictionModel = Field(default_factory=PredictionModel)


def test_kinds_that_only_pydantic_knows_are_read_by_it() -> None:
    odd = Odd.from_wire(
        {"text": {"text": "x"}, "pair": [1, "2"], "word": "b", "inner": {"name": 1}}
    )
    assert (odd.text, odd.pair, odd.word, odd.inner.name) == ("x", (1, 2), "b", "1")
    odd = Odd.from_wire({"text": {"text": []}, "pair": [1], "word": "c", "inner": "?"})
    assert (odd.text, odd.pair, odd.word, odd.inner.name) == (None, None, None, None)


@settings(max_examples=60)
@given(json_objects(*Model.model_fields))
def test_any_object_is_read_as_a_model(wire: JsonObject) -> None:
    m = Model.from_wire(wire)
    for name in Model.model_fields:
        getattr(m, name)
    assert m == wire
    assert json.loads(m.model_dump_json()) is not None
