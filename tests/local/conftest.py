"""A local platform with a stopped clock, and a plain HTTP client of it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import skytells.local
from skytells.local import LocalPlatform


@pytest.fixture
def platform() -> Iterator[LocalPlatform]:
    with skytells.local.serve(speed=0) as platform:
        yield platform


@pytest.fixture
def http(platform: LocalPlatform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.url, headers={"x-api-key": platform.key}) as http:
        yield http
