"""What the platform documents of inference, name by name: all of it can be said, and is read."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from skytells import ApiErrorId, EmbeddingsAPI
from skytells._data.record import Record
from skytells.types import chat, embeddings, responses

PARAMS: list[tuple[type[Any], str]] = [
    (
        chat.ChatParams,
        (
            "max_tokens temperature top_p n stop presence_penalty frequency_penalty logprobs "
            "top_logprobs user parallel_tool_calls tools tool_choice response_format"
        ),
    ),
    (
        responses.ResponseParams,
        (
            "instructions temperature top_p max_output_tokens max_tool_calls tools tool_choice "
            "parallel_tool_calls reasoning text store metadata user previous_response_id service_tier "
            "truncation frequency_penalty presence_penalty top_logprobs prompt_cache_key "
            "prompt_cache_retention"
        ),
    ),
    (responses.Reasoning, "effort summary"),
    (responses.TextOptions, "format verbosity"),
    (chat.FunctionParam, "name description parameters strict"),
]


@pytest.mark.parametrize(
    ("params", "names"), PARAMS, ids=lambda value: getattr(value, "__name__", "")
)
def test_documented_parameter_has_a_type(params: type[Any], names: str) -> None:
    assert set(names.split()) - set(params.__annotations__) == set()


def test_documented_parameter_of_embeddings_is_taken() -> None:
    taken = set(inspect.signature(EmbeddingsAPI.create).parameters)
    assert {"model", "input", "dimensions", "user"} - taken == set()


FIELDS: list[tuple[type[Record], str]] = [
    (
        chat.ChatCompletion,
        "id object created model system_fingerprint choices prompt_filter_results usage",
    ),
    (chat.Choice, "index message finish_reason logprobs content_filter_results"),
    (chat.ChatMessage, "role content refusal annotations tool_calls"),
    (chat.ToolCall, "id type function"),
    (chat.FunctionCall, "name arguments"),
    (
        chat.Usage,
        (
            "prompt_tokens completion_tokens total_tokens completion_tokens_details "
            "prompt_tokens_details"
        ),
    ),
    (
        chat.CompletionTokens,
        "accepted_prediction_tokens audio_tokens reasoning_tokens rejected_prediction_tokens",
    ),
    (chat.PromptTokens, "audio_tokens cached_tokens"),
    (
        chat.ChatCompletionChunk,
        "id object created model choices usage system_fingerprint prompt_filter_results",
    ),
    (
        chat.ChunkChoice,
        "index delta finish_reason logprobs content_filter_results content_filter_offsets",
    ),
    (chat.Delta, "role content refusal tool_calls"),
    (chat.ToolCallDelta, "index id type function"),
    (chat.FilterResult, "filtered severity detected"),
    (chat.PromptFilterResult, "prompt_index content_filter_results"),
    (
        responses.Response,
        (
            "id object created_at status model output usage error incomplete_details instructions "
            "store parallel_tool_calls tools tool_choice truncation metadata content_filters "
            "previous_response_id temperature top_p frequency_penalty presence_penalty "
            "max_output_tokens max_tool_calls reasoning text service_tier background completed_at user "
            "safety_identifier system_fingerprint top_logprobs prompt_cache_key "
            "prompt_cache_retention"
        ),
    ),
    (responses.OutputItem, "id type status role content phase call_id name arguments summary"),
    (responses.OutputContent, "type text annotations logprobs"),
    (
        responses.ResponseUsage,
        "input_tokens output_tokens total_tokens input_tokens_details output_tokens_details",
    ),
    (
        responses.ContentFilter,
        "blocked source_type content_filter_raw content_filter_results content_filter_offsets",
    ),
    (responses.ResponseStateEvent, "type sequence_number response"),
    (responses.OutputItemEvent, "type sequence_number output_index item"),
    (responses.ContentPartEvent, "type sequence_number output_index content_index item_id part"),
    (
        responses.TextDeltaEvent,
        "type sequence_number output_index content_index item_id delta logprobs",
    ),
    (
        responses.TextDoneEvent,
        "type sequence_number output_index content_index item_id text logprobs",
    ),
    (embeddings.EmbeddingResponse, "object model data usage"),
    (embeddings.Embedding, "object index"),
    (embeddings.EmbeddingUsage, "prompt_tokens total_tokens"),
]


@pytest.mark.parametrize(
    ("kind", "names"), FIELDS, ids=lambda value: getattr(value, "__name__", "")
)
def test_documented_field_is_an_attribute_that_may_be_absent_or_null(
    kind: type[Record], names: str
) -> None:
    absent = kind.from_wire({})
    null = kind.from_wire(dict.fromkeys(names.split()))
    for name in names.split():
        assert getattr(absent, name) == getattr(null, name)
        assert null[name] is None
        assert name not in absent


EVENTS = [
    ("created", responses.ResponseStateEvent),
    ("in_progress", responses.ResponseStateEvent),
    ("completed", responses.ResponseStateEvent),
    ("output_item.added", responses.OutputItemEvent),
    ("output_item.done", responses.OutputItemEvent),
    ("content_part.added", responses.ContentPartEvent),
    ("content_part.done", responses.ContentPartEvent),
    ("output_text.delta", responses.TextDeltaEvent),
    ("output_text.done", responses.TextDoneEvent),
]


@pytest.mark.parametrize(("name", "kind"), EVENTS)
def test_documented_event_has_a_type_and_keeps_its_padding(name: str, kind: type[Any]) -> None:
    event = responses.event_of({"type": f"response.{name}", "obfuscation": "x7Q"})
    assert type(event) is kind
    assert event["obfuscation"] == "x7Q"


@pytest.mark.parametrize("status", ["in_progress", "completed", "cancelled", "failed"])
def test_documented_status_of_a_response_is_known(status: str) -> None:
    read = responses.Response.from_wire({"status": status}).status
    assert isinstance(read, responses.ResponseStatus)
    assert read == status


@pytest.mark.parametrize(
    "reason", ["stop", "length", "tool_calls", "content_filter", "function_call"]
)
def test_documented_reason_is_known(reason: str) -> None:
    read = chat.Choice.from_wire({"finish_reason": reason}).finish_reason
    assert isinstance(read, chat.FinishReason)
    assert read == reason


def test_every_documented_error_id_is_known() -> None:
    names = (
        "UNAUTHORIZED FORBIDDEN INVALID_REQUEST INVALID_PARAMETER RATE_LIMITED "
        "INFERENCE_RATE_LIMITED INFERENCE_TIMEOUT SERVICE_UNAVAILABLE INFERENCE_ERROR "
        "CONTENT_POLICY_VIOLATION ENDPOINT_NOT_FOUND INTERNAL_ERROR MODEL_NOT_FOUND"
    )
    assert set(names.split()) - set(ApiErrorId) == set()
