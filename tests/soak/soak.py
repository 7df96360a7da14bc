"""Mixed load on a platform where much goes wrong; at the end the books must balance.

    make soak                        # some four minutes
    make soak ARGS=--minutes=30      # longer

Every request that may cost money carries a serial number in its prompt. At the end, what the platform
has begun is held against what the callers were told: each prediction is known to a caller (as a
result, on an error, or by `find_unconfirmed`), none was begun twice unless an error said
`maybe_sent`, and no caller knows of one that does not exist. Connections, threads, memory and every
exception are counted too.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from skytells import DispatchError, PredictionResponse, SkytellsError
from skytells.local import LocalPlatform, serve

from ..behaviour.test_lifecycle_long import Usage, growth

if TYPE_CHECKING:
    from skytells.errors import PredictionInfo

IMAGE: Final = "flux-pro"
VIDEO: Final = "truefusion-video-pro"

CREATE: Final[dict[str, Any]] = {"path": "/predict"}
LOOK: Final[dict[str, Any]] = {"path": "/predictions/*", "method": "GET"}
LIST: Final[dict[str, Any]] = {"path": "/predictions", "method": "GET"}

# What befalls requests, one after another and over and over.
TROUBLES: Final[tuple[dict[str, Any], ...]] = (
    CREATE | {"drop": "after"},
    CREATE | {"drop": "before"},
    CREATE | {"status": 503, "envelope": "simple"},
    CREATE | {"error": "RATE_LIMITED", "retry_after": 0.05, "times": 2},
    CREATE | {"body": "truncated"},
    CREATE | {"body": "html"},
    CREATE | {"body": "garbage"},
    CREATE | {"error": "INSUFFICIENT_CREDITS", "envelope": "error"},
    CREATE | {"error": "INVALID_INPUT", "envelope": "flat"},
    CREATE | {"error": "INFERENCE_ERROR", "envelope": "inference"},
    CREATE | {"status": 504, "envelope": "unified"},
    CREATE | {"variants": ["queued", "status-false"], "times": 4},
    CREATE | {"variants": ["model-slug"], "latency": 0.05, "times": 2},
    CREATE | {"body": "empty"},
    CREATE | {"redirect": "http://127.0.0.1:9/elsewhere"},
    CREATE | {"slow": 0.2},
    LOOK | {"drop": "before", "times": 2},
    LOOK | {"status": 502, "times": 2},
    LOOK | {"body": "truncated"},
    LOOK | {"body": "garbage"},
    LOOK | {"error": "RATE_LIMIT_EXCEEDED", "retry_after": 0},
    LOOK | {"latency": 0.1, "times": 3},
    LOOK | {"variants": ["canceled", "queued", "model-slug"], "times": 20},
    LIST | {"drop": "after"},
    LIST | {"status": 500},
    LIST | {"variants": ["bare-list"]},
    {"method": "POST", "path": "/predictions/*/cancel", "variants": ["cancel-success"], "times": 2},
    {"method": "POST", "path": "/predictions/*/cancel", "drop": "after"},
    {"method": "GET", "path": "/models", "status": 503, "envelope": "simple"},
)


@dataclass
class Books:
    """What the callers were told. Serial numbers are those of the prompts."""

    told: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set[str]))
    outcomes: Counter[str] = field(default_factory=Counter[str])
    unsure: dict[int, SkytellsError] = field(default_factory=dict[int, SkytellsError])
    deleted: set[str] = field(default_factory=set[str])
    foreign: list[BaseException] = field(default_factory=list[BaseException])
    serials: Iterator[int] = field(default_factory=lambda: count(1))

    def order(self) -> tuple[int, dict[str, Any]]:
        """A fresh serial number, and the input that carries it."""
        serial = next(self.serials)
        return serial, {"prompt": f"#{serial}"}

    def known(self, serial: int, prediction: PredictionInfo) -> None:
        """A caller was told of a prediction."""
        self.told[serial].add(prediction.id)
        self.outcomes[f"prediction {prediction.status}"] += 1

    def failed(self, error: Exception) -> bool:
        """A call has failed; whether as it may."""
        if isinstance(error, SkytellsError):
            unsure = ", maybe_sent" if error.maybe_sent else ""
            self.outcomes[f"{type(error).__name__} {error.error_id}{unsure}"] += 1
            return True
        self.foreign.append(error)
        return False


class Awaited:
    """A sync client used as if it were async: each of its calls runs in a thread.

    So each act of the load is written once, and the sync client is used by many threads at once.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @property
    def predictions(self) -> Awaited:
        return Awaited(self._inner.predictions)

    @property
    def models(self) -> Awaited:
        return Awaited(self._inner.models)

    def with_options(self, **options: Any) -> Awaited:
        return Awaited(self._inner.with_options(**options))

    def queue(self, payload: dict[str, Any]) -> None:
        self._inner.queue(payload)

    def __getattr__(self, name: str) -> Any:
        async def called(*args: Any, **options: Any) -> Any:
            return await asyncio.to_thread(getattr(self._inner, name), *args, **options)

        return called


Client: TypeAlias = Any  # `AsyncSkytellsClient` or `Awaited`
Act: TypeAlias = Callable[[Client, Books], Awaitable[None]]


async def settle(client: Client, books: Books, serial: int, error: Exception) -> None:
    """Take from an error all that it says of a request, and look where it says to look."""
    if not books.failed(error) or not isinstance(error, SkytellsError):
        return
    if error.prediction is not None:
        books.told[serial].add(error.prediction.id)
    elif error.maybe_sent:
        await look_for(client, books, serial, error)


async def look_for(client: Client, books: Books, serial: int, error: SkytellsError) -> None:
    """Look for the prediction of a request whose outcome is unknown; it may be too early."""
    books.unsure[serial] = error
    try:
        found = await client.predictions.find_unconfirmed(error)
    except Exception as trouble:
        books.failed(trouble)
        return
    if found:
        books.told[serial] |= {prediction.id for prediction in found}
        books.outcomes["found by find_unconfirmed"] += 1


async def created(client: Client, books: Books, model: str) -> PredictionResponse | None:
    """A prediction in the background, if it came to be."""
    serial, given = books.order()
    try:
        begun: PredictionResponse = await client.predictions.create(model=model, input=given)
    except Exception as error:
        await settle(client, books, serial, error)
        return None
    books.known(serial, begun)
    return begun


def _ignore(prediction: object) -> None:
    del prediction


async def run(client: Client, books: Books, **options: Any) -> None:
    serial, given = books.order()
    try:
        books.known(serial, (await client.run(IMAGE, given, **options)).response)
    except Exception as error:
        await settle(client, books, serial, error)


async def run_watched(client: Client, books: Books) -> None:
    await run(client, books, on_progress=_ignore, max_wait=20_000)


async def run_impatiently(client: Client, books: Books) -> None:
    await run(client.with_options(timeout=250), books, max_wait=1)


async def film(client: Client, books: Books) -> None:
    begun = await created(client, books, VIDEO)
    if begun is not None:
        try:
            await client.cancel_prediction(begun.id)
            await client.wait(begun, max_wait=20_000)
        except Exception as error:
            books.failed(error)


async def passing(client: Client, books: Books) -> None:
    begun = await created(client, books, IMAGE)
    if begun is not None:
        books.deleted.add(begun.id)
        try:
            await client.delete_prediction(begun.id)
        except Exception as error:
            books.failed(error)


async def several(client: Client, books: Books) -> None:
    begun = [await created(client, books, IMAGE) for _ in range(5)]
    try:
        await client.wait_all([one for one in begun if one], max_wait=20_000)
    except Exception as error:
        books.failed(error)


async def queue(client: Client, books: Books) -> None:
    lane = client.with_options()
    serials: list[int] = []
    for _ in range(12):
        serial, given = books.order()
        serials.append(serial)
        lane.queue({"model": IMAGE, "input": given})
    while serials:
        try:
            for serial, prediction in zip(serials, await lane.dispatch(), strict=True):
                books.known(serial, prediction)
            serials = []
        except DispatchError as error:
            books.failed(error)
            back = [int(request.input["prompt"][1:]) for request in error.unsent]
            places = zip(serials, error.predictions, error.errors, strict=True)
            for serial, prediction, failure in places:
                if prediction is not None:
                    books.known(serial, prediction)
                elif failure is not None and serial not in back:
                    await settle(lane, books, serial, failure)
            serials = back


async def browse(client: Client, books: Books) -> None:
    for look in (client.models.list, client.predictions.list):
        try:
            await look()
        except Exception as error:
            books.failed(error)


ACTS: Final[tuple[Act, ...]] = (
    run, run_watched, queue, run_impatiently, film, several, passing, browse,
)  # fmt: skip


async def load(platform: LocalPlatform, books: Books, seconds: float, lanes: int) -> None:
    """Keep so many lanes of each colour busy for so long."""
    end = time.monotonic() + seconds
    acts = cycle(ACTS)

    async def lane(client: Client) -> None:
        while time.monotonic() < end:
            await next(acts)(client, books)

    async def spoil() -> None:
        for trouble in cycle(TROUBLES):
            fields: Any = {"times": 1, **trouble}
            platform.fault(**fields)
            await asyncio.sleep(0.03)

    with ThreadPoolExecutor(lanes) as threads, platform.client() as sync:
        asyncio.get_running_loop().set_default_executor(threads)
        async with platform.async_client() as client:
            spoiling = asyncio.create_task(spoil())
            try:
                await asyncio.gather(*(lane(c) for c in (client, Awaited(sync)) * lanes))
            finally:
                spoiling.cancel()
                platform.clear_faults()
            # A request that was given up may have been acted upon after it was looked for.
            await asyncio.sleep(1.0)
            for serial, _ in unknown(platform, books):
                if serial in books.unsure:
                    await look_for(client, books, serial, books.unsure[serial])


def on_the_platform(platform: LocalPlatform) -> dict[int, set[str]]:
    """The predictions that were begun for each order."""
    begun: dict[int, set[str]] = defaultdict(set)
    for prediction in platform.predictions:
        begun[int(prediction["input"]["prompt"][1:])].add(prediction["id"])
    return begun


def unknown(platform: LocalPlatform, books: Books) -> list[tuple[int, set[str]]]:
    """The predictions that no caller knows of."""
    begun = on_the_platform(platform)
    return [
        (serial, ids - books.told[serial])
        for serial, ids in begun.items()
        if ids - books.told[serial]
    ]


def balance(platform: LocalPlatform, books: Books) -> dict[str, list[Any]]:
    """What is wrong in the books; every list should be empty."""
    begun = on_the_platform(platform)
    ghosts = [(s, ids - begun[s] - books.deleted) for s, ids in books.told.items()]
    return {
        "begun, and known to no caller": unknown(platform, books),
        "begun twice": [(serial, ids) for serial, ids in begun.items() if len(ids) > 1],
        "known, and never begun": [(serial, ids) for serial, ids in ghosts if ids],
        "exceptions of others": books.foreign,
    }


def soak(seconds: float, lanes: int) -> tuple[Books, dict[str, list[Any]]]:
    """A platform, a load on it, and what is wrong in the end."""
    before = Usage.now()
    books = Books()
    with serve(speed=1000.0, keep=10_000_000) as platform:
        platform.script(IMAGE, fails="NSFW content detected.", times=20)
        asyncio.run(load(platform, books, seconds, lanes))
        wrong = balance(platform, books)
        books.outcomes["predictions on the platform"] = len(platform.predictions)
    after = Usage.now()
    wrong["descriptors left open"] = [after.descriptors - before.descriptors]
    wrong["threads left"] = [after.threads - before.threads]
    return books, {what: [it for it in found if it] for what, found in wrong.items()}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--lanes", type=int, default=24, help="callers at once, in each colour")
    parser.add_argument("--calls", type=int, default=100_000, help="calls that must leave nothing")
    given = parser.parse_args(arguments)
    books, wrong = soak(given.minutes * 60, given.lanes)
    for colour in ("sync", "async"):
        few, many = growth(colour, given.calls)
        grown = many.blocks - few.blocks
        books.outcomes[f"blocks of memory more after {given.calls} {colour} calls"] = grown
        wrong[f"grown by {given.calls} {colour} calls"] = [
            what
            for what, more in {
                "memory": grown > given.calls // 20,
                "descriptors": many.descriptors > few.descriptors,
                "threads": many.threads > few.threads,
            }.items()
            if more
        ]
    books.outcomes["peak memory, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for what, times in sorted(books.outcomes.items()):
        print(f"{times:>10,}  {what}")
    print()
    for what, found in wrong.items():
        print(
            f"{len(found):>10,}  {what}{''.join(f'{chr(10)}            {it!r}' for it in found[:5])}"
        )
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
