"""Fixtures for tests of applications: a local platform, and clients of both colours on it.

pytest finds them once `skytells[local]` is installed:

    @pytest.mark.skytells_local(speed=0)
    def test_a_picture(skytells_local, skytells_client): ...

Nothing global is set, and until a fixture is used nothing is loaded but this file.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from .client import AsyncSkytellsClient, SkytellsClient
    from .local import LocalPlatform

SPEED: Final = 1000.0
"""Platform seconds per second, unless the marker says otherwise."""

_MARKER: Final = (
    "skytells_local(**options): the arguments of skytells.local.serve for the fixture "
    "skytells_local; of several markers on a test, the closest decides each argument."
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def skytells_local(request: pytest.FixtureRequest) -> Generator[LocalPlatform]:
    """A local platform of the test's own, a thousand times as quick as the real one."""
    import skytells.local

    options: dict[str, Any] = {"speed": SPEED}
    for marker in reversed(list(request.node.iter_markers("skytells_local"))):
        if marker.args:
            raise pytest.UsageError("The marker skytells_local takes keywords only: speed=…")
        options |= marker.kwargs
    try:
        platform = skytells.local.serve(**options)
    except ImportError as error:
        pytest.fail(str(error), pytrace=False)
    with platform:
        yield platform


@pytest.fixture
def skytells_client(skytells_local: LocalPlatform) -> Generator[SkytellsClient]:
    """A client of the test's local platform."""
    with skytells_local.client() as client:
        yield client


@pytest.fixture
def async_skytells_client(skytells_local: LocalPlatform) -> AsyncSkytellsClient:
    """An async client of the test's local platform, for any plugin that runs async tests.

    It is a plain fixture, since those plugins disagree about async ones. The client's connections
    close with the test's event loop.
    """
    return skytells_local.async_client()
