"""The `openai` package meets the platform where the two overlap today: requests, JSON and errors.

Its own resources (chat, responses, embeddings, an OpenAI-shaped list of models) are not here yet,
so it is used as the HTTP client that it also is, with the key in the platform's header. The
platform's address and key are in SKYTELLS_BASE_URL and SKYTELLS_API_KEY; it takes no other key.
"""

from __future__ import annotations

import os

import openai

URL = os.environ["SKYTELLS_BASE_URL"]
KEY = os.environ["SKYTELLS_API_KEY"]
ORDER = {"model": "gpt-5", "input": {"prompt": "a fox"}, "await": True}


def client_with(key):
    return openai.OpenAI(
        api_key=key, base_url=URL, default_headers={"x-api-key": key}, max_retries=0
    )


def check_models(client):
    listed = client.get("/models", cast_to=list)
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
    stranger = client_with("sk-wrong")
    half = {"model": "gpt-5"}
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


def error_of(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def main():
    client = client_with(KEY)
    for check in (check_models, check_predictions, check_errors):
        check(client)
        print(f"ok     {check.__name__}")


if __name__ == "__main__":
    main()
