"""`skytells models`: the catalogue, and the schema of a model as help that one can read."""

import json
import math
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

import skytells

from .._data.checks import as_list, as_object
from .._data.schema import properties, required, takes_uri
from . import output
from .options import AsJson, BaseUrl, Slug, Timeout, connect

if TYPE_CHECKING:
    from ..types.models import Model

app: typer.Typer = typer.Typer(help="Look at the models and what each of them takes.")

_FIELDS: Final = ("input_schema", "output_schema")


def _types(incomplete: str) -> list[str]:
    return [kind for kind in skytells.ModelType if kind.startswith(incomplete)]


Type: TypeAlias = Annotated[
    str | None,
    typer.Option("--type", metavar="TYPE", help="Only these.", autocompletion=_types),
]


@app.command("list")
def list_(
    kind: Type = None,
    as_json: AsJson = False,
    timeout: Timeout = 60.0,
    base_url: BaseUrl = None,
) -> None:
    """List the models. --json prints one object on each line."""
    with connect(base_url, timeout) as client:
        models = [m for m in client.models.list() if kind is None or m.type == kind]
    if as_json:
        for model in models:
            output.document(model.to_dict(), one_line=True)
        return
    columns = ("SLUG", "NAME", "TYPE", "VENDOR", "PRICE")
    rows = [(m.slug, m.name, m.type, m.vendor_name, m.price) for m in models]
    output.table(columns, rows)


@app.command()
def get(
    slug: Slug, as_json: AsJson = False, timeout: Timeout = 60.0, base_url: BaseUrl = None
) -> None:
    """Show a model: its price and what it takes. --json includes both schemas."""
    with connect(base_url, timeout) as client:
        model = client.models.get(slug, fields=_FIELDS)
    if as_json:
        output.document(model.to_dict())
        return
    schema = model.input_schema or {}
    for line in _head(model):
        output.result(line)
    output.result("\nInput (* is required):")
    output.table(("NAME", "TYPE", "DEFAULT", "LIMITS", "DESCRIPTION"), parameters(schema))
    output.result(f"\nTry: {example(slug, schema)}")


def parameters(schema: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The properties of an input schema as rows of text, in the model's own order."""
    needed = required(schema)
    return [
        (
            f"{name}*" if name in needed else name,
            _type(part),
            json.dumps(part["default"], ensure_ascii=False) if "default" in part else "",
            _limits(part),
            str(part.get("description") or part.get("title") or ""),
        )
        for name, part in sorted(properties(schema).items(), key=lambda item: _order(item[1]))
    ]


def _order(part: Mapping[str, Any]) -> float:
    place = part.get("x-order")
    return place if isinstance(place, int | float) else math.inf


def _type(part: Mapping[str, Any]) -> str:
    choices = as_list(part.get("anyOf")) or as_list(part.get("oneOf"))
    if choices:
        return " or ".join(dict.fromkeys(_type(as_object(choice) or {}) for choice in choices))
    kind = part.get("type", "any")
    if kind == "array":
        items = as_object(part.get("items"))
        return f"array of {_type(items)}" if items else "array"
    return " or ".join(map(str, as_list(kind) or [kind]))


def _limits(part: Mapping[str, Any]) -> str:
    told: list[str] = []
    choices = as_list(part.get("enum"))
    if choices:
        told.append("one of " + ", ".join(map(str, choices)))
    for least, most, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        low, high = part.get(least), part.get(most)
        if low is not None and high is not None:
            told.append(f"{low} to {high}{unit}")
        elif low is not None or high is not None:
            told.append(
                f"at {'most' if low is None else 'least'} {high if low is None else low}{unit}"
            )
    if part.get("format"):
        told.append(str(part["format"]))
    return "; ".join(told)


def _head(model: "Model") -> list[str]:
    made = " by ".join(filter(None, (model.type, model.vendor_name)))
    lines = [f"{model.name} ({model.slug}), {made}", model.description or ""]
    lines.append(f"Price: {model.price or 'not given'}")
    rules = model.pricing.criterias if model.pricing else None
    lines.extend(
        f"  {rule.price} where {rule.field} is {json.dumps(rule.value)}" for rule in rules or ()
    )
    lines.append(f"Output: {_type(model.output_schema or {})}")
    return [line for line in lines if line]


def example(slug: str, schema: Mapping[str, Any]) -> str:
    """A command line that gives a model all that it requires."""
    parts = properties(schema)
    pairs = [
        f"-i {name}={'@FILE' if takes_uri(parts.get(name), schema, ()) else '…'}"
        for name in required(schema)
    ]
    return " ".join(["skytells run", shlex.quote(slug), *pairs])
