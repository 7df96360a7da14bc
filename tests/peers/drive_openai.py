"""The `openai` package drives the platform's inference, and as a plain HTTP client its predictions.

Its key is sent as `Authorization: Bearer`; predictions require the platform's own header. Responses of
inference are validated strictly. The platform's address and key are in SKYTELLS_BASE_URL and
SKYTELLS_API_KEY; it accepts no other key.
"""

from __future__ import annotations

import asyncio
import json
import os

import openai
from pydantic import BaseModel

URL = os.environ["SKYTELLS_BASE_URL"]
KEY = os.environ["SKYTELLS_API_KEY"]
ORDER = {"model": "local-text", "input": {"prompt": "a fox"}, "await": True}
FOX = [{"role": "user", "content": "What is a fox?"}]
PARIS = {"role": "user", "content": "What is the weather in Paris?"}
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"name": "get_weather", "parameters": PARAMETERS, "strict": True}


class Fox(BaseModel):
    name: str
    tails: int


def client_with(key, *, strict=True, **headers):
    return openai.OpenAI(
        api_key=key,
        base_url=URL,
        default_headers=headers,
        max_retries=0,
        _strict_response_validation=strict,
    )


def check_models(client):
    listed = client_with(KEY, strict=False).get(
        "/models", cast_to=list
    )  # the key as a bearer token
    assert "gpt-5" in [model["namespace"] for model in listed], listed
    model = client.models.retrieve("gpt-5")
    assert model.namespace == "gpt-5", model
    assert model.metadata["openai_compatible"] is True, model


def check_predictions(client):
    prediction = client.post("/predictions", cast_to=dict, body=ORDER)
    assert prediction["status"] == "succeeded", prediction
    assert isinstance(prediction["output"], str), prediction
    again = client.get(f"/predictions/{prediction['id']}", cast_to=dict)
    assert again["output"] == prediction["output"], again
    assert client.delete(f"/predictions/{prediction['id']}", cast_to=dict) == {"success": True}


def check_errors(client):
    stranger = client_with("sk-wrong", **{"x-api-key": "sk-wrong"})
    half = {"model": "local-text"}
    refusals = {
        "MODEL_NOT_FOUND": error_of(openai.NotFoundError, lambda: client.models.retrieve("nobody")),
        "UNAUTHORIZED": error_of(openai.AuthenticationError, stranger.models.list),
        "VALIDATION_ERROR": error_of(
            openai.UnprocessableEntityError,
            lambda: client.post("/predictions", cast_to=dict, body=half),
        ),
    }
    for error_id, error in refusals.items():
        assert error.body["error_id"] == error_id, error.body
        assert error.body["http_status"] == error.status_code, error.body
        assert error.request_id, error.response.headers


def check_inference_errors(client):
    def chat(by=client, **change):
        return lambda: by.chat.completions.create(**{"model": "gpt-5", "messages": FOX, **change})

    massacre = [{"role": "user", "content": "a massacre"}]
    refusals = {
        "UNAUTHORIZED": error_of(openai.AuthenticationError, chat(client_with("sk-wrong"))),
        "MODEL_NOT_FOUND": error_of(openai.NotFoundError, chat(model="nobody")),
        "INVALID_PARAMETER": error_of(openai.BadRequestError, chat(temperature=3)),
        "CONTENT_POLICY_VIOLATION": error_of(openai.APIStatusError, chat(messages=massacre)),
        "RATE_LIMITED": error_of(openai.RateLimitError, chat(extra_headers=fault("RATE_LIMITED"))),
        "INFERENCE_TIMEOUT": error_of(
            openai.InternalServerError, chat(extra_headers=fault("INFERENCE_TIMEOUT"))
        ),
    }
    for error_id, error in refusals.items():
        assert error.body["error_id"] == error_id, error.body
        assert error.body["status"] == error.status_code, error.body
        assert error.body["request_id"] == error.request_id, error.body
        assert error.type, error.body
        assert error.code, error.body
    assert refusals["INVALID_PARAMETER"].param == "temperature"
    assert refusals["CONTENT_POLICY_VIOLATION"].status_code == 451
    assert refusals["CONTENT_POLICY_VIOLATION"].code == "content_filter"
    assert int(refusals["RATE_LIMITED"].response.headers["retry-after"]) > 0

    def respond(by=client, **change):
        return lambda: by.responses.create(**{"model": "gpt-5", "input": "a fox", **change})

    def embed(by=client, **change):
        return lambda: by.embeddings.create(
            **{"model": "skytells-embed-3-small", "input": "a fox", **change}
        )

    error_of(openai.AuthenticationError, respond(by=client_with("sk-wrong")))
    error_of(openai.AuthenticationError, embed(by=client_with("sk-wrong")))
    error_of(openai.NotFoundError, respond(model="nobody"))
    error_of(openai.NotFoundError, respond(previous_response_id="resp_0"))
    error_of(openai.BadRequestError, embed(dimensions=99_999))
    error_of(openai.BadRequestError, embed(input=[""]))
    assert error_of(openai.APIStatusError, respond(input="a massacre")).status_code == 451
    for asked in (respond, embed):
        error_of(openai.RateLimitError, asked(extra_headers=fault("RATE_LIMITED")))


def fault(error_id):
    return {"X-Skytells-Local-Fault": f"error={error_id}"}


def check_chat(client):
    completion = client.chat.completions.create(model="gpt-5", messages=FOX, n=2)
    assert [choice.finish_reason for choice in completion.choices] == ["stop", "stop"], completion
    assert "What is a fox" in completion.choices[0].message.content, completion
    assert completion.usage.total_tokens > 20, completion
    short = client.chat.completions.create(model="deepbrain-router", messages=FOX, max_tokens=16)
    assert short.model != "deepbrain-router", short
    assert (short.choices[0].finish_reason, short.choices[0].message.content) == ("length", "")
    brief = client.chat.completions.create(model="deepbrain-router", messages=FOX, max_tokens=32)
    assert brief.choices[0].finish_reason == "stop", brief
    assert brief.choices[0].message.content, brief


def check_chat_stream(client):
    options = {"include_usage": True}
    stream = client.chat.completions.create(
        model="gpt-5", messages=FOX, stream=True, stream_options=options
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    whole = client.chat.completions.create(model="gpt-5", messages=FOX)
    assert text == whole.choices[0].message.content, text
    assert chunks[-1].usage == whole.usage, chunks[-1]

    with client.chat.completions.stream(model="gpt-5", messages=FOX) as told:
        for _ in told:
            pass
        assert told.get_final_completion().choices[0].message.content == text

    broken = client.chat.completions.create(
        model="gpt-5",
        messages=FOX,
        stream=True,
        extra_headers={"X-Skytells-Local-Fault": "stream=error, after=3"},
    )
    error = error_of(openai.APIError, lambda: list(broken))
    assert error.body["error_id"] == "INFERENCE_ERROR", error.body


def check_forms_of_streams(client):
    def streamed(variants):
        header = {"X-Skytells-Local-Fault": f"variants={variants}"}
        chunks = client.chat.completions.create(
            model="gpt-5", messages=FOX, stream=True, extra_headers=header
        )
        events = client.responses.create(
            model="gpt-5", input="What is a fox?", stream=True, extra_headers=header
        )
        said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
        return said, "".join(deltas)

    plain = client.chat.completions.create(model="gpt-5", messages=FOX).choices[0].message.content
    # Not "comments event-ids" together: after an `id` this package takes every empty line for the
    # end of an event, against the standard, which requires `data`.
    for variants in ("event-ids", "event-ids crlf"):
        assert streamed(variants) == (plain, plain), variants
    forms = ("crlf", "comments", "multi-line", "obfuscation", "responses-done")
    for variants in (*forms, " ".join(forms)):
        assert streamed(variants) == (plain, plain), variants


def check_pictures(client):
    url = "https://example.com/fox.png"
    part = {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
    asked = [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, part]}]
    seen = client.chat.completions.create(model="gpt-5", messages=asked)
    assert "1 picture" in seen.choices[0].message.content, seen
    parts = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": url, "detail": "auto"},
    ]
    seen = client.responses.create(model="gpt-5", input=[{"role": "user", "content": parts}])
    assert "1 picture" in seen.output_text, seen


def check_tools(client):
    tools = [{"type": "function", "function": WEATHER}]
    asked = client.chat.completions.create(model="gpt-5", messages=[PARIS], tools=tools)
    message = asked.choices[0].message
    (call,) = message.tool_calls
    assert call.function.name == "get_weather", call
    assert json.loads(call.function.arguments) == {"city": "Paris"}, call
    result = {"role": "tool", "tool_call_id": call.id, "content": "18 °C"}
    last = client.chat.completions.create(
        model="gpt-5", messages=[PARIS, message, result], tools=tools
    )
    assert "18 °C" in last.choices[0].message.content, last
    with client.chat.completions.stream(model="gpt-5", messages=[PARIS], tools=tools) as told:
        final = told.get_final_completion().choices[0].message.tool_calls[0].function
        assert final.parsed_arguments == {"city": "Paris"}, final
    must = client.chat.completions.create(
        model="gpt-5", messages=FOX, tools=tools, tool_choice="required"
    )
    assert must.choices[0].finish_reason == "tool_calls", must
    mustnt = client.chat.completions.create(
        model="gpt-5", messages=[PARIS], tools=tools, tool_choice="none"
    )
    assert mustnt.choices[0].message.tool_calls is None, mustnt


def check_required_tools(client):
    answer = {"name": "final_answer", "parameters": PARAMETERS}
    tools = [{"type": "function", "function": function} for function in (WEATHER, answer)]
    messages, called = [PARIS], []
    while "final_answer" not in called:
        message = (
            client.chat.completions.create(
                model="gpt-5", messages=messages, tools=tools, tool_choice="required"
            )
            .choices[0]
            .message
        )
        called += [call.function.name for call in message.tool_calls]
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": "18 °C"}
            for call in message.tool_calls
        ]
        messages += [message, *results]
    assert called == ["get_weather", "final_answer"], called


def check_schemas_in_messages(client):
    told = {"role": "system", "content": f"Answer as {json.dumps(Fox.model_json_schema())}"}
    for form in ({}, {"response_format": {"type": "json_object"}}):
        said = client.chat.completions.create(model="gpt-5", messages=[told, *FOX], **form)
        Fox.model_validate_json(said.choices[0].message.content)
    response = client.responses.create(
        model="gpt-5", instructions=told["content"], input="What is a fox?"
    )
    Fox.model_validate_json(response.output_text)


def check_logprobs(client):
    said = client.chat.completions.create(
        model="gpt-5", messages=FOX, logprobs=True, top_logprobs=4
    )
    assert {len(token.top_logprobs) for token in said.choices[0].logprobs.content} == {4}, said
    response = client.responses.create(
        model="gpt-5", input="A fox?", top_logprobs=2, include=["message.output_text.logprobs"]
    )
    (part,) = response.output[0].content
    assert {len(token.top_logprobs) for token in part.logprobs} == {2}, response


def check_requests_that_openai_refuses(client):
    def chat(**fields):
        return lambda: client.chat.completions.create(
            **{"model": "gpt-5", "messages": FOX, **fields}
        )

    def respond(**fields):
        return lambda: client.responses.create(**{"model": "gpt-5", "input": "A fox?", **fields})

    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    calling = {"role": "assistant", "content": None, "tool_calls": [call]}
    loose = {**WEATHER, "parameters": {"type": "object", "properties": {}}}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "7"}
    cases = [
        (chat(messages=[*FOX, calling]), "messages", None),
        (chat(stop=list("abcde")), "stop", "array_above_max_length"),
        (chat(top_logprobs=1), "top_logprobs", None),
        (chat(stream_options={"include_usage": True}), "stream_options", None),
        (chat(tool_choice="auto"), "tool_choice", None),
        (
            chat(tools=[{"type": "function", "function": {"name": "get weather"}}]),
            "tools[0].function.name",
            "invalid_value",
        ),
        (
            chat(tools=[{"type": "function", "function": loose}]),
            "tools[0].function.parameters",
            "invalid_function_parameters",
        ),
        (
            chat(messages=[{"role": "user", "content": "fox " * 500_000}]),
            "messages",
            "context_length_exceeded",
        ),
        (respond(input=[output]), "input", None),
        (respond(tools=[{"type": "custom", "name": "f"}]), "tools[0].type", "invalid_value"),
    ]
    for ask, param, code in cases:
        error = error_of(openai.BadRequestError, ask)
        assert (error.param, error.code) == (param, code), error.body


def check_tools_of_responses(client):
    tools = [{"type": "function", **WEATHER}]
    asked = client.responses.create(model="gpt-5", input=PARIS["content"], tools=tools)
    (call,) = asked.output
    assert (call.type, json.loads(call.arguments)) == ("function_call", {"city": "Paris"}), call
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "18 °C"}
    last = client.responses.create(
        model="gpt-5", input=[PARIS, call.model_dump(), result], tools=tools
    )
    assert "18 °C" in last.output_text, last
    stored = client.responses.create(model="gpt-5", input=PARIS["content"], tools=tools, store=True)
    result["call_id"] = stored.output[0].call_id
    last = client.responses.create(
        model="gpt-5", input=[result], tools=tools, previous_response_id=stored.id
    )
    assert "18 °C" in last.output_text, last


def check_parsing(client):
    parsed = client.chat.completions.parse(model="gpt-5", messages=FOX, response_format=Fox)
    assert isinstance(parsed.choices[0].message.parsed, Fox), parsed
    response = client.responses.parse(model="gpt-5", input="What is a fox?", text_format=Fox)
    assert isinstance(response.output_parsed, Fox), response
    with client.chat.completions.stream(model="gpt-5", messages=FOX, response_format=Fox) as told:
        assert isinstance(told.get_final_completion().choices[0].message.parsed, Fox)
    with client.responses.stream(model="gpt-5", input="A fox?", text_format=Fox) as told:
        assert isinstance(told.get_final_response().output_parsed, Fox)

    hunt = openai.pydantic_function_tool(Fox, name="describe_fox")
    called = client.chat.completions.parse(
        model="gpt-5", messages=FOX, tools=[hunt], tool_choice="required"
    )
    (call,) = called.choices[0].message.tool_calls
    assert isinstance(call.function.parsed_arguments, Fox), call

    def parse(**change):
        asked = {"model": "gpt-5", "messages": FOX, "response_format": Fox, **change}
        return lambda: client.chat.completions.parse(**asked)

    error_of(openai.LengthFinishReasonError, parse(max_tokens=2))
    stabbed = [{"role": "user", "content": "He will stab him"}]
    error_of(openai.ContentFilterFinishReasonError, parse(messages=stabbed))


def check_responses(client):
    first = client.responses.create(model="gpt-5", input="What is a fox?", store=True)
    assert first.status == "completed", first
    assert "What is a fox" in first.output_text, first
    second = client.responses.create(
        model="gpt-5", input="And a wolf?", previous_response_id=first.id
    )
    assert "And a wolf" in second.output_text, second
    cut = client.responses.create(model="gpt-5", input="What is a fox?", max_output_tokens=2)
    assert cut.incomplete_details.reason == "max_output_tokens", cut


def check_response_stream(client):
    tools = [{"type": "function", **WEATHER}]
    with client.responses.stream(model="gpt-5", input="What is a fox?") as told:
        kinds = [event.type for event in told]
        final = told.get_final_response()
    assert [kinds[0], kinds[-1]] == ["response.created", "response.completed"], kinds
    assert "What is a fox" in final.output_text, final
    events = list(
        client.responses.create(
            model="gpt-5",
            input="What is the weather in Paris?",
            tools=tools,
            reasoning={"effort": "low", "summary": "auto"},
            stream=True,
        )
    )
    assert [event.sequence_number for event in events] == list(range(len(events)))
    (done,) = [e for e in events if e.type == "response.function_call_arguments.done"]
    assert json.loads(done.arguments) == {"city": "Paris"}, done
    output = [item.type for item in events[-1].response.output]
    assert output == ["reasoning", "function_call"], output

    def broken(how):
        header = {"X-Skytells-Local-Fault": f"stream={how}, after=3"}
        return client.responses.create(
            model="gpt-5", input="What is a fox?", stream=True, extra_headers=header
        )

    last = list(broken("error"))[-1]
    assert (last.type, last.code) == ("error", "inference_error"), last
    last = list(broken("failed"))[-1]
    assert (last.type, last.response.error.code) == ("response.failed", "server_error"), last


def check_embeddings(client):
    def embedded(given, by=client, **fields):
        made = by.embeddings.create(model="skytells-embed-3-small", input=given, **fields)
        return [item.embedding for item in made.data]

    # It requests base64 by default, which its strict validation does not accept, and decodes it.
    packed = embedded(["a fox", "a wolf"], by=client_with(KEY, strict=False))
    plain = embedded(["a fox", "a wolf"], encoding_format="float")
    assert [len(vector) for vector in packed] == [1536, 1536]
    for one, other in zip(packed, plain, strict=True):
        assert all(abs(a - b) < 1e-6 for a, b in zip(one, other, strict=True))
    assert [
        len(vector) for vector in embedded([[1, 2], [3]], dimensions=8, encoding_format="float")
    ] == [8, 8]


def check_asyncio(client):
    async def drive():
        async with openai.AsyncOpenAI(
            api_key=KEY, base_url=URL, max_retries=0, _strict_response_validation=True
        ) as ours:
            chat = ours.chat.completions.create
            whole, stream, vectors, response = await asyncio.gather(
                chat(model="gpt-5", messages=FOX),
                chat(model="gpt-5", messages=FOX, stream=True),
                ours.embeddings.create(
                    model="skytells-embed-3-small", input=["a", "b"], encoding_format="float"
                ),
                ours.responses.create(model="gpt-5", input="What is a fox?"),
            )
            said = [c.choices[0].delta.content or "" async for c in stream if c.choices]
            return whole.choices[0].message.content, "".join(said), vectors, response.output_text

    whole, said, vectors, response = asyncio.run(drive())
    assert whole == said == response, (whole, said, response)
    assert [len(item.embedding) for item in vectors.data] == [1536, 1536]


def error_of(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def main():
    # Predictions and models have the platform's own form.
    predicting = client_with(KEY, strict=False, **{"x-api-key": KEY})
    inferring = client_with(KEY)
    checks = {
        predicting: (check_models, check_predictions, check_errors),
        inferring: (
            check_inference_errors,
            check_chat,
            check_chat_stream,
            check_forms_of_streams,
            check_pictures,
            check_tools,
            check_required_tools,
            check_schemas_in_messages,
            check_logprobs,
            check_requests_that_openai_refuses,
            check_tools_of_responses,
            check_parsing,
            check_responses,
            check_response_stream,
            check_embeddings,
            check_asyncio,
        ),
    }
    for client, several in checks.items():
        for check in several:
            check(client)
            print(f"ok     {check.__name__}")


if __name__ == "__main__":
    main()
