"""The stage that the faults are played on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ..behaviour.steps import answers
from ..conftest import Build, Colour
from .cases import P1, Fault
from .stage import Clockwork, Stage, Stand, authority


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the authority that is trusted on the stage."""
    place = tmp_path_factory.mktemp("authorities") / "trusted.pem"
    authority("trusted").cert_pem.write_to_path(str(place))
    return place


@pytest.fixture
def stage(
    fault: Fault,
    colour: Colour,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    authorities: Path,
) -> Iterator[Stage]:
    """The stage of one fault, its server running by the fault's script."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as servers:
        tls = fault.tls() if fault.tls is not None else None
        server = Stand(*fault.script, listening=fault.listening, tls=tls)
        servers.enter_context(closing(server))
        stranger, proxy = (servers.enter_context(closing(Stand(answers(P1)))) for _ in range(2))
        stage = Stage(
            colour, build, monkeypatch, caplog, Clockwork(monkeypatch), server, stranger, proxy
        )
        yield stage
        stage.end_trouble()
