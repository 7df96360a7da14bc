"""Record: what the server sent, with two faces.

Attributes are typed Python; items are the wire JSON exactly as received. A record reads its typed
face when it is first touched, so that a page of fifty costs little until it is looked at.

Reading is lenient: a field that is null, absent or of an unexpected kind is `None` as an attribute
(and still there as an item); a field that nobody knew is an item only.
"""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, SupportsIndex, TypeVar, cast, overload

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, SchemaValidator, core_schema, to_jsonable_python

from .checks import is_list, is_mapping, is_object
from .reading import reader

T = TypeVar("T")

_new = object.__new__
_set = object.__setattr__

_PYDANTIC_STATE: Final = frozenset(
    {"__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"}
)

if TYPE_CHECKING:
    from .html import Markup

    class _Base(BaseModel, Mapping[str, Any]): ...  # type: ignore[misc]  # it iterates over keys
else:
    _Base = BaseModel  # and registered as a mapping: as a base, it would make each class dearer


class Record(_Base):
    """A response of the API: typed attributes, and the wire JSON by key.

    Example:
        >>> from skytells import PredictionResponse
        >>> p = PredictionResponse(id="p1", status="succeeded")
        >>> p.status, p["status"], p.output, "output" in p
        (<PredictionStatus.SUCCEEDED: 'succeeded'>, 'succeeded', None, False)
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="ignore",
        populate_by_name=True,
        protected_namespaces=(),
        defer_build=True,  # a validator is built when it is first used
        coerce_numbers_to_str=True,
        ser_json_inf_nan="constants",
    )
    # Beside pydantic's own state: the wire dict, shared and never copied; and what is known of the
    # record otherwise, as the id of a prediction whose cancelling was merely acknowledged.
    __slots__ = ("_known", "_wire")

    if TYPE_CHECKING:
        # Type checkers take what has no such value for arguments of the constructor.
        _wire: dict[str, Any] = PrivateAttr()
        _known: dict[str, Any] | None = PrivateAttr()
        # Pydantic would evaluate these for each record anew.
        _readable: ClassVar[frozenset[str]]
        _reader: ClassVar[SchemaValidator | None]

    _masked: ClassVar[frozenset[str]] = frozenset()
    """Names of fields that hold secrets, the same on both faces: they are had, and never shown."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls._readable = _PYDANTIC_STATE | cls.model_fields.keys()
        cls._reader = None

    @classmethod
    def from_wire(cls, wire: dict[str, Any], known: dict[str, Any] | None = None) -> Self:
        """A record over a dict that was received; the dict is kept, not copied.

        Args:
            wire: The JSON object.
            known: Fields that are known although the server did not send them.
        """
        record = _new(cls)
        _set(record, "_wire", wire)
        _set(record, "_known", known)
        return record

    def _load(self) -> None:
        """Read the typed face, if that has not been done."""
        if not self.__dict__:
            cls, wire, known = type(self), self._wire, self._known
            if cls._reader is None:
                cls._reader = reader(cls)
            given = wire
            if known is not None:
                # An id that is neither a text nor a number is none.
                missing = {k: v for k, v in known.items() if not isinstance(wire.get(k), str | int)}
                given = {**wire, **missing}
            values, _, present = cls._reader.validate_python(given)
            _set(self, "__pydantic_extra__", None)
            _set(self, "__pydantic_private__", None)
            _set(self, "__pydantic_fields_set__", present)
            _set(self, "__dict__", values)  # last: it is what tells other threads

    if not TYPE_CHECKING:
        # Only reached for what is not there yet: a field of a record that was not read, or
        # pydantic's own state of it.
        def __getattr__(self, name: str) -> Any:
            if name in self._readable and not self.__dict__:
                self._load()
                return object.__getattribute__(self, name)
            return super().__getattr__(name)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        # Here, since `model_serializer` is in a module that nothing else loads. It has no schema of
        # its own, so that the JSON schema of a record stays that of its fields.
        written = core_schema.wrap_serializer_function_ser_schema(cls._serialize)
        cast("dict[str, Any]", handler.resolve_ref_schema(schema))["serialization"] = written
        return schema

    @staticmethod
    def _serialize(record: object, handler: Callable[[Any], Any]) -> Any:
        # Of a union, older releases of pydantic hand in whatever it holds.
        if isinstance(record, Record):
            record._load()
        return handler(record)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_the_wire(cls, data: Any, handler: Callable[[Any], Self]) -> Self:
        if not is_object(data):
            return handler(data)
        record: Self = _read_leniently(handler, data)
        _set(record, "_wire", cls._as_wire(data))
        _set(record, "_known", None)
        return record

    @classmethod
    def _as_wire(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the server would have sent for a record that a user builds."""
        names = {name: f.alias or name for name, f in cls.model_fields.items()}
        return {names.get(key, key): _plain(value) for key, value in given.items()}

    def to_dict(self) -> dict[str, Any]:
        """The wire JSON as a deep, mutable copy."""
        return deepcopy(self._wire)

    def __getitem__(self, key: str) -> Any:
        return self._wire[key]

    def __contains__(self, key: object) -> bool:
        return key in self._wire

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]  # keys, as a mapping has
        return iter(self._wire)

    def __len__(self) -> int:
        return len(self._wire)

    def get(self, key: str, default: Any = None) -> Any:
        """The item, or `default` where the server sent none."""
        return self._wire.get(key, default)

    def keys(self) -> KeysView[str]:
        """Names of all that the server sent."""
        return self._wire.keys()

    def values(self) -> ValuesView[Any]:
        """All that the server sent."""
        return self._wire.values()

    def items(self) -> ItemsView[str, Any]:
        """Names and values of all that the server sent."""
        return self._wire.items()

    def copy(self) -> dict[str, Any]:  # type: ignore[override]  # pydantic's is deprecated
        """The items as a dict of your own, as a dict's `copy()` gives; `to_dict()` is a deep one."""
        return dict(self._wire)

    def __or__(self, other: object) -> dict[str, Any]:
        return {**self, **other} if is_mapping(other) else NotImplemented

    def __ror__(self, other: object) -> dict[str, Any]:
        return {**other, **self} if is_mapping(other) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Record):
            return self._wire == other._wire
        return self._wire == other if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as a dict's
    __reversed__ = None  # as a mapping's

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(self._read_only())

    def __delattr__(self, name: str) -> None:
        raise AttributeError(self._read_only())

    def __setitem__(self, key: str, value: object) -> None:
        raise TypeError(self._read_only())

    def __delitem__(self, key: str) -> None:
        raise TypeError(self._read_only())

    if not TYPE_CHECKING:  # type checkers refuse these by their absence

        def _refuse_change(self, *_: object, **__: object) -> None:
            raise TypeError(self._read_only())

        update = pop = popitem = setdefault = clear = __ior__ = _refuse_change

    def _read_only(self) -> str:
        return f"{type(self).__name__} is read-only; to_dict() gives a copy to change"

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        self._load()
        for name, value in self.__dict__.items():
            if value is not None:
                yield name, _mask(value) if name in self._masked else value

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, ...]]:
        return type(self).from_wire, (self._wire, self._known)

    def __copy__(self) -> Self:
        return type(self).from_wire(self._wire, self._known)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return type(self).from_wire(deepcopy(self._wire, memo), deepcopy(self._known, memo))

    def __str__(self) -> str:
        return repr(self)

    def shown(self) -> dict[str, Any]:
        """The items as they may be shown: secrets among them are masked."""
        return {n: _mask(v) if n in self._masked else v for n, v in self._wire.items()}

    def _repr_html_(self) -> str:
        from .display import framed

        return framed(self._html())

    def _html(self) -> "Markup":
        """What a notebook shows of it."""
        from .display import fields

        return fields(self.shown())

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with `update` (names of attributes) in both faces."""
        wire = deepcopy(self._wire) if deep else self._wire
        return type(self).from_wire({**wire, **self._as_wire(update or {})}, self._known)


if not TYPE_CHECKING:
    Mapping.register(Record)


class Rows(list[T]):
    """A list of records, which a notebook shows as a table, like each slice of it."""

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: SupportsIndex | slice) -> T | Self:
        if isinstance(index, slice):
            return type(self)(super().__getitem__(index))
        return super().__getitem__(index)

    def _repr_html_(self) -> str:
        from .display import framed

        return framed(self._html())

    def _html(self) -> "Markup":
        """What a notebook shows of them."""
        raise NotImplementedError


def _mask(secret: object) -> object:
    """What is shown of a secret; of an object that holds several, what they are called."""
    return dict.fromkeys(secret, "***") if is_object(secret) else secret and "***"


def _plain(value: object) -> Any:
    """A value as JSON; a record in it, however deep, as the dict that it is over."""
    if isinstance(value, Record):
        return value.to_dict()
    if is_list(value):
        return [_plain(item) for item in value]
    if is_object(value):
        return {str(key): _plain(item) for key, item in value.items()}
    return to_jsonable_python(value)


def _read_leniently(handler: Callable[[Any], Any], data: dict[str, Any]) -> Any:
    """Read a record; what cannot be read as its type is left out."""
    try:
        return handler(data)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors(include_url=False)}
        return handler({key: value for key, value in data.items() if key not in wrong})
