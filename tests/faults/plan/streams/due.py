"""What is due for streams, and the words that their faults share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from skytells import NetworkError, SkytellsError

from ....behaviour.misbehaving import Step
from ....behaviour.steps import answers
from ...cases import KEY, Due, Fault, Gives, Raises, block
from ...forms import Part
from ...stage import Stage

PAID: Final = ("chat", "responses", "generate")
EVENTFUL: Final = ("chat", "responses")


def orchestrated(stage: Stage) -> None:
    """The Orchestrator is on the same server, and has a key of its own."""
    stage.options |= {
        "orchestrator_key": f"wfb_{KEY}",
        "orchestrator_base_url": stage.server.url.removesuffix("/v1"),
    }


def broken(
    kind: type[SkytellsError] = NetworkError,
    error_id: str = "NETWORK_ERROR",
    status: int = 0,
    *,
    received: int | None = 0,
    on: Iterable[str] = PAID,
    **more: Any,
) -> dict[str, Due]:
    """What costs money raises, keeps what came, and is not asked for again."""
    facts = {} if received is None else {"received": received}
    more = {"maybe_sent": True, **more}
    due = Raises(kind=kind, error_id=error_id, status=status, facts=facts, **more)
    return dict.fromkeys(on, due)


def heard(text: str = "Hi", *, on: Iterable[str] = PAID) -> dict[str, Due]:
    """All came."""
    return dict.fromkeys(on, Gives(facts={"text": text}, words="all that was said"))


def looked(text: str | None = "Hi", requests: int = 2, **more: Any) -> dict[str, Due]:
    """A prediction that is followed is looked at instead, and comes to its end."""
    facts = {"status": "succeeded"} | ({} if text is None else {"text": text})
    words = "looks, and gives the prediction"
    return {"follow": Gives(requests=requests, facts=facts, words=words, **more)}


def faults(
    first: int, due: Mapping[str, Due], rows: Iterable[tuple[str, Any]], **common: Any
) -> list[Fault]:
    return block("S", first, due, rows, world=orchestrated, **common)


def piece(place: int) -> Part:
    """One byte of it, if it has so many."""
    return lambda form: form.whole[place : place + 1]


def refusal(status: int, error_id: str) -> Step:
    return answers({"error": {"message": "No.", "error_id": error_id, "status": status}}, status)
