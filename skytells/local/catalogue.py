"""The models of the local platform. Slugs are real; prices, times and schemas are illustrative.

Only `local-text` is not a model of the platform: its documentation names no text model that
predictions accept. What a prediction really costs, only the platform knows.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .json_values import JsonObject


@dataclass(frozen=True)
class Model:
    """A model that the local platform offers.

    Args:
        namespace: The slug, as requests name it.
        name: The display name.
        type: `image`, `video`, `audio`, `music`, `text`, `code` or `multimodal`.
        vendor: The slug of its vendor.
        seconds: Platform seconds that a prediction takes.
        pricing: The price in the platform's form.
        inputs: The properties of the input schema.
        required: The names of required inputs.
        capabilities: Such as `text-to-image`.
        openai_compatible: Whether inference (chat, responses, embeddings) accepts it instead of
            predictions.
        dimensions: The length of its embeddings; 0 if it makes none.
        context: The longest prompt in tokens.

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
        """The slug without and with its vendor."""
        return self.namespace, f"{self.vendor}/{self.namespace}"

    @property
    def edge_compatible(self) -> bool:
        """Whether the edge accepts predictions of it."""
        return self.namespace.endswith("-edge")

    def as_json(self, fields: Collection[str] = ()) -> JsonObject:
        """The JSON of the model, with `input_schema` and `output_schema` if `fields` has them."""
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

    def credits(self, given: Mapping[str, Any], work: float, assets: int) -> float:
        """The price of a prediction, in credits of one dollar.

        Args:
            given: The input.
            work: Seconds of work.
            assets: The number of assets.
        """
        inputs = {n: part["default"] for n, part in self.inputs.items() if "default" in part}
        inputs |= {name: value for name, value in given.items() if value is not None}
        amount, unit = self._rate(inputs)
        return round(amount * _quantity(unit, inputs, work, assets), 9)

    def token_credits(self, prompt: int, completion: int) -> float:
        """The price of inference by its numbers of tokens, in credits."""
        (input_rate, _), (output_rate, _) = self._rate({}), self._rate({"token_type": "output"})
        return round(prompt * input_rate + completion * output_rate, 9)

    def _rate(self, given: Mapping[str, Any]) -> tuple[float, str]:
        for rule in self.pricing.get("criterias", ()):
            if rule["operator"] in _EQUALS and given.get(rule["field"]) == rule["value"]:
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
    """A price in dollars per unit; the first of the criteria that matches replaces it."""
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


def _quantity(unit: str, given: Mapping[str, Any], work: float, assets: int) -> float:
    """The number of units that are charged; 1 for units such as a prediction."""
    match unit:
        case "image":
            return assets
        case "image_megapixel" | "megapixel":
            return assets * _megapixels(given)
        case "second" | "video_second" | "audio_second":
            return _duration(given)
        case "5 seconds":
            return math.ceil(_duration(given) / 5)
        case "minute":
            return _duration(given) / 60
        case "computing_second" | "gpu":
            return work
        case "token" | "tokens":
            return _tokens(given)
        case "million_token":
            return _tokens(given) / 1_000_000
        case _:
            return 1


def _duration(given: Mapping[str, Any]) -> float:
    named = (given.get(name) for name in ("duration_seconds", "seconds", "duration"))
    value = next((value for value in named if isinstance(value, int | float) and value > 0), 5)
    return min(value, 3600)


def _megapixels(given: Mapping[str, Any]) -> float:
    width, height = _positive(given, "width"), _positive(given, "height")
    return width * height / 1_000_000 if width and height else 1.0


def _tokens(given: Mapping[str, Any]) -> int:
    return max(1, len(str(given)) // 4)


def _positive(given: Mapping[str, Any], name: str) -> int:
    value = given.get(name)
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


_EQUALS: Final = ("==", "equals")

_VENDORS: Final = {
    "skytells": "Skytells",
    "google": "Google",
    "openai": "OpenAI",
    "black-forest-labs": "Black Forest Labs",
}


def _property(kind: str, description: str, **more: object) -> JsonObject:
    return {"type": kind, "description": description, **more}


_PROMPT: Final = _property("string", "What to make.")
_IMAGE_INPUT: Final = {
    "prompt": _PROMPT,
    "aspect_ratio": _property("string", "The shape, such as 16:9.", default="1:1"),
    "width": _property("integer", "Width in pixels.", minimum=64, maximum=2048),
    "height": _property("integer", "Height in pixels.", minimum=64, maximum=2048),
    "num_outputs": _property("integer", "How many pictures.", default=1, minimum=1, maximum=8),
    "seed": _property("integer", "Same seed, same picture."),
}
_TRUEFUSION_INPUT: Final = {
    **_IMAGE_INPUT,
    "number_of_images": _property("integer", "How many pictures.", default=1, minimum=1, maximum=8),
    "prompt_optimizer": _property("boolean", "Let the model rewrite the prompt.", default=False),
}
_RESOLUTION: Final = _property("string", "The size.", default="1080p", enum=["720p", "1080p"])
_VIDEO_INPUT: Final = {
    "prompt": _PROMPT,
    "image": _property("string", "A picture to begin with.", format="uri"),
    "duration_seconds": _property("number", "Length in seconds.", default=5, minimum=3, maximum=30),
    "aspect_ratio": _property("string", "The shape.", default="16:9"),
    "seed": _property("integer", "Same seed, same film."),
}
_AUDIO_INPUT: Final = {
    "lyrics": _property("string", "What is sung, up to 3500 characters."),
    "prompt": _property("string", "The style, up to 2000 characters."),
    "sample_rate": _property("integer", "Samples per second.", default=44100),
    "bitrate": _property("integer", "Bits per second.", default=256000),
    "audio_format": _property("string", "The format.", default="mp3", enum=["mp3", "wav", "pcm"]),
}
_CHAT_INPUT: Final = {
    "prompt": _property("string", "What to answer."),
    "max_tokens": _property("integer", "Longest answer.", default=8192),
    "temperature": _property("number", "0 to 2.", default=0.7, minimum=0, maximum=2),
}


def _chat(
    slug: str, name: str, vendor: str, prompt: float, completion: float, context: int = 128_000
) -> Model:
    """A chat model; prices are in dollars per million tokens."""
    output = _when("token_type", "output", completion / 1e6, "token")
    return Model(
        slug, name, "text", vendor, 0.0, price(prompt / 1e6, "token", output), _CHAT_INPUT, (),
        ("text-to-text", "coding", "writing", "reasoning", "chat"), openai_compatible=True,
        context=context,
    )  # fmt: skip


def _embedding(slug: str, name: str, vendor: str, prompt: float, dimensions: int) -> Model:
    """An embedding model; the price is in dollars per million tokens."""
    return Model(
        slug, name, "text", vendor, 0.0, price(prompt / 1e6, "token"), {}, (),
        ("embeddings",), openai_compatible=True, dimensions=dimensions,
    )  # fmt: skip


_IMAGE: Final = ("text-to-image",)
_IMAGE_EDIT: Final = ("text-to-image", "image-to-image", "quality")
_VIDEO: Final = ("text-to-video", "image-to-video")
_WITH_AUDIO: Final = _when("generate_audio", True, 0.17, "second")
_WITHOUT_AUDIO: Final = _when("generate_audio", False, 0.13, "second")

MODELS: Final = (
    Model(
        "truefusion", "TrueFusion", "image", "skytells", 6.0,
        price(0.03, "image"), _TRUEFUSION_INPUT, ("prompt",), _IMAGE,
    ),
    Model(
        "truefusion-pro", "TrueFusion Pro", "image", "skytells", 8.0,
        price(0.05, "image"), _TRUEFUSION_INPUT, ("prompt",), _IMAGE,
    ),
    Model(
        "truefusion-ultra", "TrueFusion Ultra", "image", "skytells", 12.0,
        price(0.15, "image"), _TRUEFUSION_INPUT, ("prompt",), _IMAGE_EDIT,
    ),
    Model(
        "flux-pro", "FLUX Pro", "image", "black-forest-labs", 8.0,
        price(0.05, "image"), _IMAGE_INPUT, ("prompt",), _IMAGE,
    ),
    Model(
        "flux-edge", "FLUX Edge", "image", "black-forest-labs", 2.0,
        price(0.008, "computing_second"), _IMAGE_INPUT, ("prompt",), _IMAGE,
    ),
    Model(
        "FLUX.2-pro", "FLUX.2 Pro", "image", "black-forest-labs", 30.0,
        price(0.06, "image"), _IMAGE_INPUT, ("prompt",), _IMAGE_EDIT,
    ),
    Model(
        "truefusion-2", "TrueFusion 2.0", "image", "skytells", 10.0,
        price(
            0.1, "image",
            _when("resolution", "720p", 0.07, "image"), _when("resolution", "1080p", 0.1, "image"),
        ),
        {**_TRUEFUSION_INPUT, "resolution": _RESOLUTION}, ("prompt",), (*_IMAGE_EDIT, "reference"),
    ),
    Model(
        "flux-2-pro-legacy", "FLUX.2 Pro Legacy", "image", "black-forest-labs", 20.0,
        price(0.02, "image_megapixel", _when("resolution", "0.5 MP", 0.01, "image")),
        {**_IMAGE_INPUT, "resolution": _property("string", "The size in megapixels, such as 1 MP.")},
        ("prompt",), _IMAGE_EDIT,
    ),
    Model(
        "truefusion-video-pro", "TrueFusion Video Pro", "video", "skytells", 120.0,
        price(0.196, "second"), _VIDEO_INPUT, ("prompt",), _VIDEO,
    ),
    Model(
        "veo-3.1-fast", "Veo 3.1 Fast", "video", "google", 60.0,
        price(0.18, "second", _WITH_AUDIO, _WITHOUT_AUDIO),
        {**_VIDEO_INPUT, "generate_audio": _property("boolean", "With sound.", default=True)},
        ("prompt",), (*_VIDEO, "partner", "fast"),
    ),
    Model(
        "beatfusion-2.0", "BeatFusion 2.0", "audio", "skytells", 40.0,
        price(0.75, "prediction"), _AUDIO_INPUT, ("lyrics",), ("text-to-music",),
    ),
    Model(
        "local-text", "Local Text", "text", "skytells", 3.0,
        price(0.0000005, "token"), _CHAT_INPUT, ("prompt",), ("text-to-text",),
    ),
    _chat("deepbrain-router", "DeepBrain Router", "skytells", 0.3, 1.0),
    _chat("gpt-5", "GPT-5", "openai", 0.5, 1.25, 400_000),
    _chat("gpt-5.4", "GPT-5.4", "openai", 0.6, 1.5, 400_000),
    _chat("gpt-5-nano", "GPT-5 nano", "openai", 0.05, 0.4, 400_000),
    _chat("gpt-5.3-codex", "GPT-5.3 Codex", "openai", 0.5, 1.25, 400_000),
    _chat("skytells-3", "Skytells 3", "skytells", 0.4, 1.0),
    _embedding("skytells-embed-3-large", "Skytells Embed 3 Large", "skytells", 0.13, 3072),
    _embedding("skytells-embed-3-small", "Skytells Embed 3 Small", "skytells", 0.02, 1536),
    _embedding("text-embedding-3-small", "Text Embedding 3 Small", "openai", 0.02, 1536),
)  # fmt: skip
"""What `Platform` offers unless it is given other models."""
