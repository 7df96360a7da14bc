"""What comes in pieces: events while a model is at work, and files when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Final

from ..figures import Figures
from ..harness import Place, Subject, Worker, interleave
from .base import HTTPX, HTTPX_SSE, OPENAI, OURS, REPLICATE, Samples, Scenario

PARSED: Final = f"{OURS}, JSON parsed"
READ: Final = f"{OURS}, typed, text read"
SSE_PARSED: Final = f"{HTTPX_SSE}, json.loads"
ASYNC: Final = f"{OURS}, async"
READER: Final = f"{OURS}, open()"

# Subject: its environment, its worker, and its job there.
Table = Mapping[str, tuple[str, str, str]]
_SKYTELLS: Final = "streams_and_files"
_DECODING: Final = {
    HTTPX_SSE: ("httpx-sse", "with_httpx_sse", "events"),
    SSE_PARSED: ("httpx-sse", "with_httpx_sse", "events_parsed"),
    OPENAI: ("openai", "with_openai", "events"),
    OURS: ("ours", _SKYTELLS, "events"),
    PARSED: ("ours", _SKYTELLS, "events_parsed"),
    READ: ("ours", _SKYTELLS, "events_read"),
}
_WORDS: Final = {
    HTTPX_SSE: ("httpx-sse", "with_httpx_sse", "events"),
    OPENAI: ("openai", "with_openai", "events"),
    REPLICATE: ("replicate", "with_replicate", "events"),
    OURS: ("ours", _SKYTELLS, "events"),
}
_HUGE: Final = {
    HTTPX_SSE: ("httpx-sse", "with_httpx_sse", "huge"),
    OPENAI: ("openai", "with_openai", "huge"),
    OURS: ("ours", _SKYTELLS, "huge"),
}
_CHATTING: Final = {
    SSE_PARSED: ("httpx-sse", "with_httpx_sse", "chat"),
    OPENAI: ("openai", "with_openai", "chat"),
    OURS: ("ours", _SKYTELLS, "chat"),
    ASYNC: ("ours", _SKYTELLS, "achat"),
}
_DOWNLOADING: Final = {
    HTTPX: ("httpx", "downloads", "httpx"),
    "httpx, read() then written": ("httpx", "downloads", "httpx_whole"),
    "urllib3": ("urllib3", "downloads", "urllib3"),
    "urllib.request": ("urllib3", "downloads", "urllib"),
    OURS: ("ours", _SKYTELLS, "save"),
    ASYNC: ("ours", _SKYTELLS, "asave"),
    READER: ("ours", _SKYTELLS, "open"),
}

_MEBI: Final = 1024 * 1024
_HUGE_SIZES: Final = (_MEBI // 4, _MEBI, 4 * _MEBI, 16 * _MEBI)
_FILE: Final = 64 * _MEBI
_FILES: Final = {"small": _MEBI, "big": 256 * _MEBI}


def _all(table: Table, arguments: tuple[object, ...], rounds: int, where: Place) -> Samples:
    with ExitStack() as stack:
        subjects: dict[str, Subject] = {}
        for name, (environment, script, job) in table.items():
            worker = stack.enter_context(Worker(where, environment, script))
            subjects[name] = partial(_do, worker, job, *arguments)
        return interleave(subjects, rounds)


def _do(worker: Worker, job: str, *arguments: object) -> Figures:
    return worker.do(job, *arguments)


def _decode(kind: str, size: int, where: Place, quick: bool) -> Samples:
    table = _WORDS if kind == "words" else _DECODING
    return _all(table, (kind, size), 5 if quick else 15, where)


def _huge(where: Place, quick: bool) -> Samples:
    return _all(_HUGE, _HUGE_SIZES, 3 if quick else 7, where)


def _chat(where: Place, quick: bool) -> Samples:
    return _all(_CHATTING, (), 3 if quick else 9, where)


def _download(end: str, where: Place, quick: bool) -> Samples:
    table = {name: (one, two, f"{job}{end}") for name, (one, two, job) in _DOWNLOADING.items()}
    return _all(table, (_FILE,), 3 if quick else 9, _with_fast_tls(where))


def _memory(end: str, where: Place, quick: bool) -> Samples:
    subjects = {
        name: partial(_grown, _with_fast_tls(where), environment, script, f"{job}{end}")
        for name, (environment, script, job) in _DOWNLOADING.items()
    }
    return interleave(subjects, 1 if quick else 3, warm_up=False)


def _with_fast_tls(where: Place) -> Place:
    """With the server that is not Python: what it costs to encrypt would hide the clients."""
    return replace(where, https=where.http2)


def _grown(where: Place, environment: str, script: str, job: str) -> Figures:
    """What a file takes, small and big, each in a process that has fetched one before."""
    grown: Figures = {}
    for kind, size in _FILES.items():
        with Worker(where, environment, script) as worker:
            worker.do(job, 1024)
            grown[kind] = worker.do(job, size)["grown"]
    return grown


_KINDS: Final = {
    "words": "words, named and numbered (33 bytes)",
    "short": "short pieces of a conversation (180 bytes)",
    "full": "pieces of a conversation as the platform sends them (480 bytes)",
}
_SIZES: Final = {65536: "in chunks of 64 KB", 200: "in chunks of 200 bytes", 0: "one by one"}
_SCHEMES: Final = {"": "HTTP", "_tls": "HTTPS"}

STREAMS: Final = [
    *(
        Scenario(
            f"events_{kind}_{size}",
            f"Server-sent events from memory: {_KINDS[kind]}, {_SIZES[size]}",
            HTTPX_SSE,
            {"cpu": "µs", "per_second": ""},
            partial(_decode, kind, size),
            "CPU of one event, and events in a second of it; parsed only where a line says so.",
        )
        for kind in _KINDS
        for size in _SIZES
    ),
    Scenario(
        "events_huge",
        "One event of many megabytes, in chunks of 64 KB: CPU of each megabyte",
        HTTPX_SSE,
        {**{f"{size / _MEBI:g} MB": "ms" for size in reversed(_HUGE_SIZES)}, "growth": ""},
        _huge,
        "`growth`: a megabyte of the largest over one of the smallest; 1 is linear.",
    ),
    Scenario(
        "chat",
        "A streamed conversation over HTTP, 2,000 events, the text of each read",
        SSE_PARSED,
        {"cpu": "µs", "wall": "µs"},
        _chat,
        "Of one event; the request is in it, the connection is kept. httpx-sse gives dicts.",
    ),
    *(
        Scenario(
            f"download{end}",
            f"A file of 64 MB to a disk in memory, {scheme}",
            HTTPX,
            {"speed": "MB/s", "cpu": "ms", "wall": "ms"},
            partial(_download, end),
            "`speed` over the wall clock, more is better. The peers neither resume what breaks nor "
            "check what they are given.",
        )
        for end, scheme in _SCHEMES.items()
    ),
    *(
        Scenario(
            f"download_memory{end}",
            f"Memory that a download takes, {scheme}: of 256 MB, and of 1 MB",
            HTTPX,
            dict.fromkeys(("big", "small"), "MB"),
            partial(_memory, end),
            "The peak of the process, over what it had before.",
        )
        for end, scheme in _SCHEMES.items()
    ),
]
