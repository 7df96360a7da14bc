"""C: connections that are kept, and what comes on them unasked."""

from __future__ import annotations

from typing import Final

from skytells import InvalidRequestError

from ...behaviour.misbehaving import Peer
from ...behaviour.steps import answers, closes, head, reply, resets, sends
from ..acts import ORDER
from ..cases import (
    P1,
    WELL,
    Due,
    Family,
    Raises,
    World,
    block,
    each,
    found,
    lost,
    unreadable,
)
from ..stage import Stage

OTHER: Final = reply({"id": "stranger", "status": "succeeded"})
LAST: Final = {"connection": "close"}
BODY: Final = reply(P1)


def ended(stage: Stage) -> None:
    """The connection has ended by now."""
    assert stage.server.is_alone()


def whispers(data: bytes, *, hangs_up: bool = False) -> World:
    """While the connection rests, the server says something."""

    def between(stage: Stage) -> None:
        stage.server.whisper(data)
        if hangs_up:
            stage.server.hang_up()

    return between


RESTING = block(
    "C",
    1,
    each(found(2, connections=2)),
    [
        (
            "A kept connection closes while it rests",
            {"script": (sends(BODY, then=Peer.close), WELL), "between": ended},
        ),
        (
            "A kept connection is reset while it rests",
            {"script": (sends(BODY, then=Peer.reset), WELL), "between": ended},
        ),
        (
            "A kept connection says 408, and closes",
            {"between": whispers(reply(None, 408), hangs_up=True)},
        ),
        ("A second answer comes with the first", (sends(BODY + OTHER), WELL)),
        ("A second answer comes after a blank line", (sends(BODY + b"\r\n" + OTHER), WELL)),
        ("Half of a second answer comes with the first", (sends(BODY + OTHER[:20]), WELL)),
        ("A second answer comes while the connection rests", {"between": whispers(OTHER)}),
        ("Garbage comes while the connection rests", {"between": whispers(b"\0")}),
        (
            "The server wants the connection closed",
            (answers(P1, headers=LAST), WELL),
        ),
        (
            "The server speaks HTTP/1.0",
            (sends(BODY.replace(b"1.1", b"1.0", 1), then=Peer.close), WELL),
        ),
    ],
    before=("get",),
)


def dying(read: int) -> dict[str, Due]:
    """A kept connection dies under a request; `read` says whether the server had read it."""
    again = found(2 + read, connections=2)
    return {"get": again, "cancel": again, "create": lost(1 + read, connections=1)}


DYING = block(
    "C",
    20,
    dying(1),
    [
        ("A kept connection closes instead of an answer", (WELL, closes(), WELL)),
        ("A kept connection is reset instead of an answer", (WELL, resets(), WELL)),
    ],
    before=("get",),
) + block(
    "C",
    22,
    # Nobody on this side can tell it from a request that was read, so it counts as one.
    dying(0),
    [
        ("A kept connection closes with the request unread", (WELL, closes(unread=True), WELL)),
        ("A kept connection is reset with the request unread", (WELL, resets(unread=True), WELL)),
    ],
    before=("get",),
)

KEPT = block(
    "C",
    30,
    each(found(2, connections=1)),
    [
        ("Nothing is wrong", (WELL,)),
        (
            "The answer comes in chunks",
            (
                sends(
                    head("transfer-encoding: chunked"),
                    b"c\r\n" + b'{"id": "p1"}' + b"\r\n0\r\n\r\n",
                ),
                WELL,
            ),
        ),
    ],
    before=("get",),
)


def early(peer: Peer) -> None:
    """Answers when it has seen the head of the request, and then reads on."""
    peer.send(reply({"error": {"message": "Too large.", "error_id": "INVALID_INPUT"}}, 413, LAST))
    peer.hold()


foreign = block(
    "C",
    40,
    {name: unreadable() for name in ("get", "stream", "cancel", "delete")},
    [
        (
            "The answer is about another prediction",
            (answers({"id": "p2", "status": "succeeded"}), WELL),
        ),
        (
            "The answer is about a prediction of the same name in capitals",
            (answers({"id": "P1"}), WELL),
        ),
        ("The answer's id has a blank at its end", (answers({"id": "p1 "}), WELL)),
        ("The answer's id is a number", (answers({"id": 1}), WELL)),
    ],
)
foreign += block(
    "C",
    44,
    {"create": Raises(kind=InvalidRequestError, error_id="INVALID_INPUT", status=413, requests=0)},
    [("A refusal comes while a large request is being written", (early, WELL))],
    given={"payload": {**ORDER, "input": {"prompt": "A cat on a mat" * 500_000}}},
)

FAMILY: Final = Family(
    "C",
    "Connections",
    "Connections that are kept for the next call, and answers that belong to nobody or to others.",
    [*RESTING, *DYING, *KEPT, *foreign],
)
