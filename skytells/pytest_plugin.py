"""pytest fixtures for tests of applications: a local platform, and sync and async clients of it.

They are available once `skytells[local]` is installed:

    @pytest.mark.skytells_local(speed=0)
    def test_a_picture(skytells_local, skytells_client): ...

They set nothing global, and only this file is imported until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from .client import AsyncSkytellsClient, SkytellsClient
    from .local import LocalPlatform

SPEED: Final = 1000.0
"""The default speed of the platform's clock."""

_MARKER: Final = (
    "skytells_local(**options): the arguments of skytells.local.serve for the fixture "
    "skytells_local; of several markers on a test, the closest sets each argument."
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def skytells_local(request: pytest.FixtureRequest) -> Generator[LocalPlatform]:
    """A local platform for one test, a thousand times as fast as the real one."""
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

    It is a sync fixture, since these plugins have different async fixtures. The connections of the
    client are closed with the event loop of the test.
    """
    return skytells_local.async_client()
