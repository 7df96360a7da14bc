"""The edge, on the local platform: what it serves is served, what it refuses is explained."""

from __future__ import annotations

from typing import Any

import pytest

from skytells import (
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    SkytellsClient,
    SkytellsError,
)
from skytells.local import LocalPlatform

from ..conftest import Build

CAT: dict[str, Any] = {"prompt": "A cat"}
FOX: Any = [{"role": "user", "content": "What is a fox?"}]


@pytest.fixture
def edge(build: Build, platform: LocalPlatform) -> SkytellsClient:
    return build(platform.key, base_url=platform.edge_url, edge=True, retry={"retries": 0})


def test_the_edge_runs_its_models_and_chats(edge: SkytellsClient) -> None:
    [fast] = [m for m in edge.models.list() if m.metadata and m.metadata.edge_compatible]
    assert edge.run(fast.slug or "", input=CAT).status == "succeeded"
    assert "fox" in edge.chat.completions.create(model="gpt-5", messages=FOX).text
    with edge.chat.completions.stream(model="gpt-5", messages=FOX) as stream:
        assert "fox" in "".join(stream.text)
    assert edge.safety.check_text("A cat").passed


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({}, NotFoundError),
        ({"variants": ["edge-422"]}, InvalidRequestError),
        ({"path": "/edge/*", "error": "FORBIDDEN"}, PermissionDeniedError),
    ],
)
def test_what_the_edge_refuses_is_explained(
    edge: SkytellsClient, platform: LocalPlatform, fault: Any, kind: type[SkytellsError]
) -> None:
    platform.fault(**fault)
    with pytest.raises(kind, match="The edge serves the models whose metadata") as caught:
        edge.predictions.create(model="flux-pro", input=CAT)
    assert not caught.value.maybe_sent
    assert platform.predictions == []


def test_the_edge_is_asked_for_no_webhook(edge: SkytellsClient, platform: LocalPlatform) -> None:
    with pytest.raises(InvalidRequestError, match="edge calls no webhooks"):
        edge.predictions.create(
            model="flux-edge", input=CAT, webhook={"url": "https://a.b", "events": ["completed"]}
        )
    assert platform.requests == []
