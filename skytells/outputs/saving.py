"""Outputs kept: what `save()`, `bytes()` and `open()` do, once for both clients."""

from __future__ import annotations

import inspect
import os
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, cast

from .._core.config import Config
from .._core.operation import Flow, Gather, RunBlocking
from .._data.checks import milliseconds, whole
from ..errors import DownloadError, InvalidRequestError
from ..types.outputs import DownloadProgress
from ..types.predict import PredictionResponse
from .disk import Names, PartialFile, Target
from .failures import failing, naming, unkept
from .sources import Source, source, sources, stems, with_suffix
from .transfer import Terms, Transfer

AT_ONCE: Final = 4
PIECE: Final = 1024 * 1024


class Meter:
    """Tells the user's callback, one call at a time, how far all outputs together are."""

    def __init__(self, callback: DownloadProgress | None) -> None:
        if callback is not None and not callable(callback):  # pyright: ignore[reportUnnecessaryComparison]
            raise InvalidRequestError.of(
                f"progress must be a function, not {type(callback).__name__}."
            )
        if inspect.iscoroutinefunction(callback):
            raise InvalidRequestError.of("progress must be a plain function, and not async.")
        self._callback = callback
        self._came: list[int] = []
        self._sizes: list[int | None] = []
        self._lock = threading.Lock()

    def expect(self, sizes: Sequence[int | None]) -> None:
        """Outputs of these sizes, where they are known, will come."""
        self._came, self._sizes = [0] * len(sizes), list(sizes)

    def tell(self, place: int, came: int, size: int | None) -> None:
        """How far the output at a place is."""
        if self._callback is None:
            return
        with self._lock:
            self._came[place], self._sizes[place] = came, size
            known = [each for each in self._sizes if each is not None]
            self._callback(sum(self._came), sum(known) if len(known) == len(self._sizes) else None)


def terms_of(
    config: Config, max_wait: float | None, max_bytes: int, *, allow_private: bool
) -> Terms:
    """Under what terms a client fetches outputs; times in milliseconds."""
    deadline = None
    if max_wait is not None:
        deadline = time.monotonic() + milliseconds(max_wait, "max_wait") / 1000
    return Terms(
        config.api.origin,
        dict(config.headers).get(b"user-agent", b"skytells-python"),
        config.timeout,
        deadline,
        whole(max_bytes, "max_bytes", 1, 2**60),
        allow_private,
    )


def ready(to: str | os.PathLike[str]) -> Flow[Target]:
    """The place for outputs, made if it is not there."""
    try:
        return (yield from RunBlocking(partial(Target.prepare, to)))
    except OSError as error:
        raise unkept(error) from None


def save(
    prediction: PredictionResponse,
    to: str | os.PathLike[str],
    terms: Terms,
    progress: DownloadProgress | None,
    *,
    overwrite: bool,
) -> Flow[list[Path]]:
    """Keep all outputs of a prediction, side by side."""
    meter = Meter(progress)
    with naming(prediction):
        found = _outputs(prediction)
        target = yield from ready(to)
        wanted, names = stems(found, target.name), Names(target.folder, overwrite=overwrite)
        meter.expect([each.size for each in found])
        transfers = [Transfer(each, terms) for each in found]
        flows = [
            _keep(prediction, transfer, names, name, partial(meter.tell, place))
            for place, (transfer, name) in enumerate(zip(transfers, wanted, strict=True))
        ]

        def cancel() -> None:
            for transfer in transfers:
                transfer.stopped = True

        outcomes: list[Path | Exception | None] = [None] * len(flows)
        if len(flows) == 1:  # in this thread, so that an interrupt ends it at once
            try:
                outcomes[0] = yield from flows[0]
            except DownloadError as error:
                outcomes[0] = error
        elif flows:
            yield Gather(flows, AT_ONCE, outcomes, cancel)
        return _all_kept(outcomes)


def fetch(prediction: PredictionResponse, index: int, terms: Terms) -> Flow[bytes]:
    """One output of a prediction, in memory."""
    with naming(prediction):
        one = source(prediction, index)
        transfer, chunks = Transfer(one, terms), list[bytes]()
        try:
            with failing(prediction, one):
                while (piece := (yield from transfer.next(PIECE))).size:
                    if not piece.offset:
                        chunks.clear()
                    chunks += piece.chunks
        finally:
            transfer.abandon()
        return b"".join(chunks)


def _outputs(prediction: PredictionResponse) -> list[Source]:
    if not prediction.done:
        raise InvalidRequestError.of(
            f"Prediction {prediction.id} is {prediction.status} and has no outputs yet. Wait for "
            f"it: client.wait({prediction.id!r})."
        )
    return sources(prediction)


def _keep(
    prediction: PredictionResponse,
    transfer: Transfer,
    names: Names,
    name: str,
    report: DownloadProgress,
) -> Flow[Path]:
    """Keep one output."""
    part = PartialFile(names.folder)
    try:
        more = True
        while more:
            with failing(prediction, transfer.source):
                piece = yield from transfer.next(PIECE)
                yield from RunBlocking(partial(part.write, piece))
            more = piece.size > 0
            report(piece.offset + piece.size, transfer.size)
        with failing(prediction, transfer.source):
            final = with_suffix(name, transfer.type)
            return (yield from RunBlocking(partial(part.settle, names, final)))
    finally:
        transfer.abandon()
        part.discard()


def _all_kept(outcomes: Sequence[Path | Exception | None]) -> list[Path]:
    """The paths, if there is one for each output."""
    wrong = [each for each in outcomes if isinstance(each, Exception)]
    if not wrong:
        return cast("list[Path]", outcomes)
    for error in wrong:
        if not isinstance(error, DownloadError):
            raise error  # a callback's own
    first = cast(DownloadError, wrong[0])
    many = f"{len(wrong)} of {len(outcomes)} outputs were not kept, error.paths has the others. "
    if len(wrong) == len(outcomes):
        many = "" if len(outcomes) == 1 else f"None of {len(outcomes)} outputs was kept. "
    error = type(first)(
        f"{many}{first.message}",
        *(first.error_id, first.details, first.http_status),
        retry_after=first.retry_after,
        retryable=first.retryable,
    )
    error.paths = tuple(each if isinstance(each, Path) else None for each in outcomes)
    error.errors = tuple(each if isinstance(each, DownloadError) else None for each in outcomes)
    raise error from first.__cause__
