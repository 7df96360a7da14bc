"""Models: what the catalogue says of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field

from .._data.checks import is_array, known_keys, shown
from .._data.record import Record, Rows
from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from .._data.html import Markup
    from .costs import Estimate


class ModelPrivacy(StrEnum):
    """Who may use a model."""

    PUBLIC = "public"
    PRIVATE = "private"


class ModelType(StrEnum):
    """What a model makes."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    MUSIC = "music"
    TEXT = "text"
    CODE = "code"
    MULTIMODAL = "multimodal"


class PricingUnit(StrEnum):
    """What a price is for."""

    IMAGE = "image"
    VIDEO = "video"
    SECOND = "second"
    PREDICTION = "prediction"
    GPU = "gpu"
    IMAGE_MEGAPIXEL = "image_megapixel"
    COMPUTING_SECOND = "computing_second"
    AUDIO_SECOND = "audio_second"
    VIDEO_SECOND = "video_second"
    TOKEN = "token"
    FIVE_SECONDS = "5 seconds"
    MINUTE = "minute"


class PricingOperator(StrEnum):
    """How a pricing rule compares."""

    EQUALS = "equals"
    DOUBLE_EQUALS = "=="


class ModelVendor(Record):
    """Who makes a model."""

    name: str | None = None
    description: str | None = None
    image_url: str | None = None
    verified: bool | None = None
    slug: str | None = None
    metadata: dict[str, Any] | None = None


class PricingCriterion(Record):
    """A price for inputs in which `field` has `value`; the first that fits wins."""

    field: str | None = None
    description: str | None = None
    operator: Annotated[PricingOperator | str | None, Field(union_mode="left_to_right")] = None
    value: str | bool | float | None = None
    billable_price: float | None = None
    unit: Annotated[PricingUnit | str | None, Field(union_mode="left_to_right")] = None

    @property
    def price(self) -> str | None:
        """It in words, such as `"0.07 per image"`; `None` where there is none."""
        return _price(self.billable_price, None, self.unit)


class ModelPricing(Record):
    """What a model costs: `amount` of `currency` for each `unit`, unless a criterion fits."""

    amount: float | None = None
    currency: str | None = None
    unit: Annotated[PricingUnit | str | None, Field(union_mode="left_to_right")] = None
    criterias: list[PricingCriterion] | None = None
    formula: dict[str, Any] | None = None


class ModelService(Record):
    """How a model is served."""

    type: str | None = None
    inference_party: str | None = None


class ModelMetadata(Record):
    """Where and how a model runs."""

    edge_compatible: bool | None = None
    openai_compatible: bool | None = None
    """Whether it is a chat model, for the inference API rather than for predictions."""
    cold_boot: bool | None = None
    deployment_hardware: dict[str, Any] | None = None


class Model(Record):
    """A model of the catalogue.

    Example:
        >>> m = Model(name="FLUX Pro", namespace="flux-pro", type="image")
        >>> m.slug, m.type, m["type"]
        ('flux-pro', <ModelType.IMAGE: 'image'>, 'image')
    """

    name: str | None = None
    """Its name for people."""
    namespace: str | None = None
    """Its slug, by which `run()` knows it."""
    description: str | None = None
    type: Annotated[ModelType | str | None, Field(union_mode="left_to_right")] = None
    privacy: Annotated[ModelPrivacy | str | None, Field(union_mode="left_to_right")] = None
    img_url: str | None = None
    vendor: ModelVendor | str | None = None
    billable: bool | None = None
    pricing: ModelPricing | None = None
    capabilities: list[str] | None = None
    status: str | None = None
    service: ModelService | None = None
    metadata: ModelMetadata | None = None
    input_schema: dict[str, Any] | None = None
    """JSON Schema of the input; from `models.get()`, or with `fields=["input_schema"]`."""
    output_schema: dict[str, Any] | None = None
    """JSON Schema of the output; only with `fields=["output_schema"]`."""

    @property
    def slug(self) -> str | None:
        """What `run()` knows it by; the wire's `namespace`."""
        return self.namespace

    @property
    def price(self) -> str | None:
        """What it costs, in words: `"0.05 USD per image"`; `None` where the catalogue does not say.

        Inputs for which `pricing.criterias` has a rule have another price.
        """
        pricing = self.pricing
        if pricing is None:
            return None
        return _price(pricing.amount, pricing.currency, pricing.unit)

    @property
    def vendor_name(self) -> str | None:
        """Who makes it, in whichever form the server names them."""
        vendor = self.vendor
        return (vendor.name or vendor.slug) if isinstance(vendor, ModelVendor) else vendor

    @property
    def chats_only(self) -> bool:
        """Whether it answers the inference API alone, as in `client.chat`, and no predictions."""
        served = self.service.type if self.service is not None else None
        compatible = self.metadata is not None and self.metadata.openai_compatible is True
        return compatible and served != "prediction_serving"

    # In place of pydantic's of that name, which is deprecated.
    def validate(self, input: Mapping[str, Any]) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Check an input by the model's own schema, without sending anything.

        Needs the package jsonschema: `pip install "skytells[validate]"`.

        Args:
            input: The model's parameters, as `run()` takes them.

        Raises:
            InvalidRequestError: It does not fit. The message names every problem: the field, its
                limit, the nearest right name; `error.details` has them as a list of objects.

        Example:
            >>> model = client.models.get("flux-pro")
            >>> model.validate({"prompt": "A cat"})
            >>> model.validate({"promt": "A cat", "num_outputs": 9})
            Traceback (most recent call last):
            ...
            skytells.errors.InvalidRequestError: flux-pro does not take this input, and nothing was sent. Correct it first:
            - flux-pro has no input 'promt'. Did you mean 'prompt'?
            - prompt is required.
            - num_outputs must be at most 8; got 9.
        """
        from .._data.validation import check
        from .requests import plain_input

        name = self.slug or "The model"
        if self.input_schema is None:
            raise InvalidRequestError.of(
                f"There is no input_schema of {name} to check by; fetch the model with "
                "client.models.get(slug)."
            )
        check(self.input_schema, plain_input(input), name)

    def estimate(self, input: Mapping[str, Any]) -> Estimate:
        """What a prediction with this input is expected to cost.

        The rules of the model's price are applied in their order, the first that fits wins, and
        what the input leaves out has the default of the model's schema.

        Args:
            input: The model's parameters, as `run()` takes them.

        Returns:
            The amount and how it came about; an amount of `None`, and why, where the price hangs on
            what only the run will tell.

        Example:
            >>> estimate = client.models.get("veo-3.1-fast").estimate({"prompt": "A cat"})
            >>> estimate.amount, estimate.reason
            (Decimal('0.85'), '5 × second at 0.17, since generate_audio is True')
            >>> client.models.get("flux-edge").estimate({"prompt": "A cat"}).amount is None
            True
        """
        from .costs import estimate
        from .requests import plain_input

        return estimate(self, plain_input(input))

    def _html(self) -> Markup:
        from .._data.display import LONG, cut
        from .._data.html import tag, together

        slug, told = self.slug or "", (self.type, self.vendor_name, *(self.capabilities or ()))
        return together(
            tag("p", tag("strong", self.name or slug), " ", tag("code", slug)),
            tag("p", ", ".join(filter(None, told)), class_="soft"),
            tag("p", cut(self.description or "", LONG)),
            tag("div", _prices_html(self)),
        )


class ModelList(Rows[Model]):
    """A list of models, which a notebook shows as a table."""

    def _html(self) -> Markup:
        from .._data.display import table
        from .._data.html import tag

        rows = [
            (
                tag("code", m.slug or ""),
                m.name or "",
                m.type or "",
                m.vendor_name or "",
                _prices_html(m),
            )
            for m in self
        ]
        return table(("Slug", "Name", "Type", "Vendor", "Price"), rows)


def _prices_html(model: Model) -> Markup:
    """The price and, below it, those of the inputs that have one of their own."""
    from .._data.display import as_json
    from .._data.html import tag, together

    rules = (model.pricing.criterias if model.pricing else None) or ()
    special = [
        tag("div", f"{rule.price} where {rule.field} is {as_json(rule.value)}", class_="soft")
        for rule in rules
    ]
    return together(model.price or "", *special)


def _price(amount: float | None, currency: str | None, unit: str | None) -> str | None:
    if amount is None:
        return None
    if unit in {"token", "tokens"} and 0 < amount < 0.001:
        # As price lists have it: one token costs too little to be read.
        amount, unit = amount * 1e6, "million_tokens"
    number = f"{amount:.9f}".rstrip("0").rstrip(".")
    return " ".join(filter(None, (number, currency, unit and f"per {unit.replace('_', ' ')}")))


def field_names(given: object) -> list[str]:
    """Names of extra fields, checked."""
    if not given:
        return []
    if is_array(given) and all(isinstance(n, str) and n and "," not in n for n in given):
        return list(given)
    raise InvalidRequestError.of(f"fields must be a list of names, not {shown(given)}.")


@dataclass
class ModelFieldsOptions:
    """Which extra fields `models.list()` and `models.get()` ask for.

    Args:
        fields: `"input_schema"`, `"output_schema"`.
    """

    fields: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.fields = field_names(self.fields)

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Options from a dict; an unknown key is refused."""
        known_keys(d, ("fields",), "models' options")
        return cls(d.get("fields") or [])
