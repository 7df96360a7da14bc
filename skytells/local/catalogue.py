"""Models of the platform. Slugs are real; prices, times and schemas are illustrative.

Only `local-text` is our own: the documents name no text model that predictions take, since those
that chat are refused there.

The documents disagree about many of them, and the platform changes them: ask it, not this file,
what a prediction costs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .prediction_json import JsonObject


@dataclass(frozen=True)
class Model:
    """A model that the local platform offers.

    Arguments:
        namespace: the slug, as API calls name it.
        name: the display name.
        type: `image`, `video`, `audio`, `music`, `text`, `code` or `multimodal`.
        vendor: the slug of its maker.
        seconds: platform seconds that a prediction takes.
        pricing: the price as the platform describes it.
        inputs: the properties of the input schema.
        required: the names of inputs that must be given.
        capabilities: what it can do, such as `text-to-image`.
        openai_compatible: whether inference (chat, responses, embeddings) takes it, and
            predictions don't.
        dimensions: how long its embeddings are; 0 for models that make none.
        context: how many tokens of a prompt it takes.

    Example:
        >>> mine = Model("mine", "Mine", "image", "me", 3.0, price(0.01, "image"), {}, ())
        >>> mine.as_json()["namespace"]
        'mine'
    """

    namespace: str
    name: str
    type: str
    vendor: str
    seconds: float
    pricing: JsonObject
    inputs: JsonObject
    required: tuple[str, ...]
    capabilities: tuple[str, ...] = field(default=())
    openai_compatible: bool = False
    dimensions: int = 0
    context: int = 128_000

    @property
    def slugs(self) -> tuple[str, str]:
        """Both ways to name it: bare, and with its vendor."""
        return self.namespace, f"{self.vendor}/{self.namespace}"

    @property
    def edge_compatible(self) -> bool:
        """Whether predictions of it can be made at the edge."""
        return self.namespace.endswith("-edge")

    def as_json(self, fields: Collection[str] = ()) -> JsonObject:
        """The model as the platform sends it, with `input_schema`, `output_schema` if asked for."""
        schemas = {"input_schema": self._input_schema(), "output_schema": self._output_schema()}
        return {
            "name": self.name,
            "namespace": self.namespace,
            "description": f"{self.name} on the local platform; its data are illustrative.",
            "type": self.type,
            "privacy": "public",
            "img_url": None,
            "vendor": _vendor(self.vendor),
            "billable": True,
            "pricing": self.pricing,
            "capabilities": list(self.capabilities),
            "status": "operational",
            "metadata": {
                "edge_compatible": self.edge_compatible,
                "openai_compatible": self.openai_compatible,
                "cold_boot": False,
            },
            **{name: schema for name, schema in schemas.items() if name in fields},
        }

    def credits(self, asked: Mapping[str, Any], work: float, assets: int) -> float:
        """The price of a prediction, in credits of one dollar.

        Arguments:
            asked: the input.
            work: seconds of work.
            assets: how many assets came out.
        """
        given = {name: value for name, value in asked.items() if value is not None}
        meant = {n: part["default"] for n, part in self.inputs.items() if "default" in part} | given
        amount, unit = self._rate(meant)
        return round(amount * _quantity(unit, meant, work, assets), 9)

    def tokens(self, read: int, written: int) -> float:
        """The price of inference, in credits.

        Arguments:
            read: tokens of the prompt.
            written: tokens of the answer.
        """
        (coming, _), (going, _) = self._rate({}), self._rate({"token_type": "output"})
        return round(read * coming + written * going, 9)

    def _rate(self, asked: Mapping[str, Any]) -> tuple[float, str]:
        for rule in self.pricing.get("criterias", ()):
            if rule["operator"] in _EQUAL and asked.get(rule["field"]) == rule["value"]:
                return rule["billable_price"], rule["unit"]
        return self.pricing["amount"], self.pricing["unit"]

    def _input_schema(self) -> JsonObject:
        properties = {
            name: {"title": name.replace("_", " ").capitalize(), **schema, "x-order": place}
            for place, (name, schema) in enumerate(self.inputs.items())
        }
        return {
            "type": "object",
            "title": "Input",
            "required": list(self.required),
            "properties": properties,
        }

    def _output_schema(self) -> JsonObject:
        if self.type == "text":
            return {"type": "string", "title": "Output"}
        return {"type": "array", "title": "Output", "items": {"type": "string", "format": "uri"}}


def price(amount: float, unit: str, *criterias: JsonObject) -> JsonObject:
    """A price in dollars per unit, with rules of which the first that matches wins."""
    rules = {"criterias": list(criterias)} if criterias else {}
    return {"amount": amount, "currency": "USD", "unit": unit, **rules}


def _when(name: str, value: str | bool, amount: float, unit: str) -> JsonObject:
    return {
        "field": name,
        "description": f"{name} is {value}",
        "operator": "==",
        "value": value,
        "billable_price": amount,
        "unit": unit,
    }


def _quantity(unit: str, asked: Mapping[str, Any], work: float, assets: int) -> float:
    """How many of a unit are paid for; what is sold by the piece, such as a prediction, is one."""
    match unit:
        case "image":
            return assets
        case "image_megapixel" | "megapixel":
            return assets * _megapixels(asked)
        case "second" | "video_second" | "audio_second":
            return _duration(asked)
        case "5 seconds":
            return math.ceil(_duration(asked) / 5)
        case "minute":
            return _duration(asked) / 60
        case "computing_second" | "gpu":
            return work
        case "token" | "tokens":
            return _tokens(asked)
        case "million_token":
            return _tokens(asked) / 1_000_000
        case _:
            return 1


def _duration(asked: Mapping[str, Any]) -> float:
    named = (asked.get(name) for name in ("duration_seconds", "seconds", "duration"))
    given = next((value for value in named if isinstance(value, int | float) and value > 0), 5)
    return min(given, 3600)


def _megapixels(asked: Mapping[str, Any]) -> float:
    width, height = _whole(asked, "width"), _whole(asked, "height")
    return width * height / 1_000_000 if width and height else 1.0


def _tokens(asked: Mapping[str, Any]) -> int:
    return max(1, len(str(asked)) // 4)


def _whole(asked: Mapping[str, Any], name: str) -> int:
    value = asked.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _vendor(slug: str) -> JsonObject:
    name = _VENDORS.get(slug, slug)
    return {
        "name": name,
        "description": f"{name}, maker of models.",
        "image_url": None,
        "verified": slug in _VENDORS,
        "slug": slug,
        "metadata": None,
    }


_EQUAL: Final = ("==", "equals")

_VENDORS: Final = {
    "skytells": "Skytells",
    "google": "Google",
    "openai": "OpenAI",
    "black-forest-labs": "Black Forest Labs",
}


def _of(kind: str, description: str, **more: object) -> JsonObject:
    return {"type": kind, "description": description, **more}


_PROMPT: Final = _of("string", "What to make.")
_PICTURE: Final = {
    "prompt": _PROMPT,
    "aspect_ratio": _of("string", "The shape, such as 16:9.", default="1:1"),
    "width": _of("integer", "Width in pixels.", minimum=64, maximum=2048),
    "height": _of("integer", "Height in pixels.", minimum=64, maximum=2048),
    "num_outputs": _of("integer", "How many pictures.", default=1, minimum=1, maximum=8),
    "seed": _of("integer", "Same seed, same picture."),
}
_TRUEFUSION: Final = {
    **_PICTURE,
    "number_of_images": _of("integer", "How many pictures.", default=1, minimum=1, maximum=8),
    "prompt_optimizer": _of("boolean", "Let the model rewrite the prompt.", default=False),
}
_RESOLUTION: Final = _of("string", "The size.", default="1080p", enum=["720p", "1080p"])
_FILM: Final = {
    "prompt": _PROMPT,
    "image": _of("string", "A picture to begin with.", format="uri"),
    "duration_seconds": _of("number", "Length in seconds.", default=5, minimum=3, maximum=30),
    "aspect_ratio": _of("string", "The shape.", default="16:9"),
    "seed": _of("integer", "Same seed, same film."),
}
_SONG: Final = {
    "lyrics": _of("string", "What is sung, up to 3500 characters."),
    "prompt": _of("string", "The style, up to 2000 characters."),
    "sample_rate": _of("integer", "Samples per second.", default=44100),
    "bitrate": _of("integer", "Bits per second.", default=256000),
    "audio_format": _of("string", "The format.", default="mp3", enum=["mp3", "wav", "pcm"]),
}
_CHAT: Final = {
    "prompt": _of("string", "What to answer."),
    "max_tokens": _of("integer", "Longest answer.", default=8192),
    "temperature": _of("number", "0 to 2.", default=0.7, minimum=0, maximum=2),
}


def _chat(
    slug: str, name: str, vendor: str, reads: float, writes: float, context: int = 128_000
) -> Model:
    """A model that chats; what it reads and writes is priced in dollars for a million tokens."""
    written = _when("token_type", "output", writes / 1e6, "token")
    return Model(
        slug, name, "text", vendor, 0.0, price(reads / 1e6, "token", written), _CHAT, (),
        ("text-to-text", "coding", "writing", "reasoning", "chat"), openai_compatible=True,
        context=context,
    )  # fmt: skip


def _embedder(slug: str, name: str, vendor: str, reads: float, dimensions: int) -> Model:
    """A model that makes embeddings."""
    return Model(
        slug, name, "text", vendor, 0.0, price(reads / 1e6, "token"), {}, (),
        ("embeddings",), openai_compatible=True, dimensions=dimensions,
    )  # fmt: skip


_DRAW: Final = ("text-to-image",)
_REDRAW: Final = ("text-to-image", "image-to-image", "quality")
_FILMING: Final = ("text-to-video", "image-to-video")
_SOUND_ON: Final = _when("generate_audio", True, 0.17, "second")
_SOUND_OFF: Final = _when("generate_audio", False, 0.13, "second")

MODELS: Final = (
    Model(
        "truefusion", "TrueFusion", "image", "skytells", 6.0,
        price(0.03, "image"), _TRUEFUSION, ("prompt",), _DRAW,
    ),
    Model(
        "truefusion-pro", "TrueFusion Pro", "image", "skytells", 8.0,
        price(0.05, "image"), _TRUEFUSION, ("prompt",), _DRAW,
    ),
    Model(
        "truefusion-ultra", "TrueFusion Ultra", "image", "skytells", 12.0,
        price(0.15, "image"), _TRUEFUSION, ("prompt",), _REDRAW,
    ),
    Model(
        "flux-pro", "FLUX Pro", "image", "black-forest-labs", 8.0,
        price(0.05, "image"), _PICTURE, ("prompt",), _DRAW,
    ),
    Model(
        "flux-edge", "FLUX Edge", "image", "black-forest-labs", 2.0,
        price(0.008, "computing_second"), _PICTURE, ("prompt",), _DRAW,
    ),
    Model(
        "FLUX.2-pro", "FLUX.2 Pro", "image", "black-forest-labs", 30.0,
        price(0.06, "image"), _PICTURE, ("prompt",), _REDRAW,
    ),
    Model(
        "truefusion-2", "TrueFusion 2.0", "image", "skytells", 10.0,
        price(
            0.1, "image",
            _when("resolution", "720p", 0.07, "image"), _when("resolution", "1080p", 0.1, "image"),
        ),
        {**_TRUEFUSION, "resolution": _RESOLUTION}, ("prompt",), (*_REDRAW, "reference"),
    ),
    Model(
        "flux-2-pro-legacy", "FLUX.2 Pro Legacy", "image", "black-forest-labs", 20.0,
        price(0.02, "image_megapixel", _when("resolution", "0.5 MP", 0.01, "image")),
        {**_PICTURE, "resolution": _of("string", "The size in megapixels, such as 1 MP.")},
        ("prompt",), _REDRAW,
    ),
    Model(
        "truefusion-video-pro", "TrueFusion Video Pro", "video", "skytells", 120.0,
        price(0.196, "second"), _FILM, ("prompt",), _FILMING,
    ),
    Model(
        "veo-3.1-fast", "Veo 3.1 Fast", "video", "google", 60.0,
        price(0.18, "second", _SOUND_ON, _SOUND_OFF),
        {**_FILM, "generate_audio": _of("boolean", "With sound.", default=True)},
        ("prompt",), (*_FILMING, "partner", "fast"),
    ),
    Model(
        "beatfusion-2.0", "BeatFusion 2.0", "audio", "skytells", 40.0,
        price(0.75, "prediction"), _SONG, ("lyrics",), ("text-to-music",),
    ),
    Model(
        "local-text", "Local Text", "text", "skytells", 3.0,
        price(0.0000005, "token"), _CHAT, ("prompt",), ("text-to-text",),
    ),
    _chat("deepbrain-router", "DeepBrain Router", "skytells", 0.3, 1.0),
    _chat("gpt-5", "GPT-5", "openai", 0.5, 1.25, 400_000),
    _chat("gpt-5.4", "GPT-5.4", "openai", 0.6, 1.5, 400_000),
    _chat("gpt-5-nano", "GPT-5 nano", "openai", 0.05, 0.4, 400_000),
    _chat("gpt-5.3-codex", "GPT-5.3 Codex", "openai", 0.5, 1.25, 400_000),
    _chat("skytells-3", "Skytells 3", "skytells", 0.4, 1.0),
    _embedder("skytells-embed-3-large", "Skytells Embed 3 Large", "skytells", 0.13, 3072),
    _embedder("skytells-embed-3-small", "Skytells Embed 3 Small", "skytells", 0.02, 1536),
    _embedder("text-embedding-3-small", "Text Embedding 3 Small", "openai", 0.02, 1536),
)  # fmt: skip
"""What `Platform` offers unless it is given other models."""
