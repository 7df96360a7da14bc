"""What it costs before the first answer is there."""

from __future__ import annotations

from functools import partial
from typing import Final

from ..harness import Place, interleave, once, process
from .base import HTTPX, OPENAI, OURS, PUBLISHED, REPLICATE, TYPED, Samples, Scenario

PASS: Final = "python -c pass"
_OURS: Final = "from skytells import SkytellsClient"
_HTTPX: Final = "import httpx"
_TYPED: Final = "import httpx; from plain_models import Prediction"
_KEY: Final = "'sk-0123456789abcdef'"
_ID: Final = "pred_0123456789abcdef"

_IMPORT: Final = {
    PASS: ("ours", "pass"),
    OURS: ("ours", "import skytells"),
    PUBLISHED: ("published", "import skytells"),
    HTTPX: ("httpx", _HTTPX),
    TYPED: ("httpx", _TYPED),
    REPLICATE: ("replicate", "import replicate"),
    OPENAI: ("openai", "import openai"),
}


def _first(base: str) -> dict[str, tuple[str, str]]:
    url = f"{base}/v1"
    httpx_get = f"httpx.Client().get('{url}/predictions/{_ID}')"
    return {
        OURS: (
            "ours",
            f"{_OURS}; SkytellsClient({_KEY}, base_url='{url}').predictions.get('{_ID}').status",
        ),
        TYPED: (
            "httpx",
            f"{_TYPED}; Prediction.model_validate_json({httpx_get}.content).status",
        ),
        HTTPX: ("httpx", f"{_HTTPX}; {httpx_get}.json()['status']"),
        PUBLISHED: (
            "published",
            f"{_OURS}; SkytellsClient({_KEY}, {{'base_url': '{url}'}}).predictions.get('{_ID}')",
        ),
        REPLICATE: (
            "replicate",
            (
                f"import replicate; replicate.Client(api_token='r8_0', "
                f"base_url='{base}/replicate').predictions.get('{_ID}').status"
            ),
        ),
        OPENAI: (
            "openai",
            (
                f"import openai; from plain_models import Prediction; openai.OpenAI(api_key={_KEY}, "
                f"base_url='{url}').get('/predictions/{_ID}', cast_to=Prediction).status"
            ),
        ),
    }


def _import(where: Place, quick: bool) -> Samples:
    subjects = {name: process(where, *command) for name, command in _IMPORT.items()}
    return interleave(subjects, 7 if quick else 21)


def _first_answer(scheme: str, where: Place, quick: bool) -> Samples:
    commands = _first(where.https if scheme == "https" else where.http)
    subjects = {name: process(where, *command) for name, command in commands.items()}
    # Of a whole process each figure varies by a tenth; the slowest peer takes a second.
    return interleave(subjects, 7 if quick else 21, enough=60)


def _build(where: Place, quick: bool) -> Samples:
    table = {
        OURS: ("ours", "with_skytells", "clients"),
        PUBLISHED: ("published", "with_published", "clients"),
        HTTPX: ("httpx", "with_httpx", "clients"),
        "a TLS context": ("httpx", "with_httpx", "context"),
        OPENAI: ("openai", "with_openai", "clients"),
        REPLICATE: ("replicate", "with_replicate", "clients"),
    }
    subjects = {
        name: once(where, environment, script, job, 10)
        for name, (environment, script, job) in table.items()
    }
    return interleave(subjects, 3 if quick else 7, warm_up=False)


COLD: Final = [
    Scenario("import", "Import, a process of its own", PASS, {"cpu": "ms", "wall": "ms"}, _import),
    Scenario(
        "build",
        "Building a client, ten kept",
        "a TLS context",
        {"cpu": "ms"},
        _build,
        "This package loads the authorities at the first call over TLS, once for all clients.",
    ),
    Scenario(
        "first",
        "Process start to the first answer, HTTP",
        TYPED,
        {"cpu": "ms", "wall": "ms"},
        partial(_first_answer, "http"),
    ),
    Scenario(
        "first_tls",
        "Process start to the first answer, HTTPS",
        TYPED,
        {"cpu": "ms", "wall": "ms"},
        partial(_first_answer, "https"),
        "httpx and skytells 1.0.0 give a dict, the others a typed object.",
    ),
]
