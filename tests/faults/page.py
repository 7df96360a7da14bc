"""Writes docs/fault-plan.md out of the plan: `python -m tests.faults.page`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from .cases import Due, Family
from .plan import FAMILIES

PAGE: Final = Path(__file__).parents[2] / "docs" / "fault-plan.md"
HEAD: Final = """# Fault plan

Everything that we know how to break, numbered, and what the SDK must make of it. This page is
written by `python -m tests.faults.page` out of the plan that the tests run: each number is a row here and,
for each operation that it names, a test of `tests/faults` on both clients, over real sockets. To run one:
`pytest tests/faults -k N31`.

Besides what its row says, each test looks at this:

- nothing but a result or a `SkytellsError` comes out (a callback's own error excepted);
- an error's message is one printable, bounded line that ends in what to do; it can be pickled; neither it, its
  cause, its traceback with locals, nor any log shows the key or the input;
- the server has read just so many requests, each with the key once and without what nobody asked for;
- a stranger has heard nothing, and a proxy nothing but `CONNECT`;
- the same client does the next call as if nothing had happened, no connection is checked out, and none is
  open after `close()`.

The server reads one request, unless a row says otherwise. Ids that go without saying (`NETWORK_ERROR` of a
`NetworkError`) are left out. "May have been sent" is `error.maybe_sent`: see [Errors](errors.md#was-it-accepted). Time is simulated where the SDK
pauses, and jitter is at its most. What follows from all this is on the page [Reliability](reliability.md).

{count} faults, {tests} tests.
"""


def page() -> str:
    """The whole page."""
    faults = [fault for family in FAMILIES for fault in family.faults]
    tests = 2 * sum(len(fault.due) for fault in faults)
    sections = [HEAD.format(count=f"{len(faults):,}", tests=f"{tests:,}"), *map(section, FAMILIES)]
    return "\n".join(sections)


def section(family: Family) -> str:
    """The section of a family."""
    return "\n".join(
        [
            f"## {family.letter}: {family.title}",
            "",
            family.about,
            "",
            "| No. | What goes wrong | What the SDK must do |",
            "|---|---|---|",
            *(f"| {f.number} | {f.fault} | {told(f.due)} |" for f in family.faults),
            "",
        ]
    )


def told(due: Mapping[str, Due]) -> str:
    """What is due, operations with the same together."""
    return "; ".join(f"{', '.join(f'`{n}`' for n in names)}: {text}" for text, names in groups(due))


def groups(due: Mapping[str, Due]) -> Iterator[tuple[str, list[str]]]:
    """Each text with the operations for which it is due."""
    texts = {name: each.tell() for name, each in due.items()}
    for text in dict.fromkeys(texts.values()):
        yield text, [name for name in texts if texts[name] == text]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
