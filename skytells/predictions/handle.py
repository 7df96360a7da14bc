"""The handle that `run()` returns: a prediction, and what one does with it."""

from __future__ import annotations

from collections.abc import KeysView
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from .._core.protocols import AsyncPerformer, Performer
from .._data.checks import DEFAULT_IDLE
from .._data.encoding import WireEncoded
from ..errors import InvalidRequestError
from ..types.outputs import LARGEST_FILE, LARGEST_IN_MEMORY
from ..types.predict import Output, PredictionFile, PredictionResponse
from .requests import delete_prediction, get_prediction

if TYPE_CHECKING:
    from decimal import Decimal

    from .._core.polling import Options
    from ..outputs.previews import Preview
    from ..outputs.reading import AsyncOutputReader, OutputReader
    from ..types.outputs import DownloadProgress
    from ..types.shared import OnProgressCallback
    from ..webhooks.handler import WebhookHandler
    from .api import AsyncPredictionsAPI, Place, PredictionsAPI
    from .stream import AsyncPredictionStream, PredictionStream

# In the classes below, `bytes` is a method.
Content: TypeAlias = bytes

LONGEST_DISPLAY: Final = 20_000
"""Milliseconds that a notebook waits for the outputs of a handle that it is to show."""

_NOT_AWAITED: Final = "To see it here: await prediction.show()."


class Client(Performer, Protocol):
    """A sync client, as a handle sees it."""

    @property
    def base_url(self) -> str: ...
    @property
    def predictions(self) -> PredictionsAPI: ...
    def wait(
        self,
        prediction: PredictionResponse,
        options: Options = None,
        on_progress: OnProgressCallback | None = None,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        handler: WebhookHandler | None = None,
        progress: bool = False,
    ) -> PredictionResponse: ...


class AsyncClient(AsyncPerformer, Protocol):
    """An async client, as a handle sees it."""

    @property
    def base_url(self) -> str: ...
    @property
    def predictions(self) -> AsyncPredictionsAPI: ...
    async def wait(
        self,
        prediction: PredictionResponse,
        options: Options = None,
        on_progress: OnProgressCallback | None = None,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        handler: WebhookHandler | None = None,
        progress: bool = False,
    ) -> PredictionResponse: ...
    def _preview(self, prediction: AsyncPrediction, max_wait: float, /) -> Preview | None: ...


class _State(WireEncoded):
    """What a handle shows of its prediction."""

    def __init__(self, response: PredictionResponse) -> None:
        self._response = response
        self._paths: list[Path] = []
        self._preview: Preview | None = None

    @property
    def response(self) -> PredictionResponse:
        """The prediction as last seen: typed attributes, and the wire JSON by key."""
        return self._response

    @property
    def id(self) -> str:
        """Its id."""
        return self._response.id

    @property
    def status(self) -> str:
        """Its status as last seen; compares equal to members of `PredictionStatus`."""
        return self._response.status

    @property
    def output(self) -> Output:
        """What it made: a URL or text, several, or `None` while there is nothing."""
        return self._response.output

    @property
    def cost(self) -> Decimal | None:
        """What it cost, in credits of one US dollar, if the server said so."""
        return self._response.cost

    @property
    def files(self) -> list[PredictionFile]:
        """The files of its output: name, type, size and address, where they are known."""
        return self._response.files

    @property
    def paths(self) -> list[Path]:
        """Where its outputs were last kept, by `save()` or `run(…, download_to=…)`."""
        return list(self._paths)

    def outputs(self) -> Output:
        """The output, a list of one unwrapped."""
        return self._response.outputs()

    def raw(self) -> dict[str, Any]:
        """The wire JSON as a plain dict of your own."""
        return self._response.to_dict()

    def keys(self) -> KeysView[str]:
        """Names of all that the server sent, so that `dict(prediction)` is its wire JSON."""
        return self._response.keys()

    def __getitem__(self, key: str) -> Any:
        return self._response[key]

    def _encoded(self) -> dict[str, Any]:
        return self.raw()

    def __skytells_input__(self) -> Output:
        """What stands for it in an input: the addresses of its outputs."""
        output = self.outputs()
        if output is None:
            raise InvalidRequestError.of(
                f"Prediction {self.id} has no output to give as an input: it is {self.status}."
            )
        return output

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, status={str(self.status)!r})"

    def _see(self, response: PredictionResponse) -> None:
        self._response = response

    def _seen(self) -> Preview | None:
        """The preview that was made, if it still is one of what there is now."""
        seen = self._preview
        return seen if seen is not None and seen.prediction is self._response else None


class Prediction(_State):
    """A prediction, as `SkytellsClient.run` returns it.

    Example:
        >>> prediction = client.run("flux-pro", input={"prompt": "A cat"})
        >>> print(prediction.status, len(prediction.output))
        succeeded 1
    """

    def __init__(self, client: Client, response: PredictionResponse) -> None:
        super().__init__(response)
        self._client = client

    def cancel(self) -> PredictionResponse:
        """Cancel it; the handle then shows its new state.

        Raises:
            SkytellsError: It cannot be cancelled, as when it has already ended.
        """
        from .requests import cancel_and_fetch

        self._response = self._client.perform(cancel_and_fetch(self.id))
        return self._response

    def delete(self) -> PredictionResponse:
        """Delete it and its files.

        Returns:
            The server's confirmation; the handle goes on showing the prediction as it was.
        """
        return self._client.perform(delete_prediction(self.id))

    def refresh(self) -> PredictionResponse:
        """Look at it once more; the handle then shows its new state."""
        self._response = self._client.perform(get_prediction(self.id))
        return self._response

    def wait(
        self,
        options: Options = None,
        on_progress: OnProgressCallback | None = None,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        handler: WebhookHandler | None = None,
        progress: bool = False,
    ) -> PredictionResponse:
        """Wait until it has ended, as `client.wait` does; the handle then shows its new state.

        Args:
            options: `WaitOptions` or a dict.
            on_progress: Called with each new state.
            max_wait: Longest wait in milliseconds.
            interval: Pause between looks in milliseconds; by default adaptive.
            handler: What receives your webhooks: one that tells of the end ends the wait at once.
            progress: Whether to draw a bar.
        """
        self._response = self._client.wait(
            self._response,
            options,
            on_progress,
            max_wait=max_wait,
            interval=interval,
            handler=handler,
            progress=progress,
        )
        return self._response

    def stream(
        self,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        idle_timeout: float | None = DEFAULT_IDLE,
    ) -> PredictionStream:
        """Follow it to its end, as `client.predictions.stream` does; the handle keeps up with it.

        Args:
            max_wait: Longest time for all of it, in milliseconds.
            interval: Pause between two looks, in milliseconds; by default adaptive.
            idle_timeout: Longest silence of the stream before it is left for looks, in milliseconds.
        """
        from .follow import follow
        from .stream import PredictionStream

        base_url, seen = self._client.base_url, self._response
        return PredictionStream(
            self._client, follow(seen, base_url, max_wait, interval, idle_timeout, self._see)
        )

    def save(
        self,
        to: Place = ".",
        *,
        overwrite: bool = False,
        progress: DownloadProgress | None = None,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_FILE,
        allow_private: bool = False,
    ) -> list[Path]:
        """Keep all outputs on disk, before the platform deletes them; as `client.predictions.save`.

        Args:
            to: A folder, which is made if need be; or, with a suffix, the name of a file.
            overwrite: Whether a file that is there may be replaced; otherwise the next free of
                `name-2`, `name-3` … is taken.
            progress: Called with the bytes that have come, and how many there will be or `None`.
            max_wait: Longest time for all of it, in milliseconds.
            max_bytes: Largest output in bytes.
            allow_private: Allow addresses of private networks, and plain http.

        Returns:
            The files, in the order of the outputs.

        Raises:
            DownloadError: Not all could be kept; `error.paths` has those that were.
        """
        self._paths = self._client.predictions.save(
            self._response,
            to,
            overwrite=overwrite,
            progress=progress,
            max_wait=max_wait,
            max_bytes=max_bytes,
            allow_private=allow_private,
        )
        return self.paths

    def bytes(
        self,
        index: int = 0,
        *,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_IN_MEMORY,
        allow_private: bool = False,
    ) -> Content:
        """One output in memory, counted from 0; as `client.predictions.bytes`."""
        return self._client.predictions.bytes(
            self._response,
            index,
            max_wait=max_wait,
            max_bytes=max_bytes,
            allow_private=allow_private,
        )

    def open(
        self,
        index: int = 0,
        *,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_FILE,
        allow_private: bool = False,
    ) -> OutputReader:
        """Read one output as it comes; as `client.predictions.open`.

        Example:
            >>> prediction = client.run("flux-pro", input={"prompt": "A cat"})
            >>> with prediction.open() as output:
            ...     print(output.type)
            image/png
        """
        return self._client.predictions.open(
            self._response,
            index,
            max_wait=max_wait,
            max_bytes=max_bytes,
            allow_private=allow_private,
        )

    def show(self, *, max_wait: float | None = None, allow_private: bool = False) -> None:
        """Show it in a notebook, with its pictures, films and sounds fetched; in a loop, too.

        As the last line of a cell, a handle shows itself without this.

        Args:
            max_wait: Longest time to fetch them, in milliseconds.
            allow_private: Allow addresses of private networks, and plain http.

        Raises:
            ConfigurationError: The package that shows things in notebooks is not installed.
        """
        from .._data.display import display

        self._preview = self._client.predictions.preview(
            self, max_wait=max_wait, allow_private=allow_private
        )
        display()(self._preview)

    def _repr_html_(self) -> str:
        seen = self._seen()
        if self._response.done and not (seen and seen.complete):
            seen = self._client.predictions.preview(self, max_wait=LONGEST_DISPLAY)
            self._preview = seen
        return (seen or self._response)._repr_html_()  # pyright: ignore[reportPrivateUsage]  # IPython's name


class AsyncPrediction(_State):
    """A prediction, as `AsyncSkytellsClient.run` returns it. As `Prediction`, awaited."""

    def __init__(self, client: AsyncClient, response: PredictionResponse) -> None:
        super().__init__(response)
        self._client = client

    async def cancel(self) -> PredictionResponse:
        """Cancel it; as `Prediction.cancel`."""
        from .requests import cancel_and_fetch

        self._response = await self._client.perform(cancel_and_fetch(self.id))
        return self._response

    async def delete(self) -> PredictionResponse:
        """Delete it and its files; as `Prediction.delete`."""
        return await self._client.perform(delete_prediction(self.id))

    async def refresh(self) -> PredictionResponse:
        """Look at it once more; as `Prediction.refresh`."""
        self._response = await self._client.perform(get_prediction(self.id))
        return self._response

    async def wait(
        self,
        options: Options = None,
        on_progress: OnProgressCallback | None = None,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        handler: WebhookHandler | None = None,
        progress: bool = False,
    ) -> PredictionResponse:
        """Wait until it has ended; as `Prediction.wait`."""
        self._response = await self._client.wait(
            self._response,
            options,
            on_progress,
            max_wait=max_wait,
            interval=interval,
            handler=handler,
            progress=progress,
        )
        return self._response

    def stream(
        self,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
        idle_timeout: float | None = DEFAULT_IDLE,
    ) -> AsyncPredictionStream:
        """Follow it to its end; not awaited itself. As `Prediction.stream`."""
        from .follow import follow
        from .stream import AsyncPredictionStream

        base_url, seen = self._client.base_url, self._response
        return AsyncPredictionStream(
            self._client, follow(seen, base_url, max_wait, interval, idle_timeout, self._see)
        )

    async def save(
        self,
        to: Place = ".",
        *,
        overwrite: bool = False,
        progress: DownloadProgress | None = None,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_FILE,
        allow_private: bool = False,
    ) -> list[Path]:
        """Keep all outputs on disk; as `Prediction.save`."""
        self._paths = await self._client.predictions.save(
            self._response,
            to,
            overwrite=overwrite,
            progress=progress,
            max_wait=max_wait,
            max_bytes=max_bytes,
            allow_private=allow_private,
        )
        return self.paths

    async def bytes(
        self,
        index: int = 0,
        *,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_IN_MEMORY,
        allow_private: bool = False,
    ) -> Content:
        """One output in memory; as `Prediction.bytes`."""
        return await self._client.predictions.bytes(
            self._response,
            index,
            max_wait=max_wait,
            max_bytes=max_bytes,
            allow_private=allow_private,
        )

    def open(
        self,
        index: int = 0,
        *,
        max_wait: float | None = None,
        max_bytes: int = LARGEST_FILE,
        allow_private: bool = False,
    ) -> AsyncOutputReader:
        """Read one output as it comes, with `async with`; as `Prediction.open`."""
        return self._client.predictions.open(
            self._response,
            index,
            max_wait=max_wait,
            max_bytes=max_bytes,
            allow_private=allow_private,
        )

    async def show(self, *, max_wait: float | None = None, allow_private: bool = False) -> None:
        """Show it in a notebook; as `Prediction.show`."""
        from .._data.display import display

        self._preview = await self._client.predictions.preview(
            self, max_wait=max_wait, allow_private=allow_private
        )
        display()(self._preview)

    def _repr_html_(self) -> str:
        from ..outputs.previews import kept

        seen = self._seen()
        if self._response.done and not (seen and seen.complete):
            # A notebook does not await here. A handle is its client's friend.
            seen = self._client._preview(self, LONGEST_DISPLAY)  # pyright: ignore[reportPrivateUsage]
            self._preview = seen = seen or kept(self._response, self._paths, _NOT_AWAITED)
        return (seen or self._response)._repr_html_()  # pyright: ignore[reportPrivateUsage]  # IPython's name
