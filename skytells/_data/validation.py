"""An input against a model's JSON Schema: all that is wrong with it at once, in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..errors import ApiErrorId, ConfigurationError, InvalidRequestError, InvalidResponseError
from .checks import as_list, clean, did_you_mean, is_mapping, shown
from .schema import URI_FORMATS, properties, resolved

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field: its path, as `images[0].url`, and what it must be."""

    field: str
    text: str


def check(schema: Mapping[str, Any], input: Mapping[str, Any], name: str) -> None:
    """Refuse an input that does not fit a model's schema.

    Args:
        schema: The model's `input_schema`.
        input: Plain JSON.
        name: What to call the model.

    Raises:
        InvalidRequestError: It does not fit; the message and `details` have every problem.
    """
    found = problems(schema, input, name)
    if not found:
        return
    texts = [problem.text for problem in found]
    told = f" {texts[0]}" if len(texts) == 1 else "".join(f"\n- {text}" for text in texts)
    raise InvalidRequestError(
        f"{name} does not take this input, and nothing was sent. Correct it first:{told}",
        ApiErrorId.INVALID_INPUT,
        [{"field": problem.field, "message": problem.text} for problem in found],
    )


def problems(schema: Mapping[str, Any], input: Mapping[str, Any], name: str) -> list[Problem]:
    """Everything that is wrong with an input, in the schema's order."""
    validator = _validator(_closed(schema), name)
    from referencing.exceptions import Unresolvable

    try:
        errors = list(validator.iter_errors(input))
    except (Unresolvable, LookupError, TypeError, ValueError, RecursionError, re.error) as error:
        raise _unusable(name, error) from None
    found = [problem for error in errors for problem in _problems(error, schema, name)]
    return list(dict.fromkeys(found))


def _validator(schema: dict[str, Any], name: str) -> Validator:
    try:
        from jsonschema import FormatChecker, SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing.jsonschema import EMPTY_REGISTRY
    except ImportError:
        raise ConfigurationError.of(
            "To check an input, the package jsonschema is needed. Install it with: "
            'pip install "skytells[validate]"'
        ) from None
    cls = validator_for(schema, default=Draft202012Validator)
    try:
        cls.check_schema(schema)
    except (SchemaError, RecursionError) as error:
        raise _unusable(name, error) from None
    formats = FormatChecker(formats=())
    for format in URI_FORMATS:
        formats.checks(format)(_is_uri)
    # An empty registry: a reference that leaves the schema is not fetched.
    return cls(schema, registry=EMPTY_REGISTRY, format_checker=formats)


def _unusable(name: str, error: Exception) -> InvalidResponseError:
    return InvalidResponseError(
        f"The schema of {name} cannot be used: {clean(str(error), 200)}. Run the model without "
        "validate=True, and tell support.",
        ApiErrorId.INVALID_RESPONSE,
        f"input_schema of {name}",
    )


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that takes no other names than it has, unless it says that it does.

    What a model does not know, it ignores: a misspelt parameter would be paid for in vain.
    """
    if "properties" not in schema or _OPEN & schema.keys():
        return dict(schema)
    return {"additionalProperties": False, **schema}


_OPEN: Final = frozenset(
    {"patternProperties", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "if", "$ref"}
)
_URI: Final = re.compile(r"(https?://|data:|[A-Za-z][A-Za-z0-9+.-]*:)\S*")


def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or _URI.fullmatch(value) is not None


def _problems(error: ValidationError, schema: Mapping[str, Any], name: str) -> Iterator[Problem]:
    path = _path(error.absolute_path)
    part, given = _keywords(error), error.instance
    if given is None and part.get("nullable") is True:
        return  # as OpenAPI spells it
    if error.validator == "required" and is_mapping(given):
        for missing in as_list(error.validator_value) or []:
            if missing not in given:
                yield Problem(_child(path, missing), f"{_child(path, missing)} is required.")
    elif error.validator == "additionalProperties" and is_mapping(given):
        known = properties(part) if path else properties(schema)
        for key in given:
            if key not in known:
                hint = did_you_mean(str(key), known) or f" It takes {', '.join(known)}."
                field = _child(path, str(key))
                yield Problem(field, f"{name} has no input {shown(field)}.{hint}")
    else:
        must, close = _must(error), _close(error)
        yield Problem(path, f"{path or 'The input'} must {must}; got {_shown(error)}.{close}")


def _must(error: ValidationError) -> str:
    """What a value must do: `be at most 8`."""
    limit: Any = error.validator_value
    match str(error.validator):
        case "type":
            return f"be of type {' or '.join(as_list(limit) or [str(limit)])}"
        case "enum":
            return f"be one of {', '.join(map(_json, as_list(limit) or []))}"
        case "const":
            return f"be {_json(limit)}"
        case "pattern":
            return f"match the pattern {limit}"
        case "format":
            return f"be {_FORMATS.get(str(limit), f'a valid {limit}')}"
        case "anyOf" | "oneOf" if error.context:
            return ", or ".join(dict.fromkeys(map(_must, error.context)))
        case keyword if keyword in _LIMITS:
            return _LIMITS[keyword].format(limit)
        case _:
            return f"fit its schema ({clean(error.message, 150)})"


_LIMITS: Final = {
    "minimum": "be at least {}",
    "maximum": "be at most {}",
    "exclusiveMinimum": "be more than {}",
    "exclusiveMaximum": "be less than {}",
    "multipleOf": "be a multiple of {}",
    "minLength": "have at least {} characters",
    "maxLength": "have at most {} characters",
    "minItems": "have at least {} items",
    "maxItems": "have at most {} items",
}
_FORMATS: Final[dict[str, str]] = dict.fromkeys(URI_FORMATS, "a URI, such as https://…, or a file")


def _close(error: ValidationError) -> str:
    """What was meant, where a choice was misspelt."""
    given: Any = error.instance
    if error.validator != "enum" or not isinstance(given, str):
        return ""
    choices = as_list(error.validator_value) or []
    return did_you_mean(given, [choice for choice in choices if isinstance(choice, str)])


def _shown(error: ValidationError) -> str:
    """The value that was given, bounded; of a secret, nothing."""
    given: Any = error.instance
    if _keywords(error).get("format") == "password":
        return "a value that is not shown"
    if str(error.validator) in {"minLength", "maxLength", "minItems", "maxItems"}:
        return f"{len(given)}"
    return clean(_json(given), 60)


def _keywords(error: ValidationError) -> dict[str, Any]:
    """The part of the schema that a value did not fit."""
    return resolved(error.schema, {})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _path(steps: Iterable[str | int]) -> str:
    path = ""
    for step in steps:
        path = f"{path}[{step}]" if isinstance(step, int) else _child(path, step)
    return path


def _child(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
